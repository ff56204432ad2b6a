import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

/// Both ends of a pair know the same connections, and each has one that new streams take if there are any.
struct ConnectionChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        var faults: [String] = []
        for (number, one) in world.all {
            for (next, other) in world.all where next > number {
                let there = kinds(one.connections(to: other), mirrored: false)
                let back = kinds(other.connections(to: one), mirrored: true)
                if there != back { faults.append("\(one.name) has \(there) to \(other.name), which has \(back) to it") }
                guard !there.isEmpty, let far = other.node?.bestConnection(to: one.peerID, allowsLimited: true),
                    let near = one.node?.bestConnection(to: other.peerID, allowsLimited: true)
                else { continue }
                let kind = kinds([near], mirrored: false)
                if kind != kinds([far], mirrored: true) {
                    faults.append("\(one.name) and \(other.name) use different connections: \(kind)")
                }
            }
        }
        return faults
    }

    /// What both ends can tell of each, in one order.
    private func kinds(_ connections: [ConnectionDescription], mirrored: Bool) -> [String] {
        connections.map { connection in
            let path = connection.remoteAddress.isCircuit ? connection.limit == nil ? "relayed" : "limited" : "direct"
            return "\(path) \(connection.isInbound == mirrored ? "forth" : "back")"
        }.sorted()
    }
}
