import CausewayNode
import CausewayRuntime

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

extension Node {
    /// The node's current counts.
    public var status: NodeStatus {
        get async {
            let moving = configuration.relayService == nil ? [:] : await shell.bytesInCircuits()
            return await onNode { node, _ in
                NodeStatus(node, moving: moving.values.reduce(0) { $0 + $1.sent + $1.returned })
            }
        }
    }
}

extension NodeStatus {
    /// `moving`: the bytes of the circuits that are still open, which the core does not see.
    init(_ node: CausewayNode.Node, moving: UInt64) {
        let descriptions = node.connectionDescriptions
        connections = descriptions.count
        connectionsRefused = node.connectionsRefused
        peers = Set(descriptions.map(\.peer)).count
        guard let counts = node.relayCounts else { return }
        reservations = counts.reservations
        circuits = counts.circuits
        relayedBytes = counts.bytesMoved + moving
        reservationsMade = counts.reservationsMade
        reservationsRefused = counts.reservationsRefused
        circuitsOpened = counts.circuitsOpened
        circuitsRefused = counts.circuitsRefused
    }
}
