/// A node's current counts.
public struct NodeStatus: Sendable, Equatable {
    public var peers = 0
    public var connections = 0
    /// The connections that the node refused because of a limit, since the start.
    public var connectionsRefused: UInt64 = 0
    /// On a relay: the current reservations and circuits, and the bytes of all circuits, past and present.
    public var reservations = 0
    public var circuits = 0
    public var relayedBytes: UInt64 = 0
    /// On a relay, since the start: reservations made and refused, circuits opened and refused.
    public var reservationsMade: UInt64 = 0
    public var reservationsRefused: UInt64 = 0
    public var circuitsOpened: UInt64 = 0
    public var circuitsRefused: UInt64 = 0
}
