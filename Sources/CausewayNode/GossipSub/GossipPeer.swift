import CausewayConnection
import CausewayIdentity

/// A neighbour that speaks GossipSub. Each side sends on the one stream that it opened.
final class GossipPeer {
    /// Of our own counting, for dictionaries.
    let id: UInt32
    let peer: PeerID

    /// The stream that we send on. Without it a peer can be in no mesh.
    var outbound: StreamKey?
    /// We dialled the connection that carries it.
    var isDialled = false
    /// When to open it again after it was lost, and how often that failed in a row.
    var retryAt = Instant.distantFuture
    var failures = 0

    /// The newest stream on which it sends.
    var inbound: GossipInbound?
    /// The protocol of that stream.
    var inboundProtocol: [UInt8] = []

    private var topics = BytesSet()
    private var topicBytes = 0

    /// It names messages as js-libp2p does; nil: it has not shown yet.
    var usesJSForm: Bool?
    var behaviour = PeerBehaviour()

    init(id: UInt32, peer: PeerID) {
        self.id = id
        self.peer = peer
    }

    var isReachable: Bool { outbound != nil }
    var topicCount: Int { topics.count }

    func subscribes(to topic: [UInt8]) -> Bool { topics.contains(topic) }

    /// False: it did already, or a limit is reached.
    func subscribe(to topic: [UInt8], limits: GossipLimits) -> Bool {
        guard topics.count < limits.subscriptions, topicBytes + topic.count <= limits.subscriptionBytes else { return false }
        guard topics.insert(topic) else { return false }
        topicBytes += topic.count
        return true
    }

    /// False: it did not subscribe.
    func unsubscribe(from topic: [UInt8]) -> Bool {
        guard topics.contains(topic) else { return false }
        topics.remove(topic)
        topicBytes -= topic.count
        return true
    }
}

/// What counts against a peer: the place where a score will be kept (gossipsub-v1.1.md, "Peer Scoring").
struct PeerBehaviour {
    private(set) var faults = 0
    /// Since the last heartbeat: RPCs with IHAVE, ids looked at in IHAVE and in IWANT, ids told because it subscribed, changes of its
    /// subscriptions, and fields of RPCs that were read for nothing or for control.
    var announcements = 0
    var idsTaken = 0
    var idsWanted = 0
    var idsTold = 0
    var changes = 0
    var wasted = 0

    enum Fault: Int {
        /// What also honest peers do when clocks or messages cross.
        case slight = 1
        /// What no honest peer does: unsigned or wrongly signed messages, bytes that are no RPC.
        case grave = 10
    }

    /// Reaching the limit doubles them, so that a peer stays ignored for some heartbeats (seven with the defaults).
    mutating func add(_ fault: Fault, limit: Int) {
        faults += fault.rawValue
        if faults >= limit { faults = 2 * limit }
    }

    var isQuiet: Bool {
        faults == 0 && announcements == 0 && idsTaken == 0 && idsWanted == 0 && idsTold == 0 && changes == 0 && wasted == 0
    }

    mutating func heartbeat() {
        faults -= (faults + 9) / 10
        announcements = 0
        idsTaken = 0
        idsWanted = 0
        idsTold = 0
        changes = 0
        wasted = 0
    }
}
