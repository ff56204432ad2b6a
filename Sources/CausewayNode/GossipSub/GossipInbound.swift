import CausewayConnection
import CausewayIdentity

/// The stream on which a neighbour sends, with the bytes that arrived and were not processed yet.
final class GossipInbound {
    let peer: GossipPeer
    let stream: StreamKey

    private var inbox = MessageInbox()
    /// The RPC that is being processed, in parts if it is much work, and its length.
    private var rpc: ProtobufReader?
    private var rpcSize = 0
    var work = RPCWork(entries: 0)
    /// Since when there have been bytes of an unfinished RPC. nil: there are none.
    private(set) var since: Instant?
    /// Bytes for which the sender gets no credit until what is here has been processed.
    var withheld = 0
    /// Whether the stream is in the queue of those with work left.
    var isWaiting = false
    /// The remote has finished its direction. The stream ends once everything before that is processed.
    var isFinished = false
    /// The stream is gone. What came before is still processed, but only messages count: everything else was about a neighbour that is
    /// gone.
    var isGone = false

    init(peer: GossipPeer, stream: StreamKey) {
        self.peer = peer
        self.stream = stream
    }

    /// The number of bytes held.
    var count: Int { inbox.count + rpcSize }
    var hasFault: Bool { inbox.fault != nil }

    func add(_ bytes: [UInt8], now: Instant) {
        inbox.add(bytes)
        if since == nil { since = now }
    }

    /// Whether an RPC was begun and kept.
    var hasBegun: Bool { rpc != nil }

    /// The RPC that was begun, or the next one, to be kept or finished. nil: the rest of it has not arrived.
    func next(_ limits: GossipLimits, now: Instant) -> ProtobufReader? {
        if let begun = rpc.take() { return begun }
        let held = inbox.count
        guard let found = inbox.next(limit: limits.rpc, passingOver: limits.skippedRPC) else {
            if inbox.count == 0 { since = nil }
            return nil
        }
        rpcSize = held - inbox.count
        work = RPCWork(entries: limits.entries)
        return found
    }

    /// Keeps the RPC for the next turn.
    func keep(_ begun: consuming ProtobufReader) { rpc = consume begun }

    /// The RPC is finished. Bytes that are still held began to arrive at this moment at the earliest.
    func finishRPC(now: Instant) {
        rpcSize = 0
        since = inbox.count > 0 ? now : nil
    }

    /// Whether the rest of an RPC is too late. RPCs that wait for us are not late.
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

    /// The bytes held, multiplied by how long: the stream's share of the common room.
    func burden(now: Instant) -> UInt64 {
        guard let since else { return 0 }
        return UInt64(count) &* ((now - since).milliseconds &+ 1)
    }
}

/// What processing one RPC has used and found.
struct RPCWork {
    var entries: Int
    /// The ids to request from the sender.
    var wanted: [[UInt8]] = []
    var hasAnnouncement = false
    /// Whether the RPC contained a message that was worth reading.
    var isUseful = false
    /// Whether the RPC had more entries than any honest one. The rest was ignored.
    var exceedsEntryLimit = false
    var hasMinorFault = false

    init(entries: Int) { self.entries = entries }

    mutating func takeEntry() -> Bool {
        guard entries > 0 else {
            exceedsEntryLimit = true
            return false
        }
        entries -= 1
        return true
    }
}
