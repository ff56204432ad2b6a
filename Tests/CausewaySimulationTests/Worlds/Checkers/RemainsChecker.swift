import CausewayConnection

@testable import CausewayNode
@testable import CausewaySimulation

/// When all have hung up, nobody keeps anything for anybody but what is known of peers.
struct RemainsChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        world.all.flatMap { _, node in remains(of: node).map { "\(node.name) still has \($0)" } }
    }

    private func remains(of simulated: SimulatedNode) -> [String] {
        guard let shell = simulated.shell else { return ["no life"] }
        let node = shell.node
        let all =
            tables(of: node) + parts(of: node) + [
                ("links", shell.links.count), ("splices", shell.spliceCount), ("connections of its host", simulated.host.links.count),
            ]
        return all.filter { $0.1 != 0 }.map { "\($0.0): \($0.1)" }
    }

    private func tables(of node: Node) -> [(String, Int)] {
        let state = node.state
        return [
            ("connections", state.connections.order.count), ("streams of the node's", state.owners.count),
            ("links to come", state.expectedLinks.count), ("spared peers", state.spared.count), ("dials", node.dialer.order.count),
            ("dialled links", node.dialer.byLink.count),
        ]
    }

    private func parts(of node: Node) -> [(String, Int)] {
        var all: [(String, Int)] = []
        if let admission = node.parts.admission { all += [("places", admission.placeCount), ("newcomers", admission.pendingCount)] }
        if let ledger = node.parts.ledger as? Ledger { all.append(("held bytes", ledger.total)) }
        if let gossip = node.parts.gossip {
            all += [
                ("neighbours", gossip.peers.count), ("bytes of RPCs", gossip.heldBytes), ("gossip streams", gossip.peersByStream.count),
            ]
        }
        if let client = node.parts.relayClient {
            all += [("relay's streams", client.streams.count), ("asked circuits", client.circuitStreams.count)]
            all += [("stop streams", client.stopStreams), ("relays", client.order.count)]
        }
        if let relay = node.parts.relay as? HopServer {
            let counts = relay.counts
            all += [("reservations", counts.reservations), ("circuits", counts.circuits), ("asked targets", counts.pendingCircuits)]
            all += [("hop streams", counts.hopStreams), ("shares of circuits", relay.shares.isEmpty ? 0 : 1)]
        }
        return all
    }
}
