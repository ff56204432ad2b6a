import CausewayConnection
public import CausewayIdentity

/// A node's authenticated connections, by link and by peer, in the order in which they were opened. Probes are found by link alone: for a
/// peer's other connections it is as if they were not there.
public final class ConnectionTable {
    /// Two connections that were opened within this time count as dialled at the same time by both peers: neither is the newer one.
    static let simultaneous = Interval.seconds(5)

    private let own: PeerID
    private var byLink = Table<UInt32, ConnectedLink>()
    private var byPeer = BytesTable<[UInt32]>()
    private var closing = 0
    /// Peers whose connections are not pruned, each with the tags under which it is protected.
    private var protected = BytesTable<[[UInt8]]>()
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
        if !link.isProbe { byPeer[link.peer.bytes, default: []].append(link.id) }
        order.append(link.id)
    }

    /// The link will close: it is not offered any more.
    func retire(_ id: UInt32) {
        guard let link = byLink[id], !link.isClosing else { return }
        link.isClosing = true
        closing += 1
    }

    func remove(_ id: UInt32) -> ConnectedLink? {
        guard let link = byLink[id] else { return nil }
        if link.isClosing { closing -= 1 }
        var rest: [UInt32] = []
        for other in byPeer[link.peer.bytes] ?? [] where other != id { rest.append(other) }
        byPeer[link.peer.bytes] = rest.isEmpty ? nil : rest
        order.remove(at: position(of: link))
        byLink[id] = nil
        return link
    }

    // MARK: Protection

    var protectedCount: Int { protected.count }

    /// Protects a peer's connections from being pruned until `unprotect` is called with the same tag.
    public func protect(_ peer: PeerID, tag: [UInt8]) {
        #if !hasFeature(Embedded)
            // A page prunes nobody.
            if !(protected[peer.bytes]?.contains(tag) ?? false) { protected[peer.bytes, default: []].append(tag) }
        #endif
    }

    /// Takes back a `protect`.
    public func unprotect(_ peer: PeerID, tag: [UInt8]) {
        #if !hasFeature(Embedded)
            guard var tags = protected[peer.bytes] else { return }
            tags.removeAll { $0 == tag }
            protected[peer.bytes] = tags.isEmpty ? nil : tags
        #endif
    }

    func isProtected(_ peer: PeerID) -> Bool { protected[peer.bytes] != nil }

    /// The link's place in `order`, which is sorted by `openedAt`: a node may close ten thousand connections at once.
    private func position(of link: ConnectedLink) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if let other = byLink[order[middle]], other.openedAt < link.openedAt { low = middle + 1 } else { high = middle }
        }
        while order[low] != link.id { low += 1 }
        return low
    }
}
