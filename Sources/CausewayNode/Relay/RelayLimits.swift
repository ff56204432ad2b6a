public import CausewayConnection

/// Bounds on what a relay gives away, with the reason for each. All are visible to the operator; defaults follow go-libp2p where the
/// specification (relay/circuit-v2.md) names none.
public struct RelayLimits: Equatable, Sendable {
    /// Reservations in all. One costs some 12 kB, its connection included.
    public var reservations = 128
    /// How long a reservation lasts unless it is refreshed.
    public var reservationTime = Interval.seconds(3600)
    /// Reservations from one IPv4 address or IPv6 /56: a household or an office shares one. Loopback is exempt.
    public var reservationsPerAddress = 8
    /// Reservations from one IPv6 /48, which a single customer may hold whole.
    public var reservationsPerNetwork = 64
    /// Circuits in all, those included that are about to be made. A slow reader on each side can make one hold two windows of 256 KiB: so
    /// many hold what all remotes together may (`NodeLimits.held`).
    public var circuits = 1024
    /// Circuits of one peer, as their source or their target (go: 16).
    public var circuitsPerPeer = 16
    /// Of one target's circuits, those of one source, or of all sources at one IPv4 address or IPv6 /56: a quarter, so that whoever holds
    /// his own leaves room for others. A /48, which a single customer may hold whole, has twice as many. Loopback is exempt as a place.
    public var circuitsPerSource = 4
    /// Of all circuits, those whose sources share one IPv4 address or IPv6 /56. A /48 has twice as many. Loopback is exempt.
    public var circuitsPerAddress = 128
    /// What one circuit may move and how long it may last. `.unlimited`: no limit, and none is told to the ends.
    public var circuit = CircuitLimit(bytes: 128 << 10, seconds: 120)
    /// Streams of the hop protocol that are being worked on, in all; each may hold 4 KiB of a message. Above it the oldest of the IPv4
    /// address or IPv6 /48 that has most goes.
    public var hopStreams = 4096
    /// The same on one connection. A page with many peers that is reloaded asks for dozens at once.
    public var hopStreamsPerConnection = 64
    /// From a hop stream's opening to its message, and from our answer to its end.
    public var hopTime = Interval.seconds(60)
    /// From asking the target to its answer (go: 30 s).
    public var stopTime = Interval.seconds(30)

    /// The defaults.
    public init() {}
}
