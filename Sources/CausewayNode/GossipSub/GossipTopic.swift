import CausewayConnection
import CausewayIdentity

/// A topic that this node has joined, or publishes to. Topics that only other peers name have no such state.
final class GossipTopic {
    let name: [UInt8]
    /// Whether the application has joined the topic.
    var isSubscribed = false
    /// The node's protocol that has joined the topic, if there is one.
    var listener: (any TopicListening)?
    /// Whether an author's earlier messages are dropped, for an hour.
    var refusesReplays = false
    /// The connected peers that subscribe, in the order in which they appeared.
    var subscribers = Roster()
    /// The peers with which full messages are exchanged. Only a joined topic has a mesh.
    private(set) var mesh: [GossipPeer] = []
    /// The peers that get the node's own messages while the topic is not joined.
    var fanout: [GossipPeer] = []
    /// Until when the fanout lasts. The beginning of time: nothing was published.
    var fanoutEnds = Instant(nanoseconds: 0)
    private var backoffs = BytesTable<Instant>()
    #if !hasFeature(Embedded)
        /// The subscriber for whose sake this node carries the topic, if it does: the first one of those that are left.
        var sponsor: GossipPeer?
        var isCarried: Bool { sponsor != nil }
        /// Whether the application judges the topic's messages before they go further.
        var isJudged = false
    #endif

    init(name: [UInt8]) { self.name = name }

    #if hasFeature(Embedded)
        var isJoined: Bool { isSubscribed || listener != nil }
        /// Whether nothing needs the topic any more.
        var isSpent: Bool { !isJoined && fanoutEnds.nanoseconds == 0 && backoffs.isEmpty }
        func isAnnounced(to peer: GossipPeer) -> Bool { isJoined }
    #else
        var isJoined: Bool { isSubscribed || listener != nil || isCarried }
        /// Whether nothing needs the topic any more.
        var isSpent: Bool { !isJoined && fanoutEnds.nanoseconds == 0 && backoffs.isEmpty && !isJudged }
        /// Whether the peer is to know that this node has joined the topic. That a topic is carried concerns only those who are in it: if
        /// everybody heard of it, one peer could make the node write to all others.
        func isAnnounced(to peer: GossipPeer) -> Bool { isSubscribed || listener != nil || isCarried && peer.subscribes(to: name) }
    #endif

    func hasInMesh(_ peer: GossipPeer) -> Bool { mesh.holds(peer) }
    func hasInFanout(_ peer: GossipPeer) -> Bool { fanout.holds(peer) }

    /// How many peers of the mesh we dialled ourselves.
    var dialledCount: Int {
        var count = 0
        for peer in mesh where peer.isDialled { count += 1 }
        return count
    }

    func addToMesh(_ peer: GossipPeer) {
        if !hasInMesh(peer) { mesh.append(peer) }
    }

    func removeFromMesh(_ peer: GossipPeer) { mesh.remove(peer) }

    /// The peer is not subscribed any more, or has disconnected.
    func removeSubscriber(_ peer: GossipPeer) {
        subscribers.remove(peer)
        forgetStream(of: peer)
    }

    /// We cannot send to the peer for now.
    func forgetStream(of peer: GossipPeer) {
        removeFromMesh(peer)
        fanout.remove(peer)
    }

    // MARK: Back-offs, kept by peer id so that a new connection does not end them

    func backoff(of peer: PeerID) -> Instant? { backoffs[peer.bytes] }

    /// Sets a back-off. It never shortens one.
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
