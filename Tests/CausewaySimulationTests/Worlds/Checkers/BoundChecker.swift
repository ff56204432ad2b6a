import CausewayConnection

@testable import CausewayNode
@testable import CausewaySimulation

/// No table of anybody's is above its limit.
struct BoundChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        world.all.flatMap { _, node in
            (Holdings(of: node).excess + tables(of: node)).map { "\(node.name) has \($0)" }
        }
    }

    private func tables(of simulated: SimulatedNode) -> [String] {
        guard let node = simulated.node else { return [] }
        let limits = node.context.limits
        var faults: [String] = []
        func look(_ what: String, _ count: Int, atMost bound: Int) {
            if count > bound { faults.append("\(what): \(count) (at most \(bound))") }
        }
        look("dials", node.services.dialer.byLink.count, atMost: limits.dials)
        for dial in node.services.dialer.order { look("dials of one peer", dial.active, atMost: limits.dialsPerPeer) }
        let peers = Set(node.connectionDescriptions.map(\.peer))
        look(
            "connections of one peer", peers.map { node.context.connections.links(of: $0).count }.max() ?? 0,
            atMost: limits.connectionsPerPeer)
        if let client = node.services.relayClient { look("stop streams", client.stopStreams, atMost: client.limits.stopStreams) }
        return faults
    }
}
