import CausewayTLS
import Synchronization

/// The authorities that the system trusts. They are read once, because they have hundreds of kB.
enum SystemTrust {
    private static let shared = Mutex<TLSClientContext?>(nil)

    static func context() throws(TLSError) -> TLSClientContext {
        if let known = shared.withLock({ $0 }) { return known }
        let fresh = try TLSClientContext()
        shared.withLock { $0 = fresh }
        return fresh
    }
}
