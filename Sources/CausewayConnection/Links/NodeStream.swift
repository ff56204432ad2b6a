import CausewayIdentity

/// A stream whose bytes go up to the node as events, and whose bytes come down as commands. Bytes that the connection cannot take at once
/// wait here.
final class NodeStream: StreamOwner {
    let handle: UInt32
    let stream: UInt32
    private var queue = ByteQueue()
    private var isFinishing = false
    /// The node has concluded the stream.
    private var isConcluded = false
    /// Whether droppable messages were sent: gossip.
    private var carriesBulk = false
    private var isReady: Bool
    private var isRemoteFinished = false
    /// Where the node's part of the bytes ends, for streams that may become circuits.
    private var gate: ControlMessageGate?
    private var held = ByteQueue()
    /// The link's next stream with something to report.
    var nextArrival: NodeStream?
    /// The protocol of a stream whose opening was not reported to the node yet.
    private var opened: [UInt8]?
    /// The bytes that arrived since the link's last event.
    private var arrived: [UInt8] = []
    /// Bytes that were reported to the node, or will be, and that it has not taken. Their credit is still out.
    private var untaken = 0
    /// Pieces are joined up to this size. Otherwise a frame of one byte would cost the node a hundred bytes.
    private static let joined = 4 << 10

    /// - Parameter opened: The protocol of an inbound stream. nil: the stream is opened here.
    init(handle: UInt32, stream: UInt32, handsOver: ProtocolTable.HandOver, opened: [UInt8]?) {
        self.handle = handle
        self.stream = stream
        self.opened = opened
        isReady = opened != nil
        gate = handsOver == .afterOneMessage ? ControlMessageGate() : nil
    }

    /// The bytes that wait to be sent.
    var queued: Int { queue.count }

    // MARK: From the node

    func send(_ bytes: [UInt8], droppable: Bool, on link: Link) {
        carriesBulk = carriesBulk || droppable
        let limits = link.multiplexer.limits
        let limit = carriesBulk ? limits.queuedPerNodeStream : limits.queuedPerControlStream
        if !queue.isEmpty, queue.count + bytes.count > limit {
            if !droppable { link.fail(self, .limit(.queuedBytesPerStream, value: UInt64(limit))) }
            return
        }
        bytes.withUnsafeBytes { whole in
            let taken = queue.isEmpty ? (try? link.put(whole, on: stream)) ?? whole.count : 0
            if taken < whole.count { queue.append(UnsafeRawBufferPointer(rebasing: whole[taken...])) }
            link.queued += whole.count - taken
        }
    }

    func finish(on link: Link) {
        isFinishing = true
        if queue.isEmpty { link.multiplexer.finish(stream) }
        if !held.isEmpty { refuseAhead(on: link) }
    }

    func conclude(on link: Link) {
        isConcluded = true
        link.multiplexer.expectEnd(of: stream)
        finish(on: link)
    }

    /// The node has left the stream, which may have ended already: it hears nothing of that.
    func leave() {
        isConcluded = true
        queue.drop(queue.count)
    }

    func consumed(_ count: Int, on link: Link) {
        let size = min(count, untaken)
        untaken -= size
        link.multiplexer.consumed(stream, size)
    }

    /// Gives the stream to another owner, with everything that was received behind the node's last message. What the node still wanted to
    /// send goes out first, past the wire's high-water mark: it is one small control message.
    func handOver(to owner: any StreamOwner, on link: Link) {
        link.queued -= queue.count
        if !queue.isEmpty {
            guard link.multiplexer.writeAll(stream, queue.bytes) else { return link.reset(stream) }
            queue.drop(queue.count)
        }
        consumed(untaken, on: link)
        if !held.isEmpty { owner.received(held.mutableBytes, stream: stream, on: link) }
        if isRemoteFinished { owner.finished(stream, on: link) }
    }

    // MARK: From the connection

    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {
        isReady = true
        link.report(.streamReady(stream: handle, protocolID: protocolID))
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        guard !isConcluded else { return }
        let whole = UnsafeRawBufferPointer(bytes)
        let ours = gate?.pass(whole) ?? whole.count
        if ours > 0 { tell(UnsafeRawBufferPointer(rebasing: whole[..<ours]), on: link) }
        guard ours < whole.count else { return }
        if isFinishing || held.count + whole.count - ours > link.multiplexer.limits.sentAhead { return refuseAhead(on: link) }
        held.append(UnsafeRawBufferPointer(rebasing: whole[ours...]))
    }

    /// Nothing may follow the message of a stream that gets no other owner, and only little may wait for one.
    private func refuseAhead(on link: Link) {
        link.fail(self, .limit(.sentAhead, value: isFinishing ? 0 : UInt64(link.multiplexer.limits.sentAhead)))
    }

    private func tell(_ bytes: UnsafeRawBufferPointer, on link: Link) {
        untaken += bytes.count
        if arrived.count + bytes.count > Self.joined { link.reportArrivals() }
        if arrived.isEmpty {
            if opened == nil { link.hasArrivals(self) }
            arrived = [UInt8](copying: bytes)
        } else {
            arrived.append(copying: bytes)
        }
    }

    /// Takes what was not reported to the node yet.
    func takeArrivals(into events: inout [LinkEvent]) {
        if let protocolID = opened { events.append(.streamOpened(stream: handle, protocolID: protocolID)) }
        opened = nil
        guard !arrived.isEmpty else { return }
        events.append(.data(stream: handle, arrived))
        arrived = []
    }

    func writable(_ stream: UInt32, on link: Link) {
        guard !queue.isEmpty else { return }
        let taken = (try? link.put(queue.bytes, on: stream)) ?? queue.count
        queue.drop(taken)
        link.queued -= taken
        guard queue.isEmpty else { return }
        queue.release()
        if isFinishing { link.multiplexer.finish(stream) }
    }

    func finished(_ stream: UInt32, on link: Link) {
        isRemoteFinished = true
        // No window opens any more, so there is nothing to wait for.
        consumed(untaken, on: link)
        if held.isEmpty, !isConcluded { link.report(.finished(stream: handle)) }
    }

    func closed(_ stream: UInt32, error: StreamError?, on link: Link) {
        link.forget(self)
        ended(error, on: link)
    }

    /// The stream has ended. If its opening was not reported to the node, its end need not be, either.
    func ended(_ error: StreamError?, on link: Link) {
        if opened != nil {
            opened = nil
            arrived = []
            return
        }
        guard !isConcluded else { return }
        link.report(isReady ? .streamClosed(stream: handle, error) : .streamFailed(stream: handle, error ?? .closed))
    }
}
