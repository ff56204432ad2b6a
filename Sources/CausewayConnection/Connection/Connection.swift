public import CausewayIdentity

/// The upgrade, encryption and streams of one link: WebSocket (optional), multistream-select, Noise, Yamux. It knows no socket, clock or
/// other connection.
///
/// - Inputs: `receive` (after `prepare` where the shell can), `linkClosed`, `advance`.
/// - Commands: `openStream`, `write`, `finish`, `reset`, `consumed`, `setProtocols`, `close`.
/// - Outputs: `pollOutput` until nil after every input and command; then the bytes of `wire`, which `wireTaken` reports; `nextDeadline`.
///
/// Received bytes are lent until `pollOutput` returns nil. They are parsed when outputs are polled, opened in place, and a stream's data
/// are handed out where they lie. Written data is sealed directly from the caller's bytes into `wire`.
public final class Connection: StreamMultiplexer {
    /// Sealed bytes for the link.
    public internal(set) var wire = ByteQueue()
    /// The round-trip time by the last ping.
    public internal(set) var roundTrip: Interval?

    let isInitiator: Bool

    // Reading.
    var input = InputBuffer()
    var upgrade: Upgrade?
    /// nil: the link's bytes are Noise's.
    var framing: (any LinkFraming)?
    var openingKey: CipherKey?
    var openingCounter: UInt64 = 0
    /// Opened bytes that have not been processed yet, from this offset in `input`.
    var plainStart = 0
    var plainCount = 0
    /// The beginning of a Yamux header whose rest has not arrived.
    var headerPart = ByteQueue()
    /// The DATA frame whose payload is arriving. If its stream is nil, the payload is skipped.
    var frameStream: YamuxStream?
    var frameLeft: UInt32 = 0
    var frameFinishes = false

    // Writing.
    var sealingKey: CipherKey?
    var sealingCounter: UInt64 = 0
    /// How much the wire held before it was last drained. Next time, this much is reserved at once.
    var wirePeak = 0
    /// How many bytes of the wire the shell has taken so far.
    public internal(set) var wirePosition: UInt64 = 0
    /// Writers that wait for room on the wire, in their order.
    var waiting = StreamQueue()
    /// Streams whose FIN is on the wire, or below it in the shell.
    var finishing = StreamQueue()
    /// How far all windows together have grown beyond their initial sizes.
    var windowGrowth = 0

    // Keep-alive.
    var lastReceived: Instant
    var pingValue: UInt32 = 0
    var pingSent: Instant?
    var lastPing: Instant
    /// When a ping was sent because of silence.
    var probeSent: Instant?

    public init(_ configuration: Configuration, now: Instant) {
        isInitiator = configuration.isInitiator
        lastReceived = now
        lastPing = now
        super.init(
            protocols: configuration.protocols, limits: configuration.limits, firstStream: configuration.isInitiator ? 1 : 2, now: now)
        isLimited = configuration.isLimited
        startUpgrade(configuration)
    }

    public var isEstablished: Bool { upgrade == nil && !isClosed }

    // MARK: Inputs

    /// How many bytes of a partial frame wait for more.
    public var stashed: Int { input.stashed }

    /// Call this with the buffer for the next read: it puts the beginning of a partial frame there, so that nothing has to be joined later.
    /// - Returns: The number of bytes put there. If it is not 0, read behind them, and call `receive` with them and what was read, or with
    ///   them alone if nothing was read.
    public func prepare(_ buffer: UnsafeMutableRawBufferPointer) -> Int { isClosed ? 0 : input.prepare(buffer) }

    /// Takes bytes from the link. They are lent, and changed in place, until `pollOutput` returns nil. Do not pass further bytes before
    /// that.
    public func receive(_ bytes: UnsafeMutableRawBufferPointer, now: Instant) {
        moveTime(to: now)
        guard !isClosed else { return }
        input.take(bytes, isFramed: framing != nil)
        if bytes.count > 0 { lastReceived = self.now }
    }

    // MARK: Outputs

    public override func pollOutput() -> ConnectionOutput? {
        while true {
            if let output = takeOutput() { return output }
            if isClosed {
                input.discard()
                return nil
            }
            do throws(ConnectionError) {
                if let data = try work() { return data }
                if nextOutput < outputs.count { continue }
            } catch {
                fail(error)
                continue
            }
            if let stream = nextWriter() { return .writable(stream) }
            input.settle()
            return nil
        }
    }

    /// Parses until there is an output or nothing left to parse. Data is returned directly, everything else is queued.
    private func work() throws(ConnectionError) -> ConnectionOutput? {
        while nextOutput == outputs.count {
            if upgrade != nil {
                guard try continueUpgrade() else { return nil }
            } else if plainCount > 0 {
                if let data = try demultiplex() { return data }
            } else {
                guard try openFrame() else { return nil }
            }
        }
        return nil
    }

    public override func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: input.base.map { $0 + start }, count: count)
    }

    // MARK: Streams

    override func makeStream(_ id: UInt32, _ negotiation: Negotiation) -> MultiplexedStream {
        YamuxStream(id: id, negotiation: negotiation, now: now)
    }

    /// Seals into as few frames as the limits allow. What fits in one frame stays in one.
    override func send(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream) -> Int {
        let stream = Self.yamux(stream)
        var taken = 0
        while taken < bytes.count {
            guard stream.sendWindow > 0, wire.count < limits.wireHighWater else {
                stream.isWaiting = true
                enqueueWriter(stream)
                break
            }
            let size = min(bytes.count - taken, limits.framePayload, Int(min(stream.sendWindow, 1 << 30)))
            sendData(stream, UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + size]))
            taken += size
        }
        return taken
    }

    /// The limits of a negotiation's messages keep their sum below the window with which every stream starts.
    override func sendAll(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream) -> Bool {
        let stream = Self.yamux(stream)
        guard bytes.count <= Int(min(stream.sendWindow, 32 << 10)), checkControl() else { return false }
        sendData(stream, bytes)
        return true
    }

    override func sendFinish(on stream: MultiplexedStream) {
        let stream = Self.yamux(stream)
        sendControl(.windowUpdate, takeFlags(of: stream).union(.fin), stream: stream.id, length: 0)
        stream.finishEnd = wirePosition + UInt64(wire.count)
        finishing.append(stream.id)
    }

    override func sendReset(on stream: MultiplexedStream, code: UInt32) {
        sendControl(.windowUpdate, .rst, stream: stream.id, length: code)
    }

    override func resumeWriter(of stream: MultiplexedStream) { enqueueWriter(Self.yamux(stream)) }

    /// Returns credit once it is half of the window. If that took less than four round trips, the window was holding the sender back, so it
    /// doubles, as in go-yamux.
    override func giveBack(_ count: Int, of stream: MultiplexedStream) { giveBack(count, of: Self.yamux(stream)) }

    override var backlog: Int { wire.count }

    override func forget(_ stream: MultiplexedStream) {
        windowGrowth -= Int(Self.yamux(stream).windowSize - Yamux.initialWindow)
        if frameStream === stream { frameStream = nil }
    }

    // MARK: Time

    public override var nextDeadline: Instant {
        let first = super.nextDeadline
        return isEstablished ? min(first, lifeDeadline) : first
    }

    override func deadlinePassed() {
        if let upgrade { return fail(.timedOut(upgrade.layer)) }
        expireStreams()
        if now >= lifeDeadline { checkLife() }
    }

    /// After the machine woke up, or its network changed: without an answer, the connection ends within `keepAliveTimeout`.
    public override func probe(now: Instant) {
        moveTime(to: now)
        guard isEstablished, probeSent.map({ $0 <= lastReceived }) ?? true else { return }
        sendPing()
        probeSent = self.now
    }

    // MARK: Ending

    /// Closes after everything on the wire: go-away, then the end.
    public override func close(_ reason: CloseReason) { end(.closed(reason), goAway: Yamux.GoAway.normal, isFault: false) }

    override func fail(_ error: ConnectionError) {
        switch error {
        case .peerFault(.yamux, _): end(error, goAway: Yamux.GoAway.protocolError, isFault: false)
        case .limit: end(error, goAway: Yamux.GoAway.internalError, isFault: false)
        case .peerFault(.webSocket, _): end(error, goAway: nil, isFault: true)
        default: end(error, goAway: nil, isFault: false)
        }
    }

    private func end(_ error: ConnectionError, goAway code: UInt32?, isFault: Bool) {
        guard !isClosed else { return }
        if upgrade == nil, let code { sendGoAway(code) }
        framing?.sendClose(isFault: isFault, into: &wire)
        terminate(error)
    }

    override func terminate(_ error: ConnectionError, streams told: StreamError? = nil) {
        super.terminate(error, streams: told)
        waiting = StreamQueue()
        finishing = StreamQueue()
        upgrade = nil
        frameStream = nil
        headerPart = ByteQueue()
    }
}
