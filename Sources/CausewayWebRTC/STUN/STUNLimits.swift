public import CausewayIdentity

/// Bounds on what strangers can make a STUN server do and keep, with the reason for each.
public struct STUNLimits: Equatable, Sendable {
    /// Bytes of a message. RFC 8489 (section 6.1) wants none longer than the path's MTU; that of Ethernet has 1,500.
    public static let messageSize = 1500
    /// Attributes that an error response names as unknown. A sender corrects its mistake by the first; they fit into a small response.
    public static let reportedAttributes = 8

    /// Plain binding requests answered at once and then in each second, all together. An answer costs about a microsecond and 70 bytes on
    /// the wire, so a flood gets 140 kB/s out of a node.
    public var burst = 1000
    public var perSecond = 2000
    /// The same for one place (IPv4 address, IPv6 /56): a household whose peers all start at once asks two servers from a few sockets.
    public var burstPerPlace = 16
    public var perSecondPerPlace = 4
    /// Places remembered, twice: the present ones and those before. Each costs about 150 bytes.
    public var places = 4096
    /// The time until a request is sent again for the first time, and how often it is sent (RFC 8489, section 6.2.1). Then `finalWait`
    /// times the first interval passes until there is no answer.
    public var retransmissionTimeout = Interval.milliseconds(500)
    public var requests = 7
    public var finalWait: UInt64 = 16

    public init() {}
}
