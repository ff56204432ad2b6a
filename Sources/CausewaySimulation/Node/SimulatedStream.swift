public import CausewayConnection
import CausewayIdentity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a stream's end does by itself.
public enum StreamScript: Equatable, Sendable {
    /// Nothing: keeps what comes, for `SimulatedStream.received`, and sends what `write` is given.
    case keep
    /// Sends back what comes, and finishes when the far end did.
    case echo
    /// Counts what comes and checks it against the pattern, keeps nothing, and finishes when the far end did.
    case sink
    /// Sends this many bytes of the pattern and finishes; what comes is treated as a sink does.
    case send(UInt64)

    /// The byte at an offset of the pattern. It repeats only after a prime number of bytes, so that lost or doubled ones show.
    public static func pattern(_ offset: UInt64) -> UInt8 { table[Int(offset % period)] }

    /// Calls `body` with as much of the pattern from an offset on as lies side by side, `limit` bytes at most.
    static func withPattern(at offset: UInt64, limit: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        let start = Int(offset % period)
        let end = min(start + max(limit, 0), table.count)
        table.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    }

    private static let period: UInt64 = 65_521
    private static let table: [UInt8] = (0..<2 * period).map { UInt8(truncatingIfNeeded: ($0 % period &* 0x9e37_79b9_7f4a_7c15) >> 56) }
}

/// An application's end of a stream, with back-pressure as a careful application has it: credit goes back for what was worked off only.
public final class SimulatedStream: StreamOwner {
    /// What this end does by itself.
    public let script: StreamScript
    /// The protocol it is settled on; nil until then.
    public private(set) var protocolID: String?
    /// What came, if the script is `keep`.
    public private(set) var received: [UInt8] = []
    /// How many bytes came and were worked off.
    public private(set) var receivedCount: UInt64 = 0
    /// How many bytes the connection took.
    public private(set) var sentCount: UInt64 = 0
    /// Whether all that a `sink` or `send` got was the pattern.
    public private(set) var matchesPattern = true
    /// Whether the far end finished its direction.
    public private(set) var isRemoteFinished = false
    /// Whether both directions are over.
    public private(set) var isOver = false
    /// Why, if not by both ends' finishing.
    public private(set) var error: StreamError?
    /// The link that it runs on, and its number there.
    public private(set) var link: Link?
    /// Whether this end reads: an application that does not holds the sender back.
    public private(set) var isReading = true

    private var stream: UInt32 = 0
    private var unread = ByteQueue()
    private var outbox = ByteQueue()
    private var isFinishing = false
    private var hasFinished = false

    init(_ script: StreamScript) { self.script = script }

    /// Bytes that came and wait for the application to read.
    public var unreadCount: Int { unread.count }

    // MARK: What an application does

    /// Sends bytes, as soon as the window allows.
    public func write(_ bytes: [UInt8]) {
        outbox.append(bytes)
        flush()
    }

    /// Ends this direction after what was written.
    public func finish() {
        isFinishing = true
        flush()
    }

    /// Ends both directions at once.
    public func reset() { if !isOver { link?.reset(stream) } }

    /// Stops reading: the far end can send what the window allows, and no more.
    public func pauseReading() { isReading = false }

    /// Reads again.
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

    /// The node that it belonged to is gone.
    func abandon() {
        isOver = true
        if error == nil { error = .notConnected }
        link = nil
    }

    // MARK: The script

    /// Works off what came.
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

    /// True when all of it was taken.
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
