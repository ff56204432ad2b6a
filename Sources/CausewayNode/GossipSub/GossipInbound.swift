import CausewayConnection
import CausewayIdentity

/// The stream on which a neighbour sends, with what came on it and was not worked on yet.
final class GossipInbound {
    let peer: GossipPeer
    let stream: StreamKey

    private var inbox = MessageInbox()
    /// The RPC that is being worked on, in parts if it is much work, and how long it is.
    private(set) var rpc: ProtobufReader?
    private var rpcSize = 0
    var work = RPCWork(entries: 0)
    /// Since when there have been bytes here whose RPC has not ended; nil: there are none.
    private(set) var since: Instant?
    /// Bytes whose sender gets no credit for more before what is here was worked off.
    var withheld = 0
    /// Stands in the queue of those with work left.
    var isWaiting = false
    /// The remote has finished its direction: the stream ends once what came before was worked off.
    var isFinished = false
    /// The stream is gone. What came before is still worked off, but only messages count: the rest was about a neighbour that is no more.
    var isGone = false

    init(peer: GossipPeer, stream: StreamKey) {
        self.peer = peer
        self.stream = stream
    }

    /// Bytes that are held.
    var count: Int { inbox.count + rpcSize }
    var hasFault: Bool { inbox.fault != nil }

    func add(_ bytes: [UInt8], now: Instant) {
        inbox.add(bytes)
        if since == nil { since = now }
    }

    /// The RPC that was begun, or else the next one; nil: its end has not come.
    func next(_ limits: GossipLimits, now: Instant) -> ProtobufReader? {
        if let rpc { return rpc }
        let held = inbox.count
        guard let found = inbox.next(limit: limits.rpc, passingOver: limits.skippedRPC) else {
            if inbox.count == 0 { since = nil }
            return nil
        }
        rpc = found
        rpcSize = held - inbox.count
        work = RPCWork(entries: limits.entries)
        return found
    }

    /// The RPC was worked off: what is held now began to come at this moment at the earliest.
    func finishRPC(now: Instant) {
        rpc = nil
        rpcSize = 0
        since = inbox.count > 0 ? now : nil
    }

    /// The end of an RPC does not come. Those that wait for us are not overdue.
    func isOverdue(_ limits: GossipLimits, now: Instant) -> Bool {
        guard let since, !isWaiting else { return false }
        return now >= since + limits.rpcTime
    }

    func clear() {
        inbox = MessageInbox()
        rpc = nil
        rpcSize = 0
        since = nil
    }

    /// How much of the common room it has taken, times for how long.
    func burden(now: Instant) -> UInt64 {
        guard let since else { return 0 }
        return UInt64(count) &* ((now - since).milliseconds &+ 1)
    }
}

/// What one RPC has used up and brought to light.
struct RPCWork {
    var entries: Int
    /// Ids to ask the sender for.
    var wanted: [[UInt8]] = []
    var hasAnnouncement = false
    /// It has a message that was worth reading.
    var isUseful = false
    /// More entries than any honest RPC has: the rest was not looked at.
    var isOverdone = false
    var isSlightlyWrong = false

    init(entries: Int) { self.entries = entries }

    mutating func takeEntry() -> Bool {
        guard entries > 0 else {
            isOverdone = true
            return false
        }
        entries -= 1
        return true
    }
}
