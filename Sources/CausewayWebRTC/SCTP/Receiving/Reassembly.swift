import CausewayIdentity

/// Puts messages together and delivers them (RFC 9260, sections 6.5, 6.6 and 6.9).
///
/// The parts of an ordered message are delivered as they come, so in the usual case nothing is copied. Only what waits for something
/// earlier is kept: chunks of ordered messages at their stream, fragments of unordered messages here.
struct Reassembly: ~Copyable {
    private var streams = Table<UInt16, InboundStream>()
    private var unordered = Ring<HeldChunk>()
    /// Bytes and chunks that wait here.
    private(set) var heldBytes = 0
    private(set) var heldChunks = 0
    /// Bytes that the application has not taken.
    private(set) var unconsumed = 0
    private let limits: SCTPLimits
    private let events: EventQueue

    init(limits: SCTPLimits, events: EventQueue) {
        self.limits = limits
        self.events = events
    }

    /// What the remote may still send (a_rwnd).
    var window: Int { max(0, limits.receiveWindow - heldBytes - unconsumed) }

    /// Whether there is room for a chunk. The one that everybody waits for needs none of the room that the waiting ones take, but it may
    /// itself be a fragment of an unordered message that waits for its end.
    func admits(_ chunk: DataChunk, isNext: Bool) -> Bool {
        let fragments = chunk.flags.isUnorderedFragment ? unordered.count : 0
        guard isNext else { return window > 0 && heldChunks < limits.heldChunks && fragments < limits.heldFragments }
        return unconsumed < limits.receiveWindow && heldBytes < limits.receiveWindow + limits.messageBytes
            && heldChunks < 2 * limits.heldChunks && fragments < 2 * limits.heldFragments
    }

    // MARK: Arrival

    /// - Parameter isInOrder: nothing before this chunk is missing.
    mutating func accept(_ chunk: DataChunk, isInOrder: Bool) throws(StreamFault) {
        let stream = try stream(chunk.stream)
        guard !stream.isRefused else { return }
        let head = HeldChunk.Head(chunk)
        if chunk.flags.contains(.unordered) {
            try acceptUnordered(head, chunk.payload, on: stream)
        } else if stream.expects(head) {
            try deliver(head, chunk.payload.buffer, owner: nil, on: stream)
            try deliverWaiting(on: stream)
        } else {
            guard !isInOrder, head.tsn != stream.continuation else { throw .outOfSequence }
            stream.waiting.insert(hold(head, chunk.payload), at: stream.waiting.place(of: head.tsn))
        }
    }

    private mutating func stream(_ id: StreamID) throws(StreamFault) -> InboundStream {
        if let known = streams[id.raw] { return known }
        guard streams.count < limits.streams else { throw .tooManyStreams }
        let stream = InboundStream(id)
        streams[id.raw] = stream
        return stream
    }

    private mutating func hold(_ head: HeldChunk.Head, _ payload: PacketBytes) -> HeldChunk {
        heldBytes += payload.count
        heldChunks += 1
        return HeldChunk(head: head, payload: OwnedBytes(copying: payload.buffer))
    }

    private mutating func release(_ chunk: HeldChunk) {
        heldBytes -= chunk.payload.count
        heldChunks -= 1
    }

    // MARK: Delivery

    private mutating func deliver(
        _ head: HeldChunk.Head, _ bytes: UnsafeRawBufferPointer, owner: OwnedBytes?, on stream: InboundStream
    ) throws(StreamFault) {
        let isOrdered = !head.flags.contains(.unordered)
        if isOrdered {
            stream.messageBytes += bytes.count
            guard stream.messageBytes <= limits.messageBytes else { throw .messageTooLong }
            let isLast = head.flags.contains(.end)
            stream.continuation = isLast ? nil : head.tsn.next
            if isLast {
                stream.sequence = head.sequence.next
                stream.messageBytes = 0
            }
        }
        unconsumed += bytes.count
        stream.unconsumed += bytes.count
        events.append(
            MessagePart(
                stream: stream.id, payloadProtocol: head.payloadProtocol, bytes: bytes, isFirst: head.flags.contains(.begin),
                isLast: head.flags.contains(.end), isOrdered: isOrdered),
            owner: owner)
    }

    /// Delivers what waited for nothing but its turn.
    private mutating func deliverWaiting(on stream: InboundStream) throws(StreamFault) {
        while let first = stream.waiting.first, stream.expects(first.head) {
            _ = stream.waiting.popFirst()
            release(first)
            try deliver(first.head, first.payload.bytes, owner: first.payload, on: stream)
        }
    }

    private mutating func acceptUnordered(_ head: HeldChunk.Head, _ payload: PacketBytes, on stream: InboundStream) throws(StreamFault) {
        guard head.flags.isUnorderedFragment else { return try deliver(head, payload.buffer, owner: nil, on: stream) }
        let place = unordered.place(of: head.tsn)
        unordered.insert(hold(head, payload), at: place)
        stream.fragments += 1
        guard let message = unorderedMessage(around: place) else { return }
        var size = 0
        for index in message { size += unordered[index].payload.count }
        guard size <= limits.messageBytes else { throw .messageTooLong }
        for index in message {
            let chunk = unordered[index]
            release(chunk)
            try deliver(chunk.head, chunk.payload.bytes, owner: chunk.payload, on: stream)
        }
        stream.fragments -= message.count
        unordered.remove(message)
    }

    /// The places of the whole message to which the fragment at `place` belongs, if all of it is here. Fragments that come in order are
    /// looked at once, when the last one comes.
    private func unorderedMessage(around place: Int) -> Range<Int>? {
        let stream = unordered[place].head.stream
        var end = place
        while !unordered[end].head.flags.contains(.end) {
            guard end + 1 < unordered.count, unordered[end + 1].head.tsn == unordered[end].head.tsn.next else { return nil }
            end += 1
            guard unordered[end].head.stream == stream, !unordered[end].head.flags.contains(.begin) else { return nil }
        }
        var begin = place
        while !unordered[begin].head.flags.contains(.begin) {
            guard begin > 0, unordered[begin - 1].head.tsn.next == unordered[begin].head.tsn else { return nil }
            begin -= 1
            guard unordered[begin].head.stream == stream, !unordered[begin].head.flags.contains(.end) else { return nil }
        }
        return begin..<end + 1
    }

    // MARK: Taking

    /// The application has taken bytes of a stream.
    mutating func consumed(_ count: Int, on id: StreamID) {
        unconsumed = max(0, unconsumed - count)
        guard let stream = streams[id.raw] else { return }
        stream.unconsumed = max(0, stream.unconsumed - count)
    }

    /// The stream of which most bytes are left lying, if there are others.
    func largest() -> StreamID? {
        guard streams.count > 1 else { return nil }
        var largest: InboundStream?
        for stream in streams.values where !stream.isRefused && stream.unconsumed > largest?.unconsumed ?? 0 { largest = stream }
        return largest?.id
    }

    // MARK: Ends

    /// From now on everything on the stream is discarded, until the remote resets it.
    mutating func refuse(_ id: StreamID) {
        guard let stream = streams[id.raw] else { return }
        stream.isRefused = true
        discard(stream)
    }

    /// The remote has begun its direction anew. All that it sent before has arrived.
    mutating func restart(_ id: StreamID) {
        if let stream = streams[id.raw] {
            if stream.continuation != nil { events.append(.messageAbandoned(id)) }
            discard(stream)
            stream.restart()
            streams[id.raw] = nil
        }
        events.append(.streamReset(id))
    }

    /// The streams on which something has arrived.
    var known: [StreamID] { streams.keys.map { StreamID($0) } }

    private mutating func discard(_ stream: InboundStream) {
        while let chunk = stream.waiting.popFirst() { release(chunk) }
        guard stream.fragments > 0 else { return }
        stream.fragments = 0
        var kept = Ring<HeldChunk>()
        while let chunk = unordered.popFirst() { if chunk.head.stream == stream.id { release(chunk) } else { kept.append(chunk) } }
        unordered = kept
    }

    // MARK: Giving up

    /// The remote gives up the unordered messages up to `tsn` that are not complete (RFC 3758, section 3.6).
    mutating func abandonUnordered(through tsn: TSN) {
        while let first = unordered.first, first.head.tsn <= tsn {
            _ = unordered.popFirst()
            release(first)
            streams[first.head.stream.raw]?.fragments -= 1
        }
    }

    /// The remote gives up the ordered messages of a stream up to `last`. Those that are here whole are delivered.
    mutating func abandon(through last: StreamSequenceNumber, on id: StreamID) throws(StreamFault) {
        let stream = try stream(id)
        guard !stream.isRefused, stream.sequence <= last else { return }
        if stream.continuation != nil { events.append(.messageAbandoned(id)) }
        stream.continuation = nil
        stream.messageBytes = 0
        while let first = stream.waiting.first, first.head.sequence <= last {
            if let end = wholeMessage(at: 0, of: stream.waiting) {
                stream.sequence = first.head.sequence
                for _ in 0..<end {
                    guard let chunk = stream.waiting.popFirst() else { break }
                    release(chunk)
                    try deliver(chunk.head, chunk.payload.bytes, owner: chunk.payload, on: stream)
                }
            } else {
                _ = stream.waiting.popFirst()
                release(first)
            }
        }
        stream.sequence = last.next
        try deliverWaiting(on: stream)
    }

    /// How many chunks the message has that begins at `place`, if all of it is there.
    private func wholeMessage(at place: Int, of chunks: Ring<HeldChunk>) -> Int? {
        let first = chunks[place].head
        guard first.flags.contains(.begin) else { return nil }
        var end = place
        while !chunks[end].head.flags.contains(.end) {
            guard end + 1 < chunks.count, chunks[end + 1].head.tsn == chunks[end].head.tsn.next else { return nil }
            end += 1
            // Another message has begun before the end of this one.
            guard chunks[end].head.sequence == first.sequence, !chunks[end].head.flags.contains(.begin) else { return nil }
        }
        return end + 1 - place
    }
}
