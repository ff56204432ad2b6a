import CausewayConnection
import CausewayIdentity

/// A topic that this node joined, or publishes to. Topics that only others name have no such state.
final class GossipTopic {
    let name: [UInt8]
    /// By the application.
    var isSubscribed = false
    /// By a protocol of the node.
    var listener: (any TopicListening)?
    /// What an author said before is dropped, for an hour.
    var refusesReplays = false
    /// Connected peers that subscribe, in the order of their coming.
    var subscribers: [GossipPeer] = []
    /// Those with whom full messages are exchanged; only of a joined topic.
    private(set) var mesh: [GossipPeer] = []
    /// To whom own messages go while the topic is not joined.
    var fanout: [GossipPeer] = []
    /// Until when that lasts; the beginning of time if nothing was published.
    var fanoutEnds = Instant(nanoseconds: 0)
    private var backoffs = BytesTable<Instant>()

    init(name: [UInt8]) { self.name = name }

    var isJoined: Bool { isSubscribed || listener != nil }
    /// Nothing needs it any more.
    var isSpent: Bool { !isJoined && fanoutEnds.nanoseconds == 0 && backoffs.isEmpty }

    func hasInMesh(_ peer: GossipPeer) -> Bool { mesh.holds(peer) }
    func hasInFanout(_ peer: GossipPeer) -> Bool { fanout.holds(peer) }

    /// How many of the mesh we dialled ourselves.
    var dialledCount: Int {
        var count = 0
        for peer in mesh where peer.isDialled { count += 1 }
        return count
    }

    func addToMesh(_ peer: GossipPeer) {
        if !hasInMesh(peer) { mesh.append(peer) }
    }

    func removeFromMesh(_ peer: GossipPeer) { mesh.remove(peer) }

    /// It subscribes no longer, or is gone.
    func removeSubscriber(_ peer: GossipPeer) {
        subscribers.remove(peer)
        forgetStream(of: peer)
    }

    /// It cannot be sent to for now.
    func forgetStream(of peer: GossipPeer) {
        removeFromMesh(peer)
        fanout.remove(peer)
    }

    // MARK: Back-offs, kept by peer id so that a new connection does not end them

    func backoff(of peer: PeerID) -> Instant? { backoffs[peer.bytes] }

    /// Never shortens one.
    func backOff(_ peer: PeerID, until: Instant, limit: Int) {
        if let known = backoffs[peer.bytes] {
            backoffs[peer.bytes] = max(known, until)
        } else if backoffs.count < limit {
            backoffs[peer.bytes] = until
        }
    }

    func forgetBackoffs(before moment: Instant) {
        backoffs.removeAll { $0 <= moment }
    }
}
