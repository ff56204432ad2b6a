import CausewayConnection
import CausewayIdentity
import CausewayNode

@testable import CausewaySimulation

/// A relay's places and circuits are those of the living: each circuit has one connection at its source and one at its target, each place
/// a holder with a direct connection, and what a peer believes to hold is held. Nothing is half done.
struct RelayChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        world.all.flatMap { _, node in
            node.node?.relayCounts == nil ? [] : circuits(of: node, in: world) + places(of: node, in: world)
        }
    }

    private func circuits(of relay: SimulatedNode, in world: DrawnWorld) -> [String] {
        guard let node = relay.node, let counts = node.relayCounts else { return [] }
        var faults: [String] = []
        let running = node.relayedCircuits(atMost: .max, now: world.simulation.now)
        let standing = running.map { world.pair($0.source, $0.target) }.sorted()
        if counts.circuits != running.count { faults.append("\(relay.name) counts \(counts.circuits) circuits of \(standing)") }
        for (end, isInbound) in [("sources", false), ("targets", true)] {
            let living = world.all.flatMap { ends(at: $0.node, over: relay, isInbound: isInbound, in: world) }.sorted()
            if living != standing { faults.append("\(relay.name) has circuits \(standing), their \(end) have \(living)") }
        }
        if counts.pendingCircuits > 0 { faults.append("\(relay.name) still asks for \(counts.pendingCircuits) circuits") }
        if counts.hopStreams > 0 { faults.append("\(relay.name) still works on \(counts.hopStreams) hop streams") }
        if let shell = relay.shell, shell.spliceCount != running.count {
            faults.append("\(relay.name) has \(shell.spliceCount) splices for \(standing)")
        }
        return faults
    }

    /// A node's connections that run over the relay.
    private func ends(at node: SimulatedNode, over relay: SimulatedNode, isInbound: Bool, in world: DrawnWorld) -> [String] {
        guard let state = node.node?.context else { return [] }
        return state.connections.order.compactMap { id in
            guard let link = state.connections[id], link.isInbound == isInbound, let carrier = link.carrier,
                state.connections[carrier]?.peer == relay.peerID
            else { return nil }
            return isInbound ? world.pair(link.peer, node.peerID) : world.pair(node.peerID, link.peer)
        }
    }

    private func places(of relay: SimulatedNode, in world: DrawnWorld) -> [String] {
        guard let node = relay.node, let counts = node.relayCounts else { return [] }
        var faults: [String] = []
        let places = node.relayPlaces(atMost: .max, now: world.simulation.now).map(\.peer)
        if counts.reservations != places.count { faults.append("\(relay.name) counts \(counts.reservations) of \(places.count) places") }
        for (_, peer) in world.all {
            let isHeld = places.contains(peer.peerID)
            let isConnected = relay.connections(to: peer).contains { !$0.remoteAddress.isCircuit }
            if isHeld, !isConnected { faults.append("\(relay.name) keeps a place for \(peer.name), which is not connected") }
            if peer.node?.reservations.contains(where: { $0.relay == relay.peerID }) ?? false, !isHeld {
                faults.append("\(peer.name) believes in a place that \(relay.name) does not have for it")
            }
        }
        return faults
    }
}

extension DrawnWorld {
    /// Two peers by their names.
    func pair(_ one: PeerID, _ other: PeerID) -> String { "\(name(of: one))-\(name(of: other))" }

    func name(of peer: PeerID) -> String { all.first { $0.node.peerID == peer }?.node.name ?? "\(peer)" }
}
