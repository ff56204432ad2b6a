public import CausewayConnection
public import CausewayIdentity

/// An authenticated connection, as the node sees it.
public final class ConnectedLink {
    public let id: UInt32
    public let peer: PeerID
    public let publicKey: PublicKey
    public let remoteAddress: Multiaddr
    public let localAddress: Multiaddr
    public let isInbound: Bool
    /// Runs over a relay.
    public let isRelayed: Bool
    /// The circuit's limit; nil: not limited.
    public let limit: CircuitLimit?
    public let openedAt: Instant
    /// For a relayed connection: the link to the relay that carries it.
    public let carrier: UInt32?

    public var isLimited: Bool { limit != nil }

    public init(
        id: UInt32, peer: PeerID, publicKey: PublicKey, remoteAddress: Multiaddr, localAddress: Multiaddr, isInbound: Bool,
        isRelayed: Bool, limit: CircuitLimit?, openedAt: Instant, carrier: UInt32?
    ) {
        self.id = id
        self.peer = peer
        self.publicKey = publicKey
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
        self.isInbound = isInbound
        self.isRelayed = isRelayed
        self.limit = limit
        self.openedAt = openedAt
        self.carrier = carrier
    }

    public var description: ConnectionDescription {
        ConnectionDescription(
            link: id, peer: peer, remoteAddress: remoteAddress, localAddress: localAddress, isInbound: isInbound, limit: limit,
            openedAt: openedAt)
    }
}

/// The authenticated connections of a node, by link and by peer, in the order in which they were made.
public final class ConnectionTable {
    private var byLink: [UInt32: ConnectedLink] = [:]
    private var byPeer: [[UInt8]: [UInt32]] = [:]
    /// All links in the order in which they were opened.
    public private(set) var order: [UInt32] = []

    public init() {}

    public var count: Int { byLink.count }

    public subscript(link: UInt32) -> ConnectedLink? { byLink[link] }

    /// The links of a peer, oldest first.
    public func links(of peer: PeerID) -> [UInt32] { byPeer[peer.bytes] ?? [] }

    public func isConnected(_ peer: PeerID) -> Bool { byPeer[peer.bytes] != nil }

    /// Where new streams go: the newest connection that is not limited, else (if allowed) the newest limited one.
    public func best(for peer: PeerID, allowsLimited: Bool) -> ConnectedLink? {
        var limited: ConnectedLink?
        for id in links(of: peer).reversed() {
            guard let link = byLink[id] else { continue }
            if !link.isLimited, !link.isRelayed { return link }
            if limited == nil || (limited!.isLimited && !link.isLimited) { limited = link }
        }
        guard let limited, allowsLimited || !limited.isLimited else { return nil }
        return limited
    }

    func insert(_ link: ConnectedLink) {
        byLink[link.id] = link
        byPeer[link.peer.bytes, default: []].append(link.id)
        order.append(link.id)
    }

    func remove(_ id: UInt32) -> ConnectedLink? {
        guard let link = byLink.removeValue(forKey: id) else { return nil }
        var rest = byPeer[link.peer.bytes] ?? []
        rest.removeAll { $0 == id }
        byPeer[link.peer.bytes] = rest.isEmpty ? nil : rest
        order.removeAll { $0 == id }
        return link
    }
}
