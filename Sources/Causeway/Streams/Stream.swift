import CausewayRuntime

/// A bidirectional stream of bytes to one peer, for one protocol.
///
/// Reading: `read()` returns the next chunk as it arrived, or nil when the remote has finished. Chunk boundaries have no meaning: when more
/// than 64 chunks wait, small ones are joined. The stream is also an `AsyncSequence` of chunks. A slow reader holds back this stream only.
///
/// Writing: `write` returns when the connection has taken all bytes, and waits while the remote's window is full. Only one task may read at
/// a time, and only one may write.
///
/// Ending: `finish()` ends this side's direction only, and `close()` ends both. Both return when everything that was written has left. A
/// stream that is released without being closed is reset.
///
/// Calls from a task that runs on the stream's own event loop, such as a handler of `Node.serve`, need no switch of threads.
public final class Stream: AsyncSequence, Sendable {
    public typealias Element = [UInt8]

    public let peer: PeerID
    /// The protocol on which both sides agreed.
    public let protocolID: String
    /// What the relay announced for the circuit on which the stream began.
    let firstLimit: CircuitLimit?
    private let state: State

    private enum State {
        case ordinary(ApplicationStream)
        case resumable(ResumableStream, any TaskExecutor)
    }

    init(_ state: ApplicationStream, peer: PeerID, protocolID: String, limit: CircuitLimit?) {
        self.state = .ordinary(state)
        self.peer = peer
        self.protocolID = protocolID
        firstLimit = limit
    }

    /// - Parameter carrier: the stream that carries it first.
    init(_ state: ResumableStream, protocolID: String, over carrier: Stream, executor: any TaskExecutor) {
        self.state = .resumable(state, executor)
        peer = carrier.peer
        self.protocolID = protocolID
        firstLimit = carrier.firstLimit
    }

    deinit {
        switch state {
        case .ordinary(let state): state.abandon()
        case .resumable(let state, _): state.abandon()
        }
    }

    /// Whether it goes on over another connection when its own ends: see `Node.open`.
    ///
    /// `write` then returns when the stream has kept all bytes, `finish` and `close` when the remote has confirmed them. When no connection
    /// has carried the stream for `ResumptionLimits.deadline`, it ends with `ResumptionFault.tooLate`.
    public var isResumable: Bool { if case .resumable = state { true } else { false } }

    /// How often it has gone on over another connection.
    public var resumptions: Int { if case .resumable(let state, _) = state { Swift.max(0, state.resumed - 1) } else { 0 } }

    /// What the circuit that carries the stream may carry still: bytes in each direction, and seconds. Every stream of the circuit uses it
    /// up. nil: no relay limits the stream, or its connection has ended.
    public var limit: CircuitLimit? {
        get async {
            switch state {
            case .ordinary(let state): await state.limit
            case .resumable(let state, _): await state.limit
            }
        }
    }

    /// Where to run tasks that use this stream often: `Task(executorPreference: stream.executor)`.
    public var executor: any TaskExecutor {
        switch state {
        case .ordinary(let state): state.loop.tasks
        case .resumable(_, let executor): executor
        }
    }

    /// The next bytes, or nil at the end. Throws the reason if the stream failed, and `.cancelled` if this task is cancelled.
    nonisolated(nonsending) public func read() async throws(StreamError) -> [UInt8]? {
        switch state {
        case .ordinary(let state): try await state.read()
        case .resumable(let state, _): try await state.read()
        }
    }

    /// Exactly `count` bytes. Throws `.closed` if the stream ends before. Bytes after them stay unread.
    nonisolated(nonsending) public func read(exactly count: Int) async throws(StreamError) -> [UInt8] {
        switch state {
        case .ordinary(let state): try await state.read(exactly: count)
        case .resumable(let state, _): try await state.read(exactly: count)
        }
    }

    /// Sends bytes in as few frames as possible: up to 32 KiB fit in one frame. Returns when the connection has taken all of them.
    nonisolated(nonsending) public func write(_ bytes: [UInt8]) async throws(StreamError) {
        switch state {
        case .ordinary(let state): try await state.write(bytes)
        case .resumable(let state, _): try await state.write(bytes)
        }
    }

    /// Sends a text as UTF-8.
    nonisolated(nonsending) public func write(_ text: String) async throws(StreamError) { try await write(Array(text.utf8)) }

    /// Ends this side's direction: the remote reads the end after everything that was written. Reading continues.
    ///
    /// Returns when the socket has taken everything, including what TLS holds (on a circuit: when the connection below has taken it). From
    /// then on, an orderly stop of the node loses nothing. Throws the reason if the stream ends before. Keep-alive detects a remote that
    /// takes nothing (`ConnectionLimits.keepAliveInterval`). If the task is cancelled, this throws `.cancelled`, and the end is still sent.
    nonisolated(nonsending) public func finish() async throws(StreamError) {
        switch state {
        case .ordinary(let state): try await state.finish()
        case .resumable(let state, _): try await state.finish()
        }
    }

    /// Ends both directions at once. Data in flight is lost. The remote receives `code`.
    public func reset(code: UInt32 = 0) {
        switch state {
        case .ordinary(let state): state.reset(code: code)
        case .resumable(let state, _): state.reset(code: code)
        }
    }

    /// Finishes this side's direction, as `finish` does, and discards what the remote still sends, up to 1 MiB; then the stream is reset.
    nonisolated(nonsending) public func close() async throws(StreamError) {
        switch state {
        case .ordinary(let state): try await state.close()
        case .resumable(let state, _): try await state.close()
        }
    }

    /// The same, without waiting.
    func beginClosing() {
        switch state {
        case .ordinary(let state): state.beginClosing()
        case .resumable(let state, _): state.beginClosing()
        }
    }

    /// Returns when an ordinary stream fails or is reset, or the task is cancelled.
    nonisolated(nonsending) func waitForFailure() async { if case .ordinary(let state) = state { await state.waitForFailure() } }

    /// Reads the stream. All iterators of one stream share its chunks.
    public struct Iterator: AsyncIteratorProtocol {
        let stream: Stream

        public mutating func next() async throws -> [UInt8]? { try await stream.read() }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(StreamError) -> [UInt8]? {
            try await stream.read()
        }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(stream: self) }
}
