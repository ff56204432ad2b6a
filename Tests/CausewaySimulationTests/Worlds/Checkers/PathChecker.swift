import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

/// Where no stream of an application's lives any more, one connection is left of several of one kind, and no relayed one beside a direct
/// one (`ConnectionTrimmer`). What carries a circuit stays: closing it would end somebody's connection.
struct PathChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        world.all.flatMap { number, one in
            world.all.compactMap { next, other in next > number ? fault(of: one, other) : nil }
        }
    }

    private func fault(of one: SimulatedNode, _ other: SimulatedNode) -> String? {
        guard let node = one.node, let best = node.context.connections.best(for: other.peerID, allowsLimited: true) else { return nil }
        let links = one.connections(to: other).compactMap { node.context.connections[$0.id] }
        let superseded = links.filter {
            $0.id != best.id && ($0.isRelayed == best.isRelayed ? $0.isLimited == best.isLimited : $0.isRelayed)
        }
        guard superseded.count > carriers(at: one, to: other) + carriers(at: other, to: one) else { return nil }
        return "\(one.name) and \(other.name) keep \(superseded.count) connections that another has replaced"
    }

    /// Connections to the other that carry circuits, but for the one that stays in any case.
    private func carriers(at one: SimulatedNode, to other: SimulatedNode) -> Int {
        guard let node = one.node else { return 0 }
        let best = node.bestLink(for: other.peerID, allowsLimited: true)
        let carriers = Set(node.connectionDescriptions.compactMap { node.context.connections[$0.id]?.carrier })
        return one.connections(to: other).count { $0.id != best && carriers.contains($0.id) }
    }
}
