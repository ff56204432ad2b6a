import CAres
import CUV

/// Why a name led to no address.
public struct DNSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// As in `DialOutcome.Result.unresolved`: libuv's code (negative) for host names, c-ares' (positive) for TXT records.
    public let code: Int32

    public init(code: Int32) { self.code = code }

    /// The name exists but says nothing that helps.
    static let noData = DNSError(code: ARES_ENODATA)
    static let badName = DNSError(code: ARES_EBADNAME)
    static let cancelled = DNSError(code: UV_ECANCELED.rawValue)

    public var description: String {
        code < 0 ? String(cString: uv_strerror(code)) : String(cString: ares_strerror(code))
    }
}
