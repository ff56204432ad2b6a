import CausewayIdentity

/// A stream whose bytes go up to the node as events and whose bytes come down as commands. What the connection cannot take at once waits
/// here.
final class NodeStream: StreamOwner {
    let handle: UInt32
    let stream: UInt32
    private var queue = ByteQueue()
    private var isFinishing = false
    /// Whether messages went out that may be dropped: gossip.
    private var carriesBulk = false
    private var isReady: Bool
    private var isRemoteFinished = false
    /// For streams that may become circuits: where the node's part ends.
    private var gate: CircuitGate?
    private var held = ByteQueue()
    /// What came since the link's last event.
    private var arrived: [UInt8] = []
    /// Bytes that the node was told of, or is about to be, and has not taken: their credit is out.
    private var untaken = 0
    /// Pieces are joined up to here. A frame of one byte would else cost the node a hundred.
    private static let joined = 4 << 10

    /// - Parameter protocolID: what an inbound stream is settled on; nil for one that is opened here.
    init(handle: UInt32, stream: UInt32, protocolID: [UInt8]?) {
        self.handle = handle
        self.stream = stream
        isReady = protocolID != nil
        if let protocolID { gate = CircuitGate(protocolID: protocolID) }
    }

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
            let taken = queue.isEmpty ? (try? link.multiplexer.write(stream, whole)) ?? whole.count : 0
            if taken < whole.count { queue.append(UnsafeRawBufferPointer(rebasing: whole[taken...])) }
        }
    }

    func finish(on link: Link) {
        isFinishing = true
        if queue.isEmpty { link.multiplexer.finish(stream) }
    }

    func consumed(_ count: Int, on link: Link) {
        let size = min(count, untaken)
        untaken -= size
        link.multiplexer.consumed(stream, size)
    }

    /// The stream goes to another owner, with everything that was received behind the node's last message. What the node still wanted sent
    /// goes out first, past the wire's high-water mark: it is one small control message.
    func handOver(to owner: any StreamOwner, on link: Link) {
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
        gate = CircuitGate(protocolID: protocolID)
        link.report(.streamReady(stream: handle, protocolID: protocolID))
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        let whole = UnsafeRawBufferPointer(bytes)
        let ours = gate?.pass(whole) ?? whole.count
        if ours > 0 { tell(UnsafeRawBufferPointer(rebasing: whole[..<ours]), on: link) }
        if ours < whole.count { held.append(UnsafeRawBufferPointer(rebasing: whole[ours...])) }
    }

    private func tell(_ bytes: UnsafeRawBufferPointer, on link: Link) {
        untaken += bytes.count
        if arrived.count + bytes.count > Self.joined { link.reportArrivals() }
        if arrived.isEmpty {
            arrived = [UInt8](copying: bytes)
            link.hasArrivals(self)
        } else {
            arrived.append(copying: bytes)
        }
    }

    func takeArrived() -> [UInt8] {
        let taken = arrived
        arrived = []
        return taken
    }

    func writable(_ stream: UInt32, on link: Link) {
        guard !queue.isEmpty else { return }
        queue.drop((try? link.multiplexer.write(stream, queue.bytes)) ?? queue.count)
        guard queue.isEmpty else { return }
        queue.release()
        if isFinishing { link.multiplexer.finish(stream) }
    }

    func finished(_ stream: UInt32, on link: Link) {
        isRemoteFinished = true
        if held.isEmpty { link.report(.finished(stream: handle)) }
    }

    func closed(_ stream: UInt32, error: StreamError?, on link: Link) {
        link.forget(self)
        link.report(isReady ? .streamClosed(stream: handle, error) : .streamFailed(stream: handle, error ?? .closed))
    }
}
