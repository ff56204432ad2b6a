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
public final class Connection {
    public let limits: ConnectionLimits
    /// Sealed bytes for the link.
    public internal(set) var wire = ByteQueue()
    /// Nothing but what is on `wire` follows.
    public internal(set) var isClosed = false
    /// Whether it runs over a circuit with limits: only protocols that allow it are answered then.
    public var isLimited: Bool
    /// Who the remote is, once that is proven.
    public internal(set) var remotePeer: PeerID?
    /// Ping's last answer.
    public internal(set) var roundTrip: Interval?

    let isInitiator: Bool
    var now: Instant
    var protocols: ProtocolTable
    var outputs: [ConnectionOutput] = []
    var nextOutput = 0

    // The way in.
    var input = InputBuffer()
    var upgrade: Upgrade?
    /// nil: the link's bytes are Noise's.
    var framing: (any LinkFraming)?
    var openingKey: CipherKey?
    var openingCounter: UInt64 = 0
    /// Opened bytes not yet worked on, as offsets in `input`.
    var plain = 0..<0
    /// The start of a Yamux header whose end has not arrived.
    var headerPart: [UInt8] = []
    /// The DATA frame whose payload is arriving; nil stream: it is skipped.
    var frameStream: YamuxStream?
    var frameLeft: UInt32 = 0
    var frameFinishes = false

    // The way out.
    var sealingKey: CipherKey?
    var sealingCounter: UInt64 = 0
    /// How much the wire held before it was drained last: so much is reserved at once next time.
    var wirePeak = 0

    // Streams.
    var streams: [UInt32: YamuxStream] = [:]
    var nextStream: UInt32
    var inboundStreams = 0
    var unacknowledgedStreams = 0
    var negotiatingStreams = 0
    var negotiationDeadline = Instant.distantFuture
    /// Writers that wait for room on the wire, in their order.
    var waiting: [UInt32] = []
    var nextWaiting = 0
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
        limits = configuration.limits
        isInitiator = configuration.isInitiator
        isLimited = configuration.isLimited
        protocols = configuration.protocols
        nextStream = configuration.isInitiator ? 1 : 2
        self.now = now
        lastReceived = now
        lastPing = now
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

    /// The link below ended: `errno`, or 0 for an orderly end.
    public func linkClosed(errno: Int32) { terminate(.link(errno: errno), streams: nil) }

    /// The same, with a reason of the shell's. `streams` is what the streams are told; nil: that the connection ended.
    public func linkFailed(_ error: ConnectionError, streams: StreamError?) { terminate(error, streams: streams) }

    // MARK: Outputs

    /// What happened next, or nil when all that was received is worked on.
    public func pollOutput() -> ConnectionOutput? {
        while true {
            if nextOutput < outputs.count { return takeOutput() }
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

    private func takeOutput() -> ConnectionOutput {
        let output = outputs[nextOutput]
        nextOutput += 1
        if nextOutput == outputs.count {
            nextOutput = 0
            outputs = []
        }
        return output
    }

    /// Parses until there is an output or nothing left to parse. Data come back directly, everything else is queued.
    private func work() throws(ConnectionError) -> ConnectionOutput? {
        while nextOutput == outputs.count {
            if upgrade != nil {
                guard try continueUpgrade() else { return nil }
            } else if !plain.isEmpty {
                if let data = try demultiplex() { return data }
            } else {
                guard try openFrame() else { return nil }
            }
        }
        return nil
    }

    /// The bytes of a `.data` output, until the next `pollOutput`.
    public func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: input.base.map { $0 + start }, count: count)
    }

    // MARK: The end

    /// Closes after what is on the wire: go-away, then the end. Streams are told `.connection(.closed(reason))`.
    public func close(_ reason: CloseReason) {
        guard !isClosed else { return }
        if upgrade == nil { sendGoAway(Yamux.GoAway.normal) }
        framing?.sendClose(isFault: false, into: &wire)
        terminate(.closed(reason), streams: nil)
    }

    /// The remote, or a limit, is at fault.
    func fail(_ error: ConnectionError) {
        guard !isClosed else { return }
        if upgrade == nil {
            switch error {
            case .peerFault(.yamux, _): sendGoAway(Yamux.GoAway.protocolError)
            case .limit: sendGoAway(Yamux.GoAway.internalError)
            default: break
            }
        }
        var isFault = false
        if case .peerFault(.webSocket, _) = error { isFault = true }
        framing?.sendClose(isFault: isFault, into: &wire)
        terminate(error, streams: nil)
    }

    private func terminate(_ error: ConnectionError, streams told: StreamError?) {
        guard !isClosed else { return }
        isClosed = true
        for id in streams.keys.sorted() {
            if let stream = streams[id] { tellEnd(of: stream, told ?? .connection(error)) }
        }
        outputs.append(.closed(error))
        streams = [:]
        waiting = []
        nextWaiting = 0
        upgrade = nil
        frameStream = nil
        headerPart = []
    }
}
