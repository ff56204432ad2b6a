import CausewayTLS
import Synchronization

/// The authorities that the system trusts: read once, hundreds of kB of them.
enum SystemTrust {
    private static let shared = Mutex<TLSClientContext?>(nil)

    static func context() throws(TLSError) -> TLSClientContext {
        if let known = shared.withLock({ $0 }) { return known }
        let fresh = try TLSClientContext()
        shared.withLock { $0 = fresh }
        return fresh
    }
}
