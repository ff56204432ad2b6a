public import CausewayConnection
import CausewayIdentity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What one end of a stream does by itself.
public enum StreamScript: Equatable, Sendable {
    /// Nothing: it keeps what arrives in `SimulatedStream.received`, and sends what `write` is given.
    case keep
    /// Sends back what arrives, and finishes when the far end has finished.
    case echo
    /// Counts the bytes that arrive and compares them with the pattern, keeps nothing, and finishes when the far end has finished.
    case sink
    /// Sends this many bytes of the pattern and finishes. It treats what arrives as a sink does.
    case send(UInt64)

    /// The byte at an offset of the pattern. The pattern repeats only after a prime number of bytes, so that lost or doubled bytes show.
    public static func pattern(_ offset: UInt64) -> UInt8 { table[Int(offset % period)] }

    /// Calls `body` with a contiguous part of the pattern, from an offset on, of at most `limit` bytes.
    static func withPattern(at offset: UInt64, limit: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        let start = Int(offset % period)
        let end = min(start + max(limit, 0), table.count)
        table.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    }

    private static let period: UInt64 = 65_521
    private static let table: [UInt8] = (0..<2 * period).map { UInt8(truncatingIfNeeded: ($0 % period &* 0x9e37_79b9_7f4a_7c15) >> 56) }
}

/// An application's end of a stream, with the back-pressure of a careful application: it returns credit only for bytes that it has
/// processed.
public final class SimulatedStream: StreamOwner {
    /// What this end does by itself.
    public let script: StreamScript
    /// The protocol on which both sides agreed. nil: not yet.
    public private(set) var protocolID: String?
    /// The bytes that arrived, if the script is `keep`.
    public private(set) var received: [UInt8] = []
    /// How many bytes arrived and were processed.
    public private(set) var receivedCount: UInt64 = 0
    /// How many bytes the connection has taken.
    public private(set) var sentCount: UInt64 = 0
    /// Whether everything that a `sink` or `send` received was the pattern.
    public private(set) var matchesPattern = true
    /// Whether the far end has finished its direction.
    public private(set) var isRemoteFinished = false
    /// Whether both directions are over.
    public private(set) var isOver = false
    /// Why it ended. nil: both ends finished.
    public private(set) var error: StreamError?
    /// The link that carries the stream.
    public private(set) var link: Link?
    /// Whether this end reads. If not, it holds back the sender.
    public private(set) var isReading = true

    private var stream: UInt32 = 0
    private var unread = ByteQueue()
    private var outbox = ByteQueue()
    private var isFinishing = false
    private var hasFinished = false

    init(_ script: StreamScript) { self.script = script }

    /// Bytes that arrived and wait for the application to read them.
    public var unreadCount: Int { unread.count }

    // MARK: What an application does

    /// Sends bytes, as soon as the window allows.
    public func write(_ bytes: [UInt8]) {
        outbox.append(bytes)
        flush()
    }

    /// Finishes this direction after what was written.
    public func finish() {
        isFinishing = true
        flush()
    }

    /// Ends both directions at once.
    public func reset() { if !isOver { link?.reset(stream) } }

    /// Stops reading: the far end can send only what the window allows.
    public func pauseReading() { isReading = false }

    /// Continues to read.
    public func resumeReading() {
        isReading = true
        work()
    }

    // MARK: From the link

    func attach(_ stream: UInt32, protocolID: String?, on link: Link) {
        self.stream = stream
        self.link = link
        if let protocolID { self.protocolID = protocolID }
    }

    /// The far end opened it: what the script sends by itself goes out.
    func begin() { flush() }

    public func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {
        attach(stream, protocolID: String(decoding: protocolID, as: UTF8.self), on: link)
        flush()
    }

    public func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        unread.append(UnsafeRawBufferPointer(bytes))
        work()
    }

    public func writable(_ stream: UInt32, on link: Link) {
        flush()
        work()
    }

    public func finished(_ stream: UInt32, on link: Link) {
        isRemoteFinished = true
        work()
    }

    public func closed(_ stream: UInt32, error: StreamError?, on link: Link) {
        isOver = true
        self.error = error
        self.link = nil
    }

    /// The node to which it belonged is gone.
    func abandon() {
        isOver = true
        if error == nil { error = .notConnected }
        link = nil
    }

    // MARK: The script

    /// Processes what arrived.
    private func work() {
        guard isReading, !unread.isEmpty || isRemoteFinished else { return }
        switch script {
        case .keep:
            received += unread.bytes
            take(unread.count)
        case .sink, .send:
            while !unread.isEmpty {
                var size = 0
                StreamScript.withPattern(at: receivedCount, limit: unread.count) { expected in
                    size = expected.count
                    if memcmp(expected.baseAddress!, unread.bytes.baseAddress!, size) != 0 { matchesPattern = false }
                }
                take(size)
            }
        case .echo: take(send(unread.bytes))
        }
        guard isRemoteFinished, unread.isEmpty, script != .keep else { return }
        isFinishing = true
        flush()
    }

    private func take(_ count: Int) {
        guard count > 0 else { return }
        receivedCount += UInt64(count)
        unread.drop(count)
        link?.consumed(stream, count)
    }

    private func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard !isOver, !hasFinished, let link else { return 0 }
        let taken = (try? link.write(stream, bytes)) ?? 0
        sentCount += UInt64(taken)
        return taken
    }

    private func flush() {
        if !outbox.isEmpty { outbox.drop(send(outbox.bytes)) }
        var isDone = true
        if case .send(let total) = script { isDone = sendPattern(to: total) }
        guard isDone, outbox.isEmpty, isFinishing, !hasFinished, !isOver, protocolID != nil, let link else { return }
        hasFinished = true
        link.finish(stream)
    }

    /// Returns true when everything was taken.
    private func sendPattern(to total: UInt64) -> Bool {
        while sentCount < total {
            var isHeldBack = false
            StreamScript.withPattern(at: sentCount, limit: Int(min(total - sentCount, 32 << 10))) { isHeldBack = send($0) < $0.count }
            if isHeldBack { return false }
        }
        isFinishing = true
        return true
    }
}
