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
    public let path: ConnectionPath
    public let openedAt: Instant
    /// For a relayed connection: the link to the relay that carries it.
    public let carrier: UInt32?
    /// We have asked for its end, which has not been reported yet. It is not used for new streams or requests, but its streams go on until
    /// it ends, and their events still arrive.
    public internal(set) var isClosing = false
    /// The round-trip time that Yamux's ping measured last.
    public internal(set) var roundTrip: Interval?

    public var isRelayed: Bool { path.isRelayed }
    public var isLimited: Bool { path.isLimited }

    public init(
        id: UInt32, peer: PeerID, publicKey: PublicKey, remoteAddress: Multiaddr, localAddress: Multiaddr, isInbound: Bool,
        path: ConnectionPath, openedAt: Instant, carrier: UInt32?
    ) {
        self.id = id
        self.peer = peer
        self.publicKey = publicKey
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
        self.isInbound = isInbound
        self.path = path
        self.openedAt = openedAt
        self.carrier = carrier
    }

    public var description: ConnectionDescription {
        ConnectionDescription(
            link: id, peer: peer, remoteAddress: remoteAddress, localAddress: localAddress, isInbound: isInbound, path: path,
            openedAt: openedAt)
    }
}

/// A node's authenticated connections, by link and by peer, in the order in which they were opened.
public final class ConnectionTable {
    /// Two connections that were opened within this time count as dialled at the same time by both peers: neither is the newer one.
    static let simultaneous = Interval.seconds(5)

    private let own: PeerID
    private var byLink = Table<UInt32, ConnectedLink>()
    private var byPeer = BytesTable<[UInt32]>()
    private var closing = 0
    /// All links, in the order in which they were opened.
    public private(set) var order: [UInt32] = []

    init(own: PeerID) { self.own = own }

    /// The number of links that are not closing.
    public var count: Int { byLink.count - closing }

    public subscript(link: UInt32) -> ConnectedLink? { byLink[link] }

    /// A peer's links, oldest first, without those that are closing.
    public func links(of peer: PeerID) -> [UInt32] {
        guard let all = byPeer[peer.bytes] else { return [] }
        var open: [UInt32] = []
        for id in all { if let link = byLink[id], !link.isClosing { open.append(id) } }
        return open
    }

    /// Whether a connection exists, including one that is closing.
    public func isConnected(_ peer: PeerID) -> Bool { byPeer[peer.bytes] != nil }

    /// The connection for new streams: a direct one before a relayed one, an unlimited one before a limited one (if that is allowed at
    /// all). Among equals it is the newest, and of two that both sides dialled at the same time, the one that both agree on.
    public func best(for peer: PeerID, allowsLimited: Bool) -> ConnectedLink? {
        var best: ConnectedLink?
        guard let all = byPeer[peer.bytes] else { return nil }
        for id in all {
            guard let link = byLink[id], !link.isClosing, allowsLimited || !link.isLimited else { continue }
            if let other = best, isPreferred(other, over: link) { continue }
            best = link
        }
        return best
    }

    /// `older` was opened before `newer`.
    func isPreferred(_ older: ConnectedLink, over newer: ConnectedLink) -> Bool {
        if older.path.rank != newer.path.rank { return older.path.rank > newer.path.rank }
        guard older.isInbound != newer.isInbound, newer.openedAt - older.openedAt < Self.simultaneous else { return false }
        return older.isInbound != isSmaller(than: older.peer)
    }

    /// Whether this node's peer id comes before another's. Of two connections dialled at the same time, the one that the smaller peer
    /// dialled stays, and the smaller peer closes the other.
    func isSmaller(than peer: PeerID) -> Bool {
        let other = peer.bytes
        for index in 0..<min(own.bytes.count, other.count) where own.bytes[index] != other[index] {
            return own.bytes[index] < other[index]
        }
        return own.bytes.count < other.count
    }

    func insert(_ link: ConnectedLink) {
        byLink[link.id] = link
        byPeer[link.peer.bytes, default: []].append(link.id)
        order.append(link.id)
    }

    /// The link will close: it is not offered any more.
    func retire(_ id: UInt32) {
        guard let link = byLink[id], !link.isClosing else { return }
        link.isClosing = true
        closing += 1
    }

    func remove(_ id: UInt32) -> ConnectedLink? {
        guard let link = byLink.removeValue(forKey: id) else { return nil }
        if link.isClosing { closing -= 1 }
        var rest: [UInt32] = []
        for other in byPeer[link.peer.bytes] ?? [] where other != id { rest.append(other) }
        byPeer[link.peer.bytes] = rest.isEmpty ? nil : rest
        if let index = order.firstIndex(of: id) { order.remove(at: index) }
        return link
    }
}
