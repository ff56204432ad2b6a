/// What a message holds: the payload protocol identifier of its DATA chunks (RFC 8831, section 8). SCTP itself does not look at it.
public struct PayloadProtocol: Equatable, Sendable {
    public let raw: UInt32
    public init(_ raw: UInt32) { self.raw = raw }

    /// A message of the data channel establishment protocol (RFC 8832).
    public static let dcep = PayloadProtocol(50)
    public static let string = PayloadProtocol(51)
    public static let binary = PayloadProtocol(53)
    /// SCTP has no empty messages, so one byte that does not count stands for each.
    public static let emptyString = PayloadProtocol(56)
    public static let emptyBinary = PayloadProtocol(57)
}
