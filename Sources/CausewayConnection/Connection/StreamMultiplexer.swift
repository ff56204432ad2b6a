public import CausewayIdentity

/// What a `Link` drives: many streams to one remote, whatever carries them. Streams are named by numbers below 2^31.
public protocol StreamMultiplexer: AnyObject {
    var limits: ConnectionLimits { get }
    /// Nothing more comes of it.
    var isClosed: Bool { get }
    /// Whether it runs over a circuit with limits: only protocols that allow it are answered then.
    var isLimited: Bool { get set }
    /// Who the remote is, once that is proven.
    var remotePeer: PeerID? { get }
    /// When `advance` has something to do.
    var nextDeadline: Instant { get }

    func pollOutput() -> ConnectionOutput?
    /// The bytes of a `.data` output, until the next `pollOutput`.
    func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer
    func advance(to now: Instant)
    /// Asks for a sign of life now.
    func probe(now: Instant)
    /// The link below ended: `errno`, or 0 for an orderly end.
    func linkClosed(errno: Int32)
    func setProtocols(_ protocols: ProtocolTable)
    func close(_ reason: CloseReason)

    func hasStream(_ stream: UInt32) -> Bool
    func openStream(_ protocolIDs: [[UInt8]], now: Instant) throws(StreamError) -> UInt32
    func write(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int
    /// All bytes or none, past the high-water mark: for a small message that must not be cut.
    func writeAll(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool
    func finish(_ stream: UInt32)
    func reset(_ stream: UInt32, code: UInt32)
    func consumed(_ stream: UInt32, _ count: Int)
}

extension Connection: StreamMultiplexer {}
