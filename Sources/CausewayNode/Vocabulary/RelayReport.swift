public import CausewayConnection
public import CausewayIdentity

/// A reservation that a relay has given, as it stands.
public struct RelayPlace: Equatable, Sendable {
    public let peer: PeerID
    /// Until it ends, unless it is refreshed.
    public let remaining: Interval
}

/// A circuit that runs through a relay, as it stands.
public struct RelayedCircuit: Equatable, Sendable {
    /// Its number, as in `NodeOutput.splice`.
    public let id: UInt32
    public let source: PeerID
    public let target: PeerID
    public let limit: CircuitLimit
    /// Since its target accepted.
    public let age: Interval
}
