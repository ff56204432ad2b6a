public import CausewayConnection

/// Bounds on what a relay gives away, with the reason for each. Where the specification (relay/circuit-v2.md) names no
/// default, they follow go-libp2p, or go's value is given.
public struct RelayLimits: Equatable, Sendable {
    /// Reservations in total. One costs some 12 kB, including its connection.
    public var reservations = 512
    /// How long a reservation lasts unless it is refreshed.
    public var reservationTime = Interval.seconds(3600)
    /// Reservations from one IPv4 address or IPv6 /56: a classroom or an office shares one, and every tab of a browser is a peer. Sixteen
    /// such places fill the relay (go gives one address 8 of 128). Loopback does not count.
    public var reservationsPerAddress = 32
    /// Reservations from one IPv6 /48. A single customer may hold all of it.
    public var reservationsPerNetwork = 128
    /// Circuits in all, those included that are about to be made. A slow reader on each side can make one hold two windows of 256 KiB: so
    /// many hold what all remotes together may (`NodeLimits.held`).
    public var circuits = 1024
    /// Circuits of one peer, as source or target (go: 16).
    public var circuitsPerPeer = 16
    /// Circuits to one target from one source, or from all sources at one IPv4 address or IPv6 /56: a quarter of the target's, so that one
    /// that holds its share leaves room for others. A /48, which a single customer may hold as a whole, gets twice as many. Loopback does
    /// not count as a place.
    public var circuitsPerSource = 4
    /// Circuits whose sources share one IPv4 address or IPv6 /56. A /48 gets twice as many. Loopback does not count.
    public var circuitsPerAddress = 128
    /// How many bytes one circuit may move in each direction, and how long it may last. `.unlimited`: no limit, and none is advertised.
    public var circuit = CircuitLimit(bytes: 128 << 10, seconds: 120)
    /// Streams of the hop protocol in progress, in total. Each may hold 4 KiB of a message. Above this, the oldest of the IPv4 address or
    /// IPv6 /48 with the most goes.
    public var hopStreams = 4096
    /// The same on one connection. A page with many peers that is reloaded makes dozens of requests at the same time.
    public var hopStreamsPerConnection = 64
    /// The time from a hop stream's opening to its message, and from our answer to its end.
    public var hopTime = Interval.seconds(60)
    /// The time from asking the target to its answer (go: 30 s).
    public var stopTime = Interval.seconds(30)

    /// The defaults.
    public init() {}
}
