public import CausewayIdentity

/// What a `Link` drives: many streams to one remote, whatever carries them. Streams are named by numbers below 2^31.
///
/// Here are the streams' lives: multistream-select, both ends, limits and deadlines. `Connection` carries them by Yamux,
/// `DataChannelConnection` by data channels.
public class StreamMultiplexer {
    public let limits: ConnectionLimits
    /// Nothing but what is sent already follows.
    public internal(set) var isClosed = false
    /// Whether it runs over a circuit with limits: only protocols that allow it are answered then.
    public var isLimited = false
    /// Who the remote is, once that is proven.
    public internal(set) var remotePeer: PeerID?

    var now: Instant
    var outputs: [ConnectionOutput] = []
    var nextOutput = 0
    var streams = Table<UInt32, MultiplexedStream>()
    var inboundStreams = 0
    /// Streams of ours that the remote has not taken up yet.
    var unacknowledgedStreams = 0
    /// Streams that have a deadline, and the first of these; before the remote is known, when it must be.
    var timedStreams = 0
    var deadline = Instant.distantFuture
    /// When the link wants a turn, whatever happens.
    var revisit = Instant.distantFuture
    /// Bytes that streams' owners were given and have not consumed.
    var unread = 0
    /// What the remote may still have us do for nothing.
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

    // MARK: What carries the streams: for each subclass to override

    /// What happened next, or nil when all that was received is worked on.
    public func pollOutput() -> ConnectionOutput? { takeOutput() }

    /// The bytes of a `.data` output, until the next `pollOutput`.
    public func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: nil, count: 0) }

    /// A stream's reader has taken so many bytes, and the remote may send as many more.
    func giveBack(_ count: Int, of stream: MultiplexedStream) {}

    /// Bytes that wait for the remote to take them.
    var backlog: Int { 0 }

    /// What the remote makes it keep.
    var held: Int { unread + backlog + streams.count * limits.streamCost }

    /// The remote, or a limit, is at fault.
    func fail(_ error: ConnectionError) { terminate(error) }

    /// Asks for a sign of life now.
    public func probe(now: Instant) {}

    /// Ends it. Streams are told `.connection(.closed(reason))`.
    public func close(_ reason: CloseReason) { terminate(.closed(reason)) }

    /// When `advance` has something to do. It moves with everything received, so a shell may ask again when it fires rather than at every
    /// input.
    public var nextDeadline: Instant { isClosed ? .distantFuture : min(deadline, revisit) }

    func deadlinePassed() { expireStreams() }

    func makeStream(_ id: UInt32, _ negotiation: Negotiation) -> MultiplexedStream { MultiplexedStream(id: id, negotiation: negotiation) }

    /// Sends as many of the bytes as may go now, and lets the writer wait if that is not all.
    func send(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream) -> Int { 0 }

    /// Sends all of a few bytes, whatever waits to be sent; false if they may not go.
    func sendAll(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream) -> Bool { false }

    /// Sends our direction's end; `delivered` tells what came of it.
    func sendFinish(on stream: MultiplexedStream) {}

    func sendReset(on stream: MultiplexedStream, code: UInt32) {}

    /// A writer that was held back may perhaps go on.
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

    /// Lets deadlines pass.
    public func advance(to now: Instant) {
        moveTime(to: now)
        if self.now >= nextDeadline { deadlinePassed() }
    }

    /// The link below ended: `errno`, or 0 for an orderly end.
    public func linkClosed(errno: Int32) { terminate(.link(errno: errno)) }

    /// As `linkClosed`, with a reason of the shell's. `streams` is what the streams are told; nil: that the connection ended.
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

    /// The remote has proved who it is.
    func establish(_ peer: PeerID, _ key: PublicKey) {
        remotePeer = peer
        deadline = .distantFuture
        outputs.append(.established(peer, key))
    }

    // MARK: Commands

    public func hasStream(_ stream: UInt32) -> Bool { streams[stream] != nil }

    /// Whether a stream's end that its owner has asked for is still on its way.
    public var awaitsDelivery: Bool { streams.values.contains { $0.isFinishing && !$0.isDelivered } }

    /// Opens a stream and proposes the protocols in this order. With a single proposal it may be written to at once.
    /// - Returns: its number. Answered by `streamReady` or `streamFailed`.
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

    /// Sends from where the bytes lie.
    /// - Returns: how many bytes were taken. If not all then `writable` tells when to go on.
    /// - Throws: `.closed` if the stream is gone or was finished.
    public func write(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        guard let stream = streams[stream], !stream.isFinishing else { throw .closed }
        guard stream.takesData else {
            stream.isWaiting = true
            return 0
        }
        return send(bytes, on: stream)
    }

    /// All bytes or none, past the high-water mark: for a small message that must not be cut.
    public func writeAll(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let stream = streams[stream], !stream.isFinishing, stream.takesData else { return false }
        return sendAll(bytes, on: stream)
    }

    /// Ends our direction, once the protocol is settled, by itself: js-libp2p loses what comes together with FIN.
    public func finish(_ stream: UInt32) {
        guard let stream = streams[stream], !stream.isFinishing else { return }
        finish(stream)
    }

    /// A stream's owner wants nothing more of it: it is reset if it is not over in `ConnectionLimits.concludedTime`.
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

    /// A finished direction of ours is with the remote, or nobody knows, as `error` says.
    func delivered(_ stream: MultiplexedStream, _ error: StreamError?) {
        guard !stream.isDelivered else { return }
        stream.isDelivered = true
        outputs.append(.delivered(stream.id, error))
        concludeIfOver(stream)
    }

    /// A stream's owner has taken so many bytes.
    public func consumed(_ stream: UInt32, _ count: Int) {
        guard let stream = streams[stream], count > 0 else { return }
        let size = min(count, stream.unread)
        stream.unread -= size
        unread -= size
        if stream.isRemoteFinished { concludeIfOver(stream) } else { giveBack(size, of: stream) }
    }

    /// Ends both directions at once. The end is told as `.resetLocally`.
    /// - Parameter code: told to the remote where there is a place for it (0: none); stacks that know no codes ignore it.
    public func reset(_ stream: UInt32, code: UInt32 = 0) {
        if let stream = streams[stream] { abandon(stream, .resetLocally, code: code) }
    }
}
