public import CausewayIdentity

/// Times and bounds of discovery in a local network, with the reason for each. Everybody in the network can send anything under any name
/// and address.
public struct MulticastDiscoveryLimits: Sendable {
    /// Questions and records in one message: a peer with 32 addresses, each in a record of its own, and an answer's other parts.
    public var records = 64
    /// Addresses taken of one peer in one message, and told of this node: what fits into one frame of an Ethernet.
    public var addresses = 16
    public var ownAddresses = 8
    /// The interface's own addresses that an answer names as this machine's: one of IPv4 and some of IPv6.
    public var hostAddresses = 4
    /// Peers that were found lately and are not reported again unless their addresses change. The one found first is forgotten first.
    public var peers = 256
    /// Reports in a second, of all peers and of those that one sender names, and how many at once. A room full of peers answers in the
    /// same second.
    public var reports = (perSecond: 8, atOnce: 64)
    public var reportsPerSender = (perSecond: 2, atOnce: 16)
    /// Messages that are read in a second, of all senders and of one, and how many at once. Others on the network find many other things by
    /// multicast DNS, too.
    public var messages = (perSecond: 512, atOnce: 1024)
    public var messagesPerSender = (perSecond: 64, atOnce: 256)
    /// Senders that are told apart. Past this number all are forgotten.
    public var senders = 256
    /// The bytes of our answer, so that it fits into one frame of an Ethernet.
    public var answerSize = 1400
    /// For how long others may remember this node, in seconds, and after which time a peer is reported again.
    public var lifetime: UInt32 = 120
    /// The time between the first two questions. It doubles until the last one (RFC 6762, section 5.2; go-libp2p's are the same).
    public var firstInterval = Interval.seconds(1)
    public var longestInterval = Interval.seconds(60)
    /// The time after this node's last question in which another one's causes none.
    public var questionGap = Interval.seconds(2)
    /// An answer that several may give waits for a random time, so that they do not give it at once; and what was just told to all is not
    /// told again (RFC 6762, section 6).
    public var shortestDelay = Interval.milliseconds(20)
    public var longestDelay = Interval.milliseconds(120)
    public var answerGap = Interval.seconds(1)

    public init() {}
}
