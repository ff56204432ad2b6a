import CausewayConnection
import CausewayIdentity

/// Closes connections that a better one to the same peer has replaced, once no application stream is left on them.
///
/// A relayed connection is closed when a direct one is open, by either side. Of two connections of one kind, which exist when two peers
/// dial each other, both sides use the same one for new streams (`ConnectionTable.best`), and only the peer with the smaller id closes the
/// other.
final class ConnectionTrimmer: NodeProtocol {
    /// The time that streams get to move, and the time between two reviews.
    static let grace = Interval.seconds(10)

    private final class Look {
        let peer: PeerID
        let at: Instant

        init(at peer: PeerID, _ at: Instant) {
            self.peer = peer
            self.at = at
        }
    }

    private var due = FIFO<Look>()
    private var scheduled = BytesSet()

    var nextDeadline: Instant { due.first?.at ?? .distantFuture }

    func linkOpened(_ link: ConnectedLink, in node: NodeContext) {
        if node.connections.links(of: link.peer).count > 1 { schedule(link.peer, at: node.now) }
    }

    private func schedule(_ peer: PeerID, at now: Instant) {
        if scheduled.insert(peer.bytes) { due.append(Look(at: peer, now + Self.grace)) }
    }

    func advance(in node: NodeContext) {
        while let next = due.first, next.at <= node.now {
            due.removeFirst()
            scheduled.remove(next.peer.bytes)
            if look(at: next.peer, in: node) { schedule(next.peer, at: node.now) }
        }
    }

    /// Closes what this side has to close, and returns whether something is left. A connection is redundant in two cases: it is of the best
    /// one's kind and this side has the smaller peer id, or it is relayed and the best one is direct. Within `grace` it only counts as
    /// left.
    private func look(at peer: PeerID, in node: NodeContext) -> Bool {
        guard let best = node.connections.best(for: peer, allowsLimited: true) else { return false }
        let closes = node.connections.isSmaller(than: peer)
        var isLeft = false
        for id in node.connections.links(of: peer) where id != best.id {
            guard let link = node.connections[id] else { continue }
            guard link.path.rank == best.path.rank ? closes : link.isRelayed && !best.isRelayed else { continue }
            isLeft = true
            if node.now - link.openedAt >= Self.grace { node.append(.link(id, .closeIfIdle(.superseded))) }
        }
        return isLeft
    }
}
