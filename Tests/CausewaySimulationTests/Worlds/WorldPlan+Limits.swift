import CausewayConnection
import CausewayNode

extension WorldPlan {
    var nodeLimits: NodeLimits {
        var limits = NodeLimits()
        guard isTight else { return limits }
        limits.connectionsPerPeer = 2
        limits.dials = 4
        limits.dialsPerPeer = 2
        limits.pendingConnections = 2
        limits.connection.inboundStreams = 12
        return limits
    }

    func relayLimits(circuit: CircuitLimit) -> RelayLimits {
        var limits = RelayLimits()
        limits.circuit = circuit
        guard isTight else { return limits }
        limits.reservations = 3
        limits.circuits = 3
        limits.circuitsPerPeer = 2
        limits.circuitsPerSource = 1
        limits.hopStreams = 3
        limits.hopStreamsPerConnection = 2
        return limits
    }
}
