import CausewayIdentity

/// Messages that are not sent yet. Streams take turns, one message each: the fragments of a message must have TSNs that follow each other
/// (RFC 9260, section 6.9).
struct SendQueue {
    private var schedule = Ring<OutboundStream>()
    /// Of all messages that the remote has not acknowledged.
    private(set) var messages = 0
    private(set) var bytes = 0

    /// A smaller fragment leaves for the next packet, unless it ends its message. The room that it leaves costs more than its own chunk: a
    /// packet shorter than its neighbours ends a run that the kernel would cut.
    private static let smallestFragment = 4
    /// The same where the remote's window is what leaves no more, so that one that opens by a few bytes is not filled by a few bytes.
    private static let smallestInWindow = 256
    /// Messages of DCEP up to this length are not cut, because there are remotes that do not put them together. They fit into any packet.
    private static let wholeMessage = 1024

    var isEmpty: Bool { schedule.isEmpty }

    func isBelow(bytes: Int, messages: Int) -> Bool { self.bytes < bytes && self.messages < messages }

    mutating func append(_ message: OutboundMessage) {
        let stream = message.stream
        stream.messages.append(message)
        stream.buffered += message.payload.count
        messages += 1
        bytes += message.payload.count
        guard !stream.isScheduled else { return }
        stream.isScheduled = true
        schedule.append(stream)
    }

    /// Streams and their messages hold each other: whoever lets go of the queue ends that, or they would stay for ever.
    mutating func removeAll() { while let stream = schedule.popFirst() { stream.messages.removeAll() } }

    /// How many bytes the next fragment would have. 0: it waits for another packet.
    /// - Parameters:
    ///   - room: for the chunk in the packet.
    ///   - window: what the remote takes of the chunk's payload.
    func nextLength(room: Int, window: Int) -> Int {
        guard let message = schedule.first?.messages.first else { return 0 }
        let left = message.payload.count - message.cut
        let most = min(room - DataChunk.headSize, window)
        if left <= most { return left }
        if message.payloadProtocol == .dcep, message.cut == 0, left <= Self.wholeMessage { return 0 }
        return most >= (window == most ? Self.smallestInWindow : Self.smallestFragment) ? most : 0
    }

    /// Cuts off the next fragment, of a length that `nextLength` has said.
    mutating func cut(_ length: Int, at now: Instant) -> SentChunk? {
        guard let stream = schedule.first, let message = stream.messages.first else { return nil }
        if message.cut == 0, message.isOrdered {
            message.sequence = stream.sequence
            stream.sequence = stream.sequence.next
        }
        var flags: DataChunk.Flags = message.isOrdered ? [] : .unordered
        if message.cut == 0 { flags.insert(.begin) }
        let offset = message.cut
        message.cut += length
        if message.cut == message.payload.count {
            flags.insert(.end)
            endTurn(of: stream)
        }
        return SentChunk(message: message, offset: offset, length: length, flags: flags, sentAt: now)
    }

    private mutating func endTurn(of stream: OutboundStream) {
        _ = stream.messages.popFirst()
        _ = schedule.popFirst()
        if stream.messages.isEmpty { stream.isScheduled = false } else { schedule.append(stream) }
    }

    /// The remote has acknowledged a chunk.
    mutating func acknowledged(_ chunk: SentChunk) {
        bytes -= chunk.length
        if chunk.flags.contains(.end) { messages -= 1 }
    }
}
