import CausewayIdentity

/// A message in the form in which it is sent to each neighbour: framed once, and all sends share the bytes.
final class CachedMessage {
    let id: [UInt8]
    /// The protobuf of the author's key if the message carries it. Otherwise the peer id contains the key.
    let key: [UInt8]
    let topic: [UInt8]
    let frame: [UInt8]
    #if !hasFeature(Embedded)
        var computed = ComputedID()
        /// The neighbour that it came from, by `GossipPeer.id`. 0: it is our own.
        var source: UInt64 = 0
    #endif
    /// How often the message was sent again to each peer that requested it, by `GossipPeer.id`.
    var retransmissions = Table<UInt64, Int>()

    init(id: [UInt8], key: [UInt8], topic: [UInt8], frame: [UInt8]) {
        self.id = id
        self.key = key
        self.topic = topic
        self.frame = frame
    }
}

/// The messages of the last heartbeats, for answering IWANT and for gossiping (gossipsub-v1.0.md, "Message Cache"). When it is full, it
/// drops the oldest.
final class MessageCache {
    private let limit: Int
    private var messages = BytesTable<CachedMessage>()
    private var order = FIFO<CachedMessage>()
    /// How many messages each window has. The newest window is first.
    private var windows: [Int]
    private(set) var bytes = 0

    init(history: Int, limit: Int) {
        self.limit = limit
        windows = [Int](repeating: 0, count: max(history, 1))
    }

    var isEmpty: Bool { order.isEmpty }
    var count: Int { order.count }

    subscript(id: [UInt8]) -> CachedMessage? { messages[id] }

    func insert(_ message: CachedMessage) {
        guard messages[message.id] == nil else { return }
        messages[message.id] = message
        order.append(message)
        windows[0] += 1
        bytes += message.frame.count
        while bytes > limit { removeFirst() }
    }

    /// Shifts the windows at a heartbeat.
    func shift() {
        var index = windows.count - 1
        while windows[index] > 0 { removeFirst() }
        while index > 0 {
            windows[index] = windows[index - 1]
            index -= 1
        }
        windows[0] = 0
    }

    /// The topic's messages in the last `count` windows, the newest first.
    func recent(_ topic: [UInt8], windows count: Int, limit: Int) -> [CachedMessage] {
        var total = 0
        for index in 0..<min(count, windows.count) { total += windows[index] }
        var found: [CachedMessage] = []
        var index = order.count
        while index > order.count - total, found.count < limit {
            index -= 1
            if let message = order[index], message.topic == topic { found.append(message) }
        }
        return found
    }

    /// Removes the oldest message, and takes it off the count of its window.
    private func removeFirst() {
        guard let oldest = order.first else { return }
        messages[oldest.id] = nil
        bytes -= oldest.frame.count
        order.removeFirst()
        var index = windows.count - 1
        while windows[index] == 0 { index -= 1 }
        windows[index] -= 1
    }
}
