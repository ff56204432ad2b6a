import CausewayConnection
import CausewayIdentity

/// Lets go of connections that a better one to the same peer has replaced, once nothing of an application's lives on them any more.
///
/// A relayed connection goes when a direct one stands, by either side's hand. Of two connections of one kind, which come about when
/// two peers dial each other, both sides use the same one for new streams (`ConnectionTable.best`), and only the peer with the smaller id
/// closes the other.
final class PathReview {
    /// Time for streams to move, and between two looks.
    static let grace = Interval.seconds(10)

    private var due: [(peer: PeerID, at: Instant)] = []
    private var scheduled = BytesTable<Bool>()

    var nextDeadline: Instant { due.first?.at ?? .distantFuture }

    func schedule(_ peer: PeerID, at now: Instant) {
        guard scheduled.updateValue(true, forKey: peer.bytes) == nil else { return }
        due.append((peer, now + Self.grace))
    }

    func advance(in node: NodeState) {
        let ready = due.prefix { $0.at <= node.now }
        due.removeFirst(ready.count)
        for (peer, _) in ready {
            scheduled[peer.bytes] = nil
            if look(at: peer, in: node) { schedule(peer, at: node.now) }
        }
    }

    /// Whether something is left to be closed by us.
    private func look(at peer: PeerID, in node: NodeState) -> Bool {
        guard let best = node.connections.best(for: peer, allowsLimited: true) else { return false }
        let closes = node.connections.isSmaller(than: peer)
        var isLeft = false
        for id in node.connections.links(of: peer) where id != best.id {
            guard let link = node.connections[id] else { continue }
            guard link.pathClass == best.pathClass ? closes : link.isRelayed && !best.isRelayed else { continue }
            isLeft = true
            if node.now - link.openedAt >= Self.grace { node.append(.link(id, .closeIfIdle(.superseded))) }
        }
        return isLeft
    }
}
