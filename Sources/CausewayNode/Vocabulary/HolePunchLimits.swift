public import CausewayConnection

/// Times and bounds of hole punching (relay/DCUtR.md).
public struct HolePunchLimits: Equatable, Sendable {
    /// Attempts before a hole punch has failed (specification: 3).
    public var attempts = 3
    /// One message (specification: 4 KiB).
    public var messageSize = 4096
    /// Addresses offered, and addresses of the remote that are dialled: a host has one or two in each family, and what one relay or
    /// another has seen of it.
    public var addresses = 8
    /// The time for an attempt's messages. Each side waits for one answer, through a relay.
    public var exchangeTime = Interval.seconds(10)
    /// How long the initiator dials in one attempt. A SYN that got lost is sent again after 1 s and after 3 s.
    public var attemptTime = Interval.seconds(4)
    /// How long the other side dials, unless the next attempt begins: go-libp2p's initiator dials for 5 s.
    public var answerTime = Interval.seconds(6)
    /// The pause before a dial is repeated that was refused, and how often that may be. A NAT or a host refuses what comes too early.
    public var redialPause = Interval.milliseconds(200)
    public var redials = 10
    /// Hole punches at the same time. Each may run two dials for each address.
    public var punches = 32
    /// Attempts that a remote may begin on one connection in a span of time: two rounds. Each makes this node dial addresses of the
    /// remote's choice.
    public var heardAttempts = 6
    public var heardSpan = Interval.seconds(60)

    public init() {}
}
