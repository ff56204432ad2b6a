/// What an association is made with.
public struct AssociationSettings: Sendable {
    public var limits = SCTPLimits()
    /// Whether packets without a checksum are accepted and, if the remote accepts them, sent (RFC 9653). DTLS protects them better.
    public var zeroChecksum = true
    public var congestionControl = CongestionControlKind.cubic
    /// The ports of `a=sctp-port`, this side's and the remote's.
    public var ports: (local: UInt16, remote: UInt16) = (PacketHeader.port, PacketHeader.port)

    public init() {}
}
