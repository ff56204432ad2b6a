import CausewayRuntime

/// A bidirectional stream of bytes to one peer, for one protocol.
///
/// Reading: `read()` gives what arrived as it was cut on the wire, nil at the remote's end; of more than 64 chunks that wait, small ones
/// are joined. The stream is also an `AsyncSequence` of such chunks. A reader that does not read holds back this stream alone. Writing:
/// `write` returns when everything is with the connection, and waits while the remote's window is full. `finish()` ends our direction
/// only, `close()` ends it all; both return when what was written has left. One task reads at a time, and one writes. A stream that is no
/// longer referred to is reset, unless it was closed.
///
/// Calls from a task that runs on the stream's own event loop, as handlers of `Node.serve` do, cost no hop.
public final class Stream: AsyncSequence, Sendable {
    public typealias Element = [UInt8]

    public let peer: PeerID
    /// The protocol that both sides settled on.
    public let protocolID: String
    /// The limit of the circuit that carries it, nil if it is not limited.
    public let limit: CircuitLimit?
    private let state: ApplicationStream

    init(_ state: ApplicationStream, peer: PeerID, protocolID: String, limit: CircuitLimit?) {
        self.state = state
        self.peer = peer
        self.protocolID = protocolID
        self.limit = limit
    }

    deinit {
        let state = state
        state.loop.post { state.abandon() }
    }

    /// Where a task should run that works with this stream: `Task(executorPreference: stream.executor)`.
    public var executor: any TaskExecutor { state.loop.tasks }

    /// The next bytes, or nil at the end. Throws how the stream ended if it did not end well; `.cancelled` if this task was cancelled.
    nonisolated(nonsending) public func read() async throws(StreamError) -> [UInt8]? { try await state.read() }

    /// Exactly `count` bytes; throws `.closed` if the stream ends before. What came behind them stays to be read.
    nonisolated(nonsending) public func read(exactly count: Int) async throws(StreamError) -> [UInt8] {
        try await state.read(exactly: count)
    }

    /// Sends bytes, in as few frames as they fit: up to 32 KiB stay one frame. Returns when all are with the connection.
    nonisolated(nonsending) public func write(_ bytes: [UInt8]) async throws(StreamError) { try await state.write(bytes) }

    /// Sends a text as UTF-8.
    nonisolated(nonsending) public func write(_ text: String) async throws(StreamError) { try await state.write(Array(text.utf8)) }

    /// Ends our direction: the remote reads its end after all that was written. Reading goes on.
    ///
    /// Returns when all of it is with the socket (through TLS too; through a circuit: with the connection below), from where a node that
    /// stops orderly loses nothing; throws how the stream ended if that comes first. A remote that takes nothing is found out by keep-alive
    /// (`ConnectionLimits.keepAliveInterval`). If the task is cancelled it throws `.cancelled`, and the end is still sent.
    nonisolated(nonsending) public func finish() async throws(StreamError) { try await state.finish() }

    /// Ends both directions at once, what is in flight is lost. `code` travels to the remote.
    public func reset(code: UInt32 = 0) { state.reset(code: code) }

    /// Finishes our direction, as `finish` does, and loses interest in the remote's: what still comes is thrown away, at most 1 MiB, then
    /// the stream is reset.
    nonisolated(nonsending) public func close() async throws(StreamError) { try await state.close() }

    /// Reads the stream; all its iterators share what comes.
    public struct Iterator: AsyncIteratorProtocol {
        let stream: Stream

        public mutating func next() async throws -> [UInt8]? { try await stream.read() }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(StreamError) -> [UInt8]? {
            try await stream.read()
        }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(stream: self) }
}
