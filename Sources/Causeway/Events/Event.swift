import CausewayNode

/// What happens to a node. Each reader of `Node.events()` has its own copy of all that follow its call.
public enum Event: Sendable {
    /// The node listens. The addresses are those it advertises, each with the node's own peer id at the end.
    case ready([Multiaddr])
    case addressesChanged([Multiaddr])
    /// A connection was opened. This includes second and further connections to one peer.
    case connected(Connection)
    case disconnected(Connection, reason: ConnectionError)
    /// The first connection to a peer was opened, or its last connection was closed.
    case peerConnected(PeerID)
    case peerDisconnected(PeerID)
    /// The node refused an inbound connection. The event names the node's own limit that was reached, and its value.
    case refused(Multiaddr, LimitName, value: UInt64)
    /// New streams to the peer use this connection from now on.
    case pathChanged(PeerID, Connection)
    case identified(PeerInfo)
    /// Identify failed for a peer. The connection stays open.
    case notIdentified(PeerID, IdentifyError)
    case discovered(PeerID, addresses: [Multiaddr], source: DiscoverySource)
    case reservation(ReservationChange)
    /// The node tried one address, with this outcome.
    case dialAttempt(DialOutcome)
    /// A gossip neighbour subscribed to a topic, or unsubscribed from it.
    case subscriptionChanged(PeerID, topic: String, isSubscribed: Bool)
    /// A relay's reservations and circuits changed.
    case relay(RelayEvent)
}

/// A connection, as it was when the application asked for it.
public struct Connection: Sendable, Equatable {
    /// The connection's number in this node.
    public let id: UInt32
    public let peer: PeerID
    public let remoteAddress: Multiaddr
    public let localAddress: Multiaddr
    public let isInbound: Bool
    /// Direct and over which transport, or through which relay and with what limit.
    public let path: ConnectionPath

    /// The limit of the circuit that carries the connection. nil: the connection is direct, or its relay named no limit.
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

/// What a peer said about itself by identify (identify/README.md).
public struct PeerInfo: Sendable, Equatable {
    public let peer: PeerID
    public let agent: String
    public let protocolVersion: String
    public let protocolIDs: [String]
    public let listenAddresses: [Multiaddr]
    /// The address under which the peer sees this node.
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
