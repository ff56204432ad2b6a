import CausewayConnection
import CausewayNode
import CausewayRuntime

/// A node's state at one moment, for status pages and logs.
public struct NodeReport: Sendable {
    /// A connected peer.
    public struct Peer: Sendable, Equatable {
        /// The connection that new streams use.
        public let connection: Connection
        /// The peer's software, according to identify. nil: identify has not succeeded yet.
        public let agent: String?
        /// How long that connection has been open.
        public let connectedFor: Interval
        /// On a relay: the remaining time of the peer's reservation. nil: it has none.
        public let reservedFor: Interval?
    }

    /// A reservation that this relay has granted.
    public struct Place: Sendable, Equatable {
        public let peer: PeerID
        /// The time until the reservation ends, unless the peer refreshes it.
        public let remaining: Interval
    }

    /// A circuit that runs through this relay.
    public struct Circuit: Sendable, Equatable {
        public let id: UInt32
        public let source: PeerID
        public let target: PeerID
        /// The bytes from source to target, and from target to source.
        public let sent: UInt64
        public let returned: UInt64
        /// The limit of bytes in each direction, and of time.
        public let limit: CircuitLimit
        public let age: Interval
    }

    /// A gossip topic that this node has joined, for the application or for discovery.
    public struct Topic: Sendable, Equatable {
        public let name: String
        public let mesh: [PeerID]
        /// The connected peers that are known to subscribe.
        public let subscribers: [PeerID]
    }

    public let peerID: PeerID
    public let agent: String
    /// The addresses at which others can dial the node, each with its peer id.
    public let addresses: [Multiaddr]
    /// The time since the node was made.
    public let uptime: Duration
    public let status: NodeStatus
    /// What the node offers as a relay, with its limits. nil: it is no relay.
    public let relayService: Configuration.RelayService?
    /// The most connections at the same time.
    public let connectionLimit: Int
    /// The most entries in each of the lists below. Longer lists are cut; `status` has the full counts.
    public let listLimit: Int
    public let peers: [Peer]
    /// The reservations; those that end first are at the front.
    public let places: [Place]
    /// The circuits; the oldest is at the front.
    public let circuits: [Circuit]
    public let topics: [Topic]
}

extension Node {
    /// The node's current state, with at most `limit` entries in each list. It is gathered on the node's own loop.
    public func report(atMost limit: Int = 256) async -> NodeReport {
        let moving = configuration.relayService == nil ? [:] : await shell.bytesInCircuits()
        let (peerID, configuration) = (peerID, configuration)
        let uptime = ContinuousClock.now - madeAt
        return await onNode { node, now in
            NodeReport(
                peerID: peerID, agent: configuration.agent, addresses: node.advertisedAddresses.map { $0.appending(peerID) },
                uptime: uptime, status: NodeStatus(node, moving: moving.values.reduce(0) { $0 + $1.sent + $1.returned }),
                relayService: configuration.relayService, connectionLimit: configuration.limits.connections, listLimit: limit,
                peers: NodeReport.peers(of: node, limit: limit, now: now),
                places: node.relayPlaces(atMost: limit, now: now).map { .init(peer: $0.peer, remaining: $0.remaining) },
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
            let agent = node.description(of: best.peer).map { String(decoding: $0.agent, as: UTF8.self) }
            peers.append(
                Peer(
                    connection: Connection(best), agent: agent, connectedFor: now - best.openedAt,
                    reservedFor: node.relayPlace(of: best.peer, now: now)?.remaining))
        }
        return peers
    }
}
