public import CausewayConnection
import CausewayIdentity

// What protocols do with their streams.
extension NodeContext {
    /// Opens a stream that `owner` owns. It can be written to at once. Answered by `streamReady` or `closed`.
    public func openStream(
        on link: UInt32, _ protocolIDs: [[UInt8]], for owner: any NodeProtocol, handsOver: ProtocolTable.HandOver = .never
    ) -> StreamKey {
        repeat { lastStream = lastStream == .max ? 1 << 31 : lastStream + 1 } while owners[StreamKey(link: link, stream: lastStream)] != nil
        let key = StreamKey(link: link, stream: lastStream)
        owners.insert(key, owner)
        outbox.append(.link(link, .openStream(stream: key.stream, protocolIDs: protocolIDs, handsOver: handsOver)))
        return key
    }

    public func send(_ bytes: [UInt8], on stream: StreamKey, droppable: Bool = false) {
        outbox.append(.link(stream.link, .send(stream: stream.stream, bytes, droppable: droppable)))
    }

    public func finish(_ stream: StreamKey) { outbox.append(.link(stream.link, .finish(stream: stream.stream))) }

    /// Finishes the stream and forgets it. Nothing of it follows. The remote has a few seconds to end it.
    func conclude(_ stream: StreamKey) {
        outbox.append(.link(stream.link, .conclude(stream: stream.stream)))
        release(stream)
    }

    /// Resets the stream and forgets it. Nothing of it follows.
    public func reset(_ stream: StreamKey) {
        owners.remove(stream)
        outbox.append(.link(stream.link, .reset(stream: stream.stream)))
    }

    /// Hands the stream over to a splice or a circuit. Nothing of it follows.
    public func release(_ stream: StreamKey) { owners.remove(stream) }

    // MARK: Credit

    /// Credit is returned in steps of an eighth of a stream's first window, so that small messages do not cost a command each.
    private static let creditStep = 32 << 10

    /// Delays credit. A protocol that processes bytes later calls this before `received` returns: the sender gets no credit for them until
    /// `taken` is called. Without it, they count as taken when `received` returns. The beginning of a message must count as taken, because
    /// its end may wait for the credit.
    public func withhold(_ count: Int, of stream: StreamKey) { owners[stream]?.taken -= count }

    /// This many bytes of a stream were taken: the sender may send as many more.
    public func taken(_ count: Int, of stream: StreamKey) {
        guard let owned = owners[stream] else { return }
        owned.taken += count
        guard owned.taken >= Self.creditStep else { return }
        outbox.append(.link(stream.link, .consumed(stream: stream.stream, owned.taken)))
        owned.taken = 0
    }
}
