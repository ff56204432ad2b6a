import CausewayConnection
import CausewayNode
import CausewayRuntime

// What there is to see of a node at one moment.
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

    /// How much of what this node has to do with its peers takes the direct way.
    public var directShare: DirectShare {
        get async {
            let bytes = await shell.bytesByPath()
            let counts = await onNode { node, _ in node.pathCounts } ?? PathCounts()
            var share = DirectShare()
            share.directPeers = counts.direct
            share.relayedPeers = counts.relayed
            share.becameDirect = counts.becameDirect
            share.directBytes = bytes.direct
            share.relayedBytes = bytes.relayed
            return share
        }
    }

    /// The node's current state, with at most `limit` entries in each list. It is gathered on the node's own loop.
    public func report(atMost limit: Int = 256) async -> NodeReport {
        let moving = configuration.relayService == nil ? [:] : await shell.bytesInCircuits()
        let directShare = await directShare
        let (peerID, configuration, madeAt) = (peerID, configuration, madeAt)
        return await onNode { node, now in
            NodeReport(
                peerID: peerID, agent: configuration.agent, addresses: node.advertisedAddresses.map { $0.appending(peerID) },
                ownAddresses: Array(node.ownAddresses.prefix(limit)), directShare: directShare, uptime: now - madeAt,
                status: NodeStatus(node, moving: moving.values.reduce(0) { $0 + $1.sent + $1.returned }),
                relayService: configuration.relayService, connectionLimit: configuration.limits.connections, listLimit: limit,
                peers: NodeReport.peers(of: node, limit: limit, now: now),
                places: node.relayPlaces(atMost: limit, now: now),
                circuits: node.relayedCircuits(atMost: limit, now: now).map { circuit in
                    let moved = moving[circuit.id] ?? .init()
                    return .init(
                        id: circuit.id, source: circuit.source, target: circuit.target, sent: moved.sent, returned: moved.returned,
                        limit: circuit.limit, age: circuit.age)
                },
                topics: node.joinedTopics.prefix(limit).map { name in
                    .init(
                        name: String(decoding: name, as: UTF8.self), mesh: Array(node.mesh(name).prefix(limit)),
                        subscribers: Array(node.subscribers(name).prefix(limit)))
                })
        }
    }
}

extension NodeReport {
    /// One entry for each peer, in the order in which the peers connected.
    fileprivate static func peers(of node: CausewayNode.Node, limit: Int, now: Instant) -> [Peer] {
        var told: Set<PeerID> = []
        var peers: [Peer] = []
        for description in node.connectionDescriptions {
            guard peers.count < limit else { break }
            guard told.insert(description.peer).inserted else { continue }
            let best = node.bestConnection(to: description.peer, allowsLimited: true) ?? description
            peers.append(
                Peer(
                    connection: best, agent: node.description(of: best.peer)?.agent, connectedFor: now - best.openedAt,
                    reservedFor: node.relayPlace(of: best.peer, now: now)?.remaining))
        }
        return peers
    }
}

extension NodeStatus {
    /// `moving`: the bytes of the circuits that are still open, which the core does not see.
    fileprivate init(_ node: CausewayNode.Node, moving: UInt64) {
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
