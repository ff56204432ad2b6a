public import CausewayIdentity

/// The streams of one link to its remote, whatever carries them. Streams have numbers below 2^31.
///
/// The machine manages the streams' lives: multistream-select, both directions, limits and deadlines. Its `StreamCarrier` moves their
/// bytes. It may fill the time before the remote is authenticated, and then calls `establish`.
///
/// - Inputs: `advance`, `linkClosed`, `linkFailed`, and those of the carrier.
/// - Commands: `openStream`, `write`, `finish`, `reset`, `consumed`, `setProtocols`, `probe`, `close`.
/// - Outputs: `pollOutput` until nil after every input and command; `nextDeadline`.
public final class StreamMachine {
    public let limits: ConnectionLimits
    /// Whether it has ended. Bytes that were already queued are still sent.
    public private(set) var isClosed = false
    /// Whether it runs over a circuit with limits. If so, only protocols that allow it are served.
    public internal(set) var isLimited: Bool
    /// The remote's peer id, once it is authenticated.
    public private(set) var remotePeer: PeerID?

    let carrier: any StreamCarrier
    private(set) var now: Instant
    var streams = Table<UInt32, MultiplexedStream>()
    var inboundStreams = 0
    /// Streams of ours that the remote has not accepted yet.
    var unacknowledgedStreams = 0
    /// The number of streams with a deadline, and the first deadline. Before the remote is authenticated, the deadline for that.
    var timedStreams = 0
    var deadline: Instant
    /// When the link wants a turn in any case.
    var revisit = Instant.distantFuture
    /// Bytes that streams' owners were given and have not consumed.
    var unread = 0
    /// How many more streams of the remote's may come to nothing.
    var patience: Allowance
    private(set) var protocols: ProtocolTable
    /// The number of our next stream.
    var nextStream: UInt32

    /// An output that waits, and the stream that it is about.
    private struct Waiting {
        let output: ConnectionOutput
        let stream: MultiplexedStream?
    }
    private var outputs: [Waiting] = []
    private var nextOutput = 0
    /// Whether outputs wait to be polled. It is asked for with every frame, so it is stored, which needs no check for exclusive access.
    private(set) var hasOutputs = false
    /// The stream that the output polled last is about. It may have left the table.
    private(set) var polled: MultiplexedStream?

    /// The carrier has to authenticate the remote in `ConnectionLimits.handshakeTime`, unless the caller does it at once.
    /// - Parameter isLimited: the link runs over a circuit with limits.
    public init(
        over carrier: any StreamCarrier, protocols: ProtocolTable, limits: ConnectionLimits, isLimited: Bool = false, now: Instant
    ) {
        self.carrier = carrier
        self.limits = limits
        self.protocols = protocols
        self.isLimited = isLimited
        self.now = now
        nextStream = carrier.firstStream
        deadline = now + limits.handshakeTime
        patience = Allowance(atOnce: limits.fruitlessStreams, perSecond: limits.fruitlessStreamsPerSecond)
    }

    /// The remote is authenticated.
    public func establish(_ peer: PeerID, _ key: PublicKey) {
        remotePeer = peer
        deadline = .distantFuture
        report(.established(peer, key))
    }

    /// Whether the remote is authenticated, and it has not ended.
    public var isEstablished: Bool { remotePeer != nil && !isClosed }

    public func setProtocols(_ protocols: ProtocolTable) { self.protocols = protocols }

    /// The bytes that the remote makes it hold.
    var held: Int { unread + carrier.backlog + streams.count * limits.streamCost }

    // MARK: Outputs

    /// The next output. nil: everything received has been processed.
    public func pollOutput() -> ConnectionOutput? {
        repeat {
            if let output = takeOutput() ?? carrier.proceed(in: self) { return output }
        } while hasOutputs
        polled = nil
        return nil
    }

    /// The bytes of a `.data` output, valid until the next `pollOutput`.
    public func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer { carrier.payload(start, count) }

    /// Queues an output.
    func report(_ output: ConnectionOutput, of stream: MultiplexedStream? = nil) {
        outputs.append(Waiting(output: output, stream: stream))
        hasOutputs = true
    }

    /// Marks a stream as the one that an output of the carrier's, which is not queued, is about.
    func about(_ stream: MultiplexedStream, _ output: ConnectionOutput) -> ConnectionOutput {
        polled = stream
        return output
    }

    private func takeOutput() -> ConnectionOutput? {
        guard hasOutputs else { return nil }
        let next = outputs[nextOutput]
        nextOutput += 1
        if nextOutput == outputs.count {
            nextOutput = 0
            outputs = []
            hasOutputs = false
        }
        polled = next.stream
        return next.output
    }

    // MARK: Time

    /// When `advance` has something to do. It moves with everything received, so a shell can ask again when it is due rather than at every
    /// input.
    public var nextDeadline: Instant { isClosed ? .distantFuture : min(deadline, revisit, carrier.nextDeadline(in: self)) }

    /// Handles deadlines that have passed.
    public func advance(to now: Instant) {
        moveTime(to: now)
        guard self.now >= nextDeadline else { return }
        guard remotePeer != nil else { return fail(.timedOut(carrier.handshakeLayer)) }
        expireStreams()
        carrier.deadlinePassed(in: self)
    }

    func moveTime(to now: Instant) { self.now = max(self.now, now) }

    /// Asks the remote for a sign of life: after the machine woke up, or its network changed.
    public func probe(now: Instant) {
        moveTime(to: now)
        if isEstablished { carrier.probe(in: self) }
    }

    // MARK: The end

    /// Ends it. Streams fail with `.connection(.closed(reason))`.
    public func close(_ reason: CloseReason) { fail(.closed(reason)) }

    /// Ends it because of the remote, or of a limit.
    func fail(_ error: ConnectionError) {
        guard !isClosed else { return }
        carrier.sayGoodbye(because: error)
        terminate(error)
    }

    /// The link below has ended. `errno` is 0 for an orderly end.
    public func linkClosed(errno: Int32) { terminate(.link(errno: errno)) }

    /// The same with the shell's own reason. `streams`: the error of the streams. nil: that the connection ended.
    public func linkFailed(_ error: ConnectionError, streams: StreamError?) { terminate(error, streams: streams) }

    private func terminate(_ error: ConnectionError, streams told: StreamError? = nil) {
        guard !isClosed else { return }
        isClosed = true
        for stream in streams.values { reportEnd(of: stream, told ?? .connection(error)) }
        streams = Table()
        unread = 0
        carrier.ended()
        report(.closed(error))
    }
}
