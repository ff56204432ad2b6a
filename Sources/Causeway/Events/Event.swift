import CausewayNode

/// What happens to a node. Each reader of `Node.events()` has its own copy of all that follow its call.
public enum Event: Sendable {
    /// Listening, with the addresses that it advertises, its own peer id at the end.
    case ready([Multiaddr])
    case addressesChanged([Multiaddr])
    /// Every connection, also further ones of a peer.
    case connected(Connection)
    case disconnected(Connection, reason: ConnectionError)
    /// The first connection of a peer, and the last.
    case peerConnected(PeerID)
    case peerDisconnected(PeerID)
    /// An inbound connection was turned away: by which limit of ours, and its value.
    case refused(Multiaddr, LimitName, value: UInt64)
    /// New streams to the peer now take this connection.
    case pathChanged(PeerID, Connection)
    case identified(PeerInfo)
    /// Identify brought nothing usable of a peer; the connection stays.
    case notIdentified(PeerID, IdentifyError)
    case discovered(PeerID, addresses: [Multiaddr], source: DiscoverySource)
    case reservation(ReservationChange)
    /// One address was tried, and what came of it.
    case dialAttempt(DialOutcome)
    /// A neighbour in gossip subscribed to a topic, or left it.
    case subscriptionChanged(PeerID, topic: String, isSubscribed: Bool)
    /// At a relay: reservations and circuits.
    case relay(RelayEvent)
}

/// A connection, as it stood when it was asked for.
public struct Connection: Sendable, Equatable {
    /// Its number in this node.
    public let id: UInt32
    public let peer: PeerID
    public let remoteAddress: Multiaddr
    public let localAddress: Multiaddr
    public let isInbound: Bool
    /// Direct and over which transport, or through which relay and with what limit.
    public let path: ConnectionPath

    /// The circuit's limit if it runs over a relay that named one; nil: it is not limited.
    public var limit: CircuitLimit? { path.limit }
    public var isLimited: Bool { path.isLimited }

    init(_ description: ConnectionDescription) {
        id = description.link
        peer = description.peer
        remoteAddress = description.remoteAddress
        localAddress = description.localAddress
        isInbound = description.isInbound
        path = description.path
    }
}

/// What a peer told of itself by identify (identify/README.md).
public struct PeerInfo: Sendable, Equatable {
    public let peer: PeerID
    public let agent: String
    public let protocolVersion: String
    public let protocolIDs: [String]
    public let listenAddresses: [Multiaddr]
    /// Under which address it sees us.
    public let observedAddress: Multiaddr?

    init(_ description: PeerDescription) {
        peer = description.peer
        agent = String(decoding: description.agent, as: UTF8.self)
        protocolVersion = String(decoding: description.protocolVersion, as: UTF8.self)
        protocolIDs = description.protocolIDs.map { String(decoding: $0, as: UTF8.self) }
        listenAddresses = description.listenAddresses
        observedAddress = description.observedAddress
    }
}
