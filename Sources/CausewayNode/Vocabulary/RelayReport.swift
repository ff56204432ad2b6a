public import CausewayConnection
public import CausewayIdentity

/// A reservation that a relay has granted, at this moment.
public struct ReservationSlot: Equatable, Sendable {
    public let peer: PeerID
    /// The time until it ends, unless it is refreshed.
    public let remaining: Interval
}

/// A circuit through a relay, at this moment.
public struct RelayedCircuit: Equatable, Sendable {
    /// Its number, as in `NodeOutput.splice`.
    public let id: UInt32
    public let source: PeerID
    public let target: PeerID
    public let limit: CircuitLimit
    /// The time since its target accepted.
    public let age: Interval
}
