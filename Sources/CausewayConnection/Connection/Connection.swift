public import CausewayIdentity

public final class Connection {
    public private(set) var wire = ByteQueue()
    public private(set) var isClosed = false
    public private(set) var isEstablished = false
    public var isLimited: Bool
    public var nextDeadline: Instant { .distantFuture }
    public var stashed: Int { 0 }

    public init(_ configuration: Configuration, now: Instant) { isLimited = configuration.isLimited; limits = configuration.limits }

    public func prepare(_ buffer: UnsafeMutableRawBufferPointer) -> Int { 0 }
    public func receive(_ bytes: UnsafeMutableRawBufferPointer, now: Instant) {}
    public func linkClosed(errno: Int32) {}
    public func linkFailed(_ error: ConnectionError, streams: StreamError?) {}
    public let limits: ConnectionLimits
    public func hasStream(_ stream: UInt32) -> Bool { false }
    func writeAll(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool { false }
    public func advance(to now: Instant) {}
    public func pollOutput() -> ConnectionOutput? { nil }
    public func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer { .init(start: nil, count: 0) }
    public func openStream(_ protocolIDs: [[UInt8]], now: Instant) throws(StreamError) -> UInt32 { throw .notConnected }
    public func write(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int { 0 }
    public func finish(_ stream: UInt32) {}
    public func reset(_ stream: UInt32, code: UInt32 = 0) {}
    public func consumed(_ stream: UInt32, _ count: Int) {}
    public func setProtocols(_ protocols: ProtocolTable) {}
    public func close(_ reason: CloseReason) {}
    public func wireTaken(_ count: Int) {}
}
