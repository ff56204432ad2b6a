import CAres

/// Why a name led to no address.
public struct DNSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// c-ares' code, as in `DialOutcome.Result.unresolved`.
    public let code: Int32

    public init(code: Int32) { self.code = code }

    /// The name exists but has no records that help.
    static let noData = DNSError(code: ARES_ENODATA)
    static let badName = DNSError(code: ARES_EBADNAME)
    static let timedOut = DNSError(code: ARES_ETIMEOUT)
    static let cancelled = DNSError(code: ARES_ECANCELLED)

    public var description: String { String(cString: ares_strerror(code)) }
}
