import Causeway
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// SIGINT, SIGTERM and SIGHUP. A pipe hands them to a thread of their own, so that the process ends in time, whatever its other threads
/// wait for.
enum Signals {
    private struct Listener {
        let continuation: AsyncStream<Int32>.Continuation
        let hangUpEnds: Bool
    }
    private static let listener = Mutex<Listener?>(nil)
    private static let hasEnded = Atomic(false)
    /// The ends of the pipe, set before the handler is installed.
    private nonisolated(unsafe) static var reader: Int32 = -1
    private nonisolated(unsafe) static var writer: Int32 = -1

    /// Milliseconds from the ending signal to the hard exit. A node's drain and the last lines of output take less, and users should wait 2
    /// s at most.
    private static let patience: Int32 = 1_850

    /// Whether a signal that ends the command has arrived.
    static var isEnding: Bool { hasEnded.load(ordering: .acquiring) }

    /// Call this once, before anything else. Until `listen` is called, each of the signals ends the process, as it does by default.
    static func watch() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        (reader, writer) = (ends[0], ends[1])
        guard BlockingThread.start({ Signals.work() }) == 0 else { return }
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { number in
                let before = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(Signals.writer, &byte, 1)
                errno = before
            }
        }
    }

    /// The signals that arrive from now on, until `ignore`. The process is killed if it has not ended soon after an ending signal, or when
    /// a second one arrives.
    static func listen(hangUpEnds: Bool) -> AsyncStream<Int32> {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        listener.withLock { $0 = Listener(continuation: continuation, hangUpEnds: hangUpEnds) }
        return stream
    }

    static func ignore() { listener.withLock { $0 = nil } }

    private static func work() {
        while let number = next(within: -1) {
            guard let listener = listener.withLock({ $0 }) else {
                // Restores the default: the signal ends the process.
                signal(number, SIG_DFL)
                kill(getpid(), number)
                continue
            }
            let ends = number != SIGHUP || listener.hangUpEnds
            if ends { hasEnded.store(true, ordering: .releasing) }
            listener.continuation.yield(number)
            guard ends else { continue }
            _ = next(within: patience)
            _exit(128 + number)
        }
    }

    /// The next signal, or nil after this many milliseconds.
    private static func next(within milliseconds: Int32) -> Int32? {
        var wait = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&wait, 1, milliseconds)
            if count == 0 { return nil }
            var byte: UInt8 = 0
            if count > 0, read(reader, &byte, 1) == 1 { return Int32(byte) }
            if errno != EINTR { return nil }
        }
    }
}
