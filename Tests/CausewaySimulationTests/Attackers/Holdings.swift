@testable import CausewayConnection
@testable import CausewayNode
@testable import CausewaySimulation

/// What a node holds on behalf of others at one moment, beside the bound that its limits document for it.
struct Holdings: CustomStringConvertible {
    struct Holding {
        let name: String
        var amount: Int
        let bound: Int
        /// Some of it may outlive those on whose behalf it is held.
        let isLasting: Bool
    }

    private(set) var all: [Holding] = []

    init() {}

    init(of simulated: SimulatedNode) {
        guard let shell = simulated.shell else { return }
        let node = shell.node
        let links = shell.links.links
        addTables(of: node)
        addBytes(of: links, limits: node.context.limits)
        addLargest(of: links, limits: node.context.limits.connection)
        if let gossip = node.services.gossip { addParts(of: gossip, connections: node.context.limits.connections) }
        if let relay = node.services.relay as? RelayServer { addParts(of: relay) }
    }

    private mutating func add(_ name: String, _ amount: Int, atMost bound: Int, isLasting: Bool = false) {
        all.append(Holding(name: name, amount: amount, bound: bound, isLasting: isLasting))
    }

    private mutating func addTables(of node: Node) {
        let limits = node.context.limits
        add("connections", node.context.connections.count, atMost: limits.connections)
        add("connections without a proven peer", node.services.admission?.pendingCount ?? 0, atMost: limits.pendingConnections)
        add("known peers", node.context.peers.count, atMost: limits.storedPeers + limits.connections, isLasting: true)
        let streams = limits.connection.inboundStreams + limits.connection.unacknowledgedStreams
        add("streams of the node's", node.context.owners.count, atMost: limits.connections * streams)
    }

    /// What the ledger counts, by the connections themselves: each may hold a little more than the ledger was told. Credit goes back in
    /// steps, so a little of it lasts.
    private mutating func addBytes(of links: [Link], limits: NodeLimits) {
        let largest = limits.connection.held + LineConditions().largestRead
        add("bytes of one connection", links.map(\.held).max() ?? 0, atMost: largest, isLasting: true)
        let sum = limits.held + links.count * Link.heldStep
        add("bytes of all connections", links.map(\.held).reduce(0, +), atMost: sum, isLasting: true)
    }

    /// The connection that holds most of each.
    private mutating func addLargest(of links: [Link], limits: ConnectionLimits) {
        let connections = links.compactMap { $0.multiplexer.carrier as? Connection }
        func most(_ amount: (Connection) -> Int) -> Int { connections.map(amount).max() ?? 0 }
        add(
            "streams of one connection", links.map { $0.multiplexer.streams.count }.max() ?? 0,
            atMost: limits.inboundStreams + limits.unacknowledgedStreams)
        let wire = limits.wireHighWater + limits.framePayload + 128 * limits.pendingControlFrames + 64
        add("bytes on one wire", most { $0.wire.count }, atMost: wire)
        add("bytes of one unfinished frame", most { $0.stashed }, atMost: 1 << 16 + 2)
        add("growth of one connection's windows", most { $0.windowGrowth }, atMost: limits.windowsPerConnection)
    }

    private mutating func addParts(of gossip: GossipSub, connections: Int) {
        let limits = gossip.configuration.limits
        add("bytes of unfinished RPCs", gossip.heldBytes, atMost: limits.heldBytes)
        add("neighbours", gossip.peers.count, atMost: connections)
        add("topics of one neighbour", gossip.peers.map(\.topicCount).max() ?? 0, atMost: limits.subscriptions)
    }

    private mutating func addParts(of relay: RelayServer) {
        let counts = relay.counts
        add("hop streams", counts.hopStreams, atMost: relay.limits.hopStreams)
        add("reservations", counts.reservations, atMost: relay.limits.reservations)
        add("circuits", counts.circuits + counts.pendingCircuits, atMost: relay.limits.circuits)
    }

    // MARK: Comparing

    mutating func raise(to other: Holdings) {
        if all.isEmpty { all = other.all }
        for index in all.indices { all[index].amount = max(all[index].amount, other.all[index].amount) }
    }

    /// Those that pass their bounds.
    var excess: [String] { all.filter { $0.amount > $0.bound }.map { "\($0.name): \($0.amount) (at most \($0.bound))" } }

    /// Those that should not last and of which there is more than in `other`.
    func excess(over other: Holdings) -> [String] {
        zip(all, other.all).filter { !$0.isLasting && $0.amount > $1.amount }.map {
            "\($0.name): \($0.amount), without attackers \($1.amount)"
        }
    }

    var description: String { all.map { "\($0.name) \($0.amount)" }.joined(separator: ", ") }
}
