import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

/// Where no stream of an application's lives any more, one connection is left of several of one kind, and no relayed one beside a direct
/// one (`PathReview`).
struct PathChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        world.all.flatMap { _, one in
            world.all.compactMap { _, other in fault(of: one, other) }
        }
    }

    private func fault(of one: SimulatedNode, _ other: SimulatedNode) -> String? {
        guard one !== other, let node = one.node else { return nil }
        let links = one.connections(to: other).compactMap { node.state.connections[$0.link] }
        // What carries a circuit stays: closing it would end somebody's connection.
        let carriers = node.connectionDescriptions.compactMap { node.state.connections[$0.link]?.carrier }
        let idle = links.filter { !carriers.contains($0.id) }
        for relayed in [false, true] {
            for limited in [false, true] {
                let count = links.count { $0.isRelayed == relayed && $0.isLimited == limited }
                let spare = idle.count { $0.isRelayed == relayed && $0.isLimited == limited }
                if count > 1, spare > 0 {
                    let kind = "\(relayed ? "relayed" : "direct")\(limited ? ", limited" : "")"
                    return "\(one.name) keeps \(count) connections to \(other.name): \(kind)"
                }
            }
        }
        let isDirect = links.contains { !$0.isRelayed }
        return isDirect && links.contains { $0.isRelayed }
            ? "\(one.name) keeps a relayed connection to \(other.name) beside a direct one" : nil
    }
}
