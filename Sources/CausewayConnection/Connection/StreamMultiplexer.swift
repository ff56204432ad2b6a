public import CausewayIdentity

/// What a `Link` drives: many streams to one remote, whatever carries them. Streams have numbers below 2^31.
///
/// This class manages the streams' lives: multistream-select, both directions, limits and deadlines. `Connection` carries them by Yamux,
/// `DataChannelConnection` by data channels.
public class StreamMultiplexer {
    public let limits: ConnectionLimits
    /// Whether it has ended. Bytes that were already queued are still sent.
    public internal(set) var isClosed = false
    /// Whether it runs over a circuit with limits. If so, only protocols that allow it are served.
    public var isLimited = false
    /// The remote's peer id, once it is authenticated.
    public internal(set) var remotePeer: PeerID?

    var now: Instant
    var outputs: [ConnectionOutput] = []
    var nextOutput = 0
    var streams = Table<UInt32, MultiplexedStream>()
    var inboundStreams = 0
    /// Streams of ours that the remote has not accepted yet.
    var unacknowledgedStreams = 0
    /// The number of streams with a deadline, and the first deadline. Before the remote is authenticated, the deadline for that.
    var timedStreams = 0
    var deadline = Instant.distantFuture
    /// When the link wants a turn in any case.
    var revisit = Instant.distantFuture
    /// Bytes that streams' owners were given and have not consumed.
    var unread = 0
    /// How many more streams of the remote's may come to nothing.
    var patience: Allowance
    private var protocols: ProtocolTable
    private var nextStream: UInt32

    init(protocols: ProtocolTable, limits: ConnectionLimits, firstStream: UInt32, now: Instant) {
        self.limits = limits
        self.protocols = protocols
        self.now = now
        nextStream = firstStream
        patience = Allowance(atOnce: limits.fruitlessStreams, perSecond: limits.fruitlessStreamsPerSecond)
    }

    // MARK: What carries the streams: each subclass overrides these

    /// The next output. nil: everything received has been processed.
    public func pollOutput() -> ConnectionOutput? { takeOutput() }

    /// The bytes of a `.data` output, valid until the next `pollOutput`.
    public func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: nil, count: 0) }

    /// A stream's reader has taken this many bytes: returns their credit to the remote.
    func giveBack(_ count: Int, of stream: MultiplexedStream) {}

    /// Bytes that wait for the remote to take them.
    var backlog: Int { 0 }

    /// The bytes that the remote makes it hold.
    var held: Int { unread + backlog + streams.count * limits.streamCost }

    /// Ends it because of the remote, or of a limit.
    func fail(_ error: ConnectionError) { terminate(error) }

    /// Asks the remote for a sign of life now.
    public func probe(now: Instant) {}

    /// Ends it. Streams fail with `.connection(.closed(reason))`.
    public func close(_ reason: CloseReason) { terminate(.closed(reason)) }

    /// When `advance` has something to do. It moves with everything received, so a shell can ask again when it is due rather than at every
    /// input.
    public var nextDeadline: Instant { isClosed ? .distantFuture : min(deadline, revisit) }

    func deadlinePassed() { expireStreams() }

    func makeStream(_ id: UInt32, _ negotiation: Negotiation) -> MultiplexedStream { MultiplexedStream(id: id, negotiation: negotiation) }

    /// Sends as many of the bytes as possible now, and lets the writer wait if that is not all.
    func send(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream) -> Int { 0 }

    /// Sends all of a few bytes, whatever else waits to be sent. Returns false if that is not possible.
    func sendAll(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream) -> Bool { false }

    /// Sends the end of our direction. `delivered` reports the result.
    func sendFinish(on stream: MultiplexedStream) {}

    func sendReset(on stream: MultiplexedStream, code: UInt32) {}

    /// A writer that had to wait may be able to continue.
    func resumeWriter(of stream: MultiplexedStream) {}

    /// Both directions are finished, and ours is delivered.
    func conclude(_ stream: MultiplexedStream) { remove(stream, nil) }

    /// What a stream waited for has not come in time.
    func expire(_ stream: MultiplexedStream) { abandon(stream, .timedOut) }

    /// A stream leaves the table.
    func forget(_ stream: MultiplexedStream) {}

    func terminate(_ error: ConnectionError, streams told: StreamError? = nil) {
        guard !isClosed else { return }
        isClosed = true
        for stream in streams.values { tellEnd(of: stream, told ?? .connection(error)) }
        streams = Table()
        unread = 0
        outputs.append(.closed(error))
    }

    // MARK: Inputs and outputs

    public func setProtocols(_ protocols: ProtocolTable) { self.protocols = protocols }

    /// The protocol of this name, if it is served here.
    func entry(for name: [UInt8]) -> ProtocolTable.Entry? {
        guard let entry = protocols.entry(for: name), entry.allowsLimited || !isLimited else { return nil }
        return entry
    }

    /// Handles deadlines that have passed.
    public func advance(to now: Instant) {
        moveTime(to: now)
        if self.now >= nextDeadline { deadlinePassed() }
    }

    /// The link below has ended. `errno` is 0 for an orderly end.
    public func linkClosed(errno: Int32) { terminate(.link(errno: errno)) }

    /// The same with the shell's own reason. `streams`: the error of the streams. nil: that the connection ended.
    public func linkFailed(_ error: ConnectionError, streams: StreamError?) { terminate(error, streams: streams) }

    func moveTime(to now: Instant) { self.now = max(self.now, now) }

    func takeOutput() -> ConnectionOutput? {
        guard nextOutput < outputs.count else { return nil }
        let output = outputs[nextOutput]
        nextOutput += 1
        if nextOutput == outputs.count {
            nextOutput = 0
            outputs = []
        }
        return output
    }

    /// The remote is authenticated.
    func establish(_ peer: PeerID, _ key: PublicKey) {
        remotePeer = peer
        deadline = .distantFuture
        outputs.append(.established(peer, key))
    }

    // MARK: Commands

    public func hasStream(_ stream: UInt32) -> Bool { streams[stream] != nil }

    /// Whether a stream's finished direction has not been delivered yet.
    public var awaitsDelivery: Bool { streams.values.contains { $0.isFinishing && !$0.isDelivered } }

    /// Opens a stream and proposes the protocols in this order. With a single proposal, the stream can be written to at once.
    /// - Returns: The stream's number. Answered by `streamReady` or `streamFailed`.
    public func openStream(_ protocolIDs: [[UInt8]], now: Instant) throws(StreamError) -> UInt32 {
        moveTime(to: now)
        guard remotePeer != nil, !isClosed, !protocolIDs.isEmpty else { throw .notConnected }
        guard unacknowledgedStreams < limits.unacknowledgedStreams else {
            throw .limit(.streamsAwaitingAccept, value: UInt64(limits.unacknowledgedStreams))
        }
        guard nextStream < 1 << 31 else { throw .limit(.streamsPerConnection, value: 1 << 30) }
        let id = nextStream
        nextStream += 2
        let negotiation = Negotiation(proposing: protocolIDs, limits: limits)
        sendReply(add(id, negotiation), negotiation)
        return id
    }

    /// Sends data from where it lies.
    /// - Returns: How many bytes were taken. If not all, `writable` says when to continue.
    /// - Throws: `.closed` if the stream has ended or was finished.
    public func write(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        guard let stream = streams[stream], !stream.isFinishing else { throw .closed }
        guard stream.takesData else {
            stream.isWaiting = true
            return 0
        }
        return send(bytes, on: stream)
    }

    /// Sends all bytes or none, past the high-water mark, for a small message that must not be cut.
    public func writeAll(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let stream = streams[stream], !stream.isFinishing, stream.takesData else { return false }
        return sendAll(bytes, on: stream)
    }

    /// Finishes our direction once the protocol is settled, in a frame of its own: js-libp2p loses data that arrives together with FIN.
    public func finish(_ stream: UInt32) {
        guard let stream = streams[stream], !stream.isFinishing else { return }
        finish(stream)
    }

    /// The owner has concluded the stream: it is reset if it is not over in `ConnectionLimits.concludedTime`.
    func expectEnd(of stream: UInt32) {
        guard let stream = streams[stream], !stream.isConcluded else { return }
        stream.isConcluded = true
        if stream.isSettled { setDeadline(of: stream, after: limits.concludedTime) }
    }

    func finish(_ stream: MultiplexedStream) {
        stream.isFinishing = true
        guard stream.isSettled, !stream.isFinished else { return }
        stream.isFinished = true
        sendFinish(on: stream)
    }

    /// A finished direction of ours is delivered, or its fate is unknown, as `error` says.
    func delivered(_ stream: MultiplexedStream, _ error: StreamError?) {
        guard !stream.isDelivered else { return }
        stream.isDelivered = true
        outputs.append(.delivered(stream.id, error))
        concludeIfOver(stream)
    }

    /// A stream's owner has taken this many bytes.
    public func consumed(_ stream: UInt32, _ count: Int) {
        guard let stream = streams[stream], count > 0 else { return }
        let size = min(count, stream.unread)
        stream.unread -= size
        unread -= size
        if stream.isRemoteFinished { concludeIfOver(stream) } else { giveBack(size, of: stream) }
    }

    /// Ends both directions at once. The end is reported as `.resetLocally`.
    /// - Parameter code: Sent to the remote if there is a place for it (0: none). Stacks without codes ignore it.
    public func reset(_ stream: UInt32, code: UInt32 = 0) {
        if let stream = streams[stream] { abandon(stream, .resetLocally, code: code) }
    }
}
