/// A node's counts, as they stand.
public struct NodeStatus: Sendable, Equatable {
    public var peers = 0
    public var connections = 0
    /// Connections that were turned away by a limit, since the start.
    public var connectionsRefused: UInt64 = 0
    /// As relay: reservations and circuits now, and all bytes that circuits have moved, those that stand included.
    public var reservations = 0
    public var circuits = 0
    public var relayedBytes: UInt64 = 0
    /// As relay, since the start: reservations made and refused, circuits opened and refused.
    public var reservationsMade: UInt64 = 0
    public var reservationsRefused: UInt64 = 0
    public var circuitsOpened: UInt64 = 0
    public var circuitsRefused: UInt64 = 0
}
