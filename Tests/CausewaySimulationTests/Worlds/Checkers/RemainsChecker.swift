import CausewayConnection

@testable import CausewayNode
@testable import CausewaySimulation

/// When all have hung up, nobody keeps anything for anybody but what is known of peers.
struct RemainsChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        world.all.flatMap { _, node in remains(of: node).map { "\(node.name) still has \($0)" } }
    }

    func remains(of simulated: SimulatedNode) -> [String] {
        guard let shell = simulated.shell else { return ["no life"] }
        let node = shell.node
        let all =
            tables(of: node) + parts(of: node) + [
                ("links", shell.links.count), ("splices", shell.spliceCount), ("connections of its host", simulated.host.links.count),
                ("UDP ports of dials", shell.ports.count - (simulated.webRTCPort == nil ? 0 : 1)),
                ("associations", shell.ports.compactMap { $0 as? SimulatedDatagramPort }.map(\.counts.associations).reduce(0, +)),
            ]
        return all.filter { $0.1 != 0 }.map { "\($0.0): \($0.1)" }
    }

    private func tables(of node: Node) -> [(String, Int)] {
        let context = node.context
        return [
            ("connections", context.connections.order.count), ("streams of the node's", context.owners.count),
            ("links to come", context.expectedLinks.count), ("protected peers", context.connections.protectedCount),
            ("dials", node.services.dialer.order.count),
            ("dialled links", node.services.dialer.byLink.count),
        ]
    }

    private func parts(of node: Node) -> [(String, Int)] {
        var all: [(String, Int)] = []
        if let admission = node.services.admission { all += [("places", admission.placeCount), ("newcomers", admission.pendingCount)] }
        for case let ledger as Ledger in node.services.protocols { all.append(("held bytes", ledger.total)) }
        if let gossip = node.services.gossip {
            all += [
                ("neighbours", gossip.peers.count), ("bytes of RPCs", gossip.heldBytes), ("gossip streams", gossip.peersByStream.count),
            ]
        }
        if let client = node.services.relayClient {
            all += [("relay's streams", client.streams.count), ("asked circuits", client.circuitStreams.count)]
            all += [("stop streams", client.stopStreams), ("relays", client.order.count)]
        }
        if let relay = node.services.relay as? RelayServer {
            let counts = relay.counts
            all += [("reservations", counts.reservations), ("circuits", counts.circuits), ("asked targets", counts.pendingCircuits)]
            all += [("hop streams", counts.hopStreams), ("shares of circuits", relay.shares.isEmpty ? 0 : 1)]
        }
        return all
    }
}
