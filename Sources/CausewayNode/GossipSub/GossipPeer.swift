import CausewayConnection
import CausewayIdentity

/// A neighbour that speaks GossipSub. Each side sends on the stream that it opened.
final class GossipPeer {
    /// A number of our own, for tables.
    let id: UInt64
    let peer: PeerID

    /// The stream on which we send. Without it, the peer can be in no mesh.
    var outbound: StreamKey?
    /// Whether we dialled the connection that carries the stream.
    var isDialled = false
    /// When to open the stream again after it was lost, and how many attempts failed in a row.
    var retryAt = Instant.distantFuture
    var failures = 0

    /// The newest stream on which the peer sends.
    var inbound: GossipInbound?
    /// The protocol of that stream.
    var inboundProtocol: [UInt8] = []

    private var topics = BytesSet()
    private var topicBytes = 0

    /// How the peer writes ids. nil: it has shown none of its own yet.
    var idForm: IDForm?
    /// How it probably writes them: as its agent's name says, or else as in the specification.
    var likelyForm = IDForm.go
    var behaviour = PeerBehaviour()
    #if !hasFeature(Embedded)
        var foreignIDs = ForeignIDs()
        /// nil: there is no reason to doubt the likely form.
        var formTrial: FormTrial?
        /// Whether the peer reads IDONTWANT.
        var readsDontWant = false
        /// For how many heartbeats more it may be said of messages that the peer does not want them. 0: of none.
        var dontWantAge = 0
        /// How many messages of the peer wait for the application's verdict.
        var unjudged = 0
        /// How many topics are carried for the peer.
        var carried = 0
    #endif

    init(id: UInt64, peer: PeerID) {
        self.id = id
        self.peer = peer
    }

    var isReachable: Bool { outbound != nil }

    #if !hasFeature(Embedded)
        /// We ask the peer for a message by an id in a form that does not show.
        func askForeign(_ id: [UInt8]) {
            switch idForm {
            case nil, .go, .js, .rust: foreignIDs.ask(id)
            case .sha256, .sequenceSHA256, .own, .foreign: break
            }
        }
    #endif

    var topicCount: Int { topics.count }

    func subscribes(to topic: [UInt8]) -> Bool { topics.contains(topic) }

    /// Returns false if the peer subscribed before, or a limit is reached.
    func subscribe(to topic: [UInt8], limits: GossipLimits) -> Bool {
        guard topics.count < limits.subscriptions, topicBytes + topic.count <= limits.subscriptionBytes else { return false }
        guard topics.insert(topic) else { return false }
        topicBytes += topic.count
        return true
    }

    /// Returns false if the peer was not subscribed.
    func unsubscribe(from topic: [UInt8]) -> Bool {
        guard topics.contains(topic) else { return false }
        topics.remove(topic)
        topicBytes -= topic.count
        return true
    }
}

/// What counts against a peer. A score will be kept here (gossipsub-v1.1.md, "Peer Scoring").
struct PeerBehaviour {
    private(set) var faults = 0
    /// Since the last heartbeat: RPCs with IHAVE, ids read in IHAVE and in IWANT, ids told because the peer subscribed, changes of its
    /// subscriptions, and fields of RPCs that were read for control or in vain.
    var ihaveCount = 0
    var iwantIDs = 0
    var idsWanted = 0
    var ihaveIDs = 0
    var changes = 0
    var wasted = 0
    #if !hasFeature(Embedded)
        /// Ids read in IDONTWANT.
        var dontWantIDs = 0
    #endif

    enum Fault: Int {
        /// Honest peers do this, too, when clocks differ or messages cross.
        case slight = 1
        /// No honest peer does this: messages that are unsigned or wrongly signed, bytes that are no RPC.
        case grave = 10
    }

    /// Reaching the limit doubles the faults, so that a peer stays ignored for some heartbeats (seven with the defaults).
    mutating func add(_ fault: Fault, limit: Int) {
        faults += fault.rawValue
        if faults >= limit { faults = 2 * limit }
    }

    var isQuiet: Bool {
        faults == 0 && ihaveCount == 0 && iwantIDs == 0 && idsWanted == 0 && ihaveIDs == 0 && changes == 0 && wasted == 0
    }

    mutating func heartbeat() {
        faults -= (faults + 9) / 10
        ihaveCount = 0
        iwantIDs = 0
        idsWanted = 0
        ihaveIDs = 0
        changes = 0
        wasted = 0
        #if !hasFeature(Embedded)
            dontWantIDs = 0
        #endif
    }
}
