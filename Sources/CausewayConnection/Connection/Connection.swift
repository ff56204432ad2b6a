public import CausewayIdentity

/// The upgrade and encryption of one link over bytes, and Yamux: WebSocket (optional), multistream-select, Noise, and what carries the
/// streams of a `StreamMachine`. It knows no socket, clock or other connection.
///
/// - Inputs: `receive`, after `prepare` where the shell can.
/// - Outputs: once the machine has been polled until nil, the bytes of `wire`, which `wireTaken` reports.
///
/// Received bytes are lent until the machine's `pollOutput` returns nil. They are parsed when outputs are polled, opened in place, and a
/// stream's data are handed out where they lie. Written data is sealed directly from the caller's bytes into `wire`.
public final class Connection {
    /// Sealed bytes for the link.
    public internal(set) var wire = ByteQueue()

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
    /// How many of these the carrier of the link has.
    var sentPosition: UInt64 = 0
    /// Whether these may contain a stream's FIN that is not reported yet.
    var mayHaveDelivered = false

    // Streams.
    var windows = Table<UInt32, YamuxStream>()
    /// Writers that wait for room on the wire, in their order.
    var waiting = StreamQueue()
    /// Streams whose FIN is on the wire, or below it in the shell.
    var finishing = StreamQueue()
    /// How far all windows together have grown beyond their initial sizes.
    var windowGrowth = 0

    // Keep-alive.
    var lastReceived: Instant
    /// The round-trip time by the last ping.
    var roundTrip: Interval?
    var pingValue: UInt32 = 0
    var pingSent: Instant?
    var lastPing: Instant
    /// When a ping was sent because of silence.
    var probeSent: Instant?
    /// Somebody asked for that ping (`probe`).
    var isDoubted = false

    public init(_ configuration: Configuration, now: Instant) {
        isInitiator = configuration.isInitiator
        lastReceived = now
        lastPing = now
        startUpgrade(configuration)
    }

    // MARK: Inputs

    /// How many bytes of a partial frame wait for more.
    public var stashed: Int { input.stashed }

    /// Call this with the buffer for the next read: it puts the beginning of a partial frame there, so that nothing has to be joined later.
    /// - Returns: The number of bytes put there. If it is not 0, read behind them, and call `receive` with them and what was read, or with
    ///   them alone if nothing was read.
    public func prepare(_ buffer: UnsafeMutableRawBufferPointer) -> Int { input.prepare(buffer) }

    /// Takes bytes from the link. They are lent, and changed in place, until `StreamMachine.pollOutput` returns nil. Do not pass further
    /// bytes before that.
    public func receive(_ bytes: UnsafeMutableRawBufferPointer, now: Instant) {
        input.take(bytes, isFramed: framing != nil)
        if bytes.count > 0 { lastReceived = max(lastReceived, now) }
    }

    // MARK: Processing

    /// Parses until there is an output or nothing left to parse. Data is returned directly, everything else is queued.
    func work(in streams: StreamMachine) throws(ConnectionError) -> ConnectionOutput? {
        while !streams.hasOutputs {
            if upgrade != nil {
                guard try continueUpgrade(in: streams) else { return nil }
            } else if plainCount > 0 {
                if let data = try demultiplex(in: streams) { return data }
            } else {
                guard try openFrame(in: streams) else { return nil }
            }
        }
        return nil
    }
}
