public import CausewayIdentity

/// One link's upgrade, encryption and streams: WebSocket (optional), multistream-select, Noise, Yamux. It knows no socket, clock or other
/// connection.
///
/// - Inputs: `receive` (after `prepare` where the shell can), `linkClosed`, `advance`.
/// - Commands: `openStream`, `write`, `finish`, `reset`, `consumed`, `setProtocols`, `close`.
/// - Outputs: `pollOutput` until nil after every input and command; then the bytes of `wire`, reported by `wireTaken`; `nextDeadline`.
///
/// Received bytes are lent until `pollOutput` returns nil: they are parsed as outputs are asked for, opened in place, and a stream's data
/// are handed out where they lie. What is written is sealed straight from the caller's bytes into `wire`.
public final class Connection: StreamMultiplexer {
    /// Sealed bytes for the link.
    public internal(set) var wire = ByteQueue()
    /// Ping's last answer.
    public internal(set) var roundTrip: Interval?

    let isInitiator: Bool

    // The way in.
    var input = InputBuffer()
    var upgrade: Upgrade?
    /// nil: the link's bytes are Noise's.
    var framing: (any LinkFraming)?
    var openingKey: CipherKey?
    var openingCounter: UInt64 = 0
    /// Opened bytes not yet worked on, from this offset in `input`.
    var plainStart = 0
    var plainCount = 0
    /// The start of a Yamux header whose end has not arrived.
    var headerPart = ByteQueue()
    /// The DATA frame whose payload is arriving; nil stream: it is skipped.
    var frameStream: YamuxStream?
    var frameLeft: UInt32 = 0
    var frameFinishes = false

    // The way out.
    var sealingKey: CipherKey?
    var sealingCounter: UInt64 = 0
    /// How much the wire held before it was drained last: so much is reserved at once next time.
    var wirePeak = 0
    /// How many bytes the shell has taken of the wire so far.
    public internal(set) var wirePosition: UInt64 = 0
    /// Writers that wait for room on the wire, in their order.
    var waiting = StreamQueue()
    /// Streams whose FIN stands on the wire, or below it in the shell.
    var finishing = StreamQueue()
    /// What windows have grown to together beyond their starts.
    var windowGrowth = 0

    // Signs of life.
    var lastReceived: Instant
    var pingValue: UInt32 = 0
    var pingSent: Instant?
    var lastPing: Instant
    /// The ping that was sent for want of any sign of life.
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

    /// To be called with the buffer that will be read into: puts the start of a partial frame there, so that nothing has to be joined
    /// later.
    /// - Returns: how many bytes were put there. If not 0 then read behind them, and hand them over with what was read: `receive` must
    ///   follow, with these bytes alone if nothing was read.
    public func prepare(_ buffer: UnsafeMutableRawBufferPointer) -> Int { isClosed ? 0 : input.prepare(buffer) }

    /// Bytes from the link, lent and changed in place until `pollOutput` returned nil. Other bytes must not come before that.
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

    /// Parses until there is an output or nothing left to parse. Data come back directly, everything else is queued.
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

    /// Seals into as few frames as the limits allow; what fits a frame stays one.
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

    /// Both limits on a negotiation's messages together stay below the window that every stream starts with.
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

    /// Once they are half of the window the credit goes back. If that took less than four round trips then the window was what held the
    /// sender back, and doubles, as in go-yamux.
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

    /// As when the machine woke up or its network changed: without an answer the connection ends within `keepAliveTimeout`.
    public override func probe(now: Instant) {
        moveTime(to: now)
        guard isEstablished, probeSent.map({ $0 <= lastReceived }) ?? true else { return }
        sendPing()
        probeSent = self.now
    }

    // MARK: The end

    /// Closes after what is on the wire: go-away, then the end.
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
