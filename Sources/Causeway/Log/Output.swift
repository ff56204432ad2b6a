#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard output or standard error. A thread of its own writes it, so that a slow or absent reader delays nothing else.
///
/// `@unchecked Sendable`: everything that is not a `let` is used under `lock` only.
package final class Output: @unchecked Sendable {
    package static let standard = Output(1)
    package static let errors = Output(2)

    private let file: Int32
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [UInt8] = []
    /// What the thread is writing.
    private var leaving: [UInt8] = []
    private var isWriting: Bool { !leaving.isEmpty }
    /// The number of texts that were dropped and not told of yet.
    private var lost = 0
    private var lossLine: (@Sendable (Int) -> String)?
    /// Those that wait for room.
    private var patient: [UnsafeContinuation<Void, Never>] = []
    /// Whether nobody can read the file any more.
    private var isBroken = false
    private var hasThread = false

    /// The most bytes that wait for the reader: an hour of a busy relay's lines. Beyond that, lines are dropped so that the relay goes on.
    private let capacity: Int
    /// Fewer bytes than these leave room for whoever can wait.
    private static let comfort = 1 << 20

    /// One for a file: its thread has no end.
    init(_ file: Int32, capacity: Int = 16 << 20) {
        self.file = file
        self.capacity = capacity
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
        hasThread = BlockingThread.start { self.work() } == 0
    }

    /// What to write of texts that were dropped, by their number: before the next text, or at the end. nil, the default: nothing.
    package func tellLosses(_ line: @escaping @Sendable (Int) -> String) {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        lossLine = line
    }

    /// Takes the whole text, or drops and counts it if too much already waits for the reader. Never waits.
    package func write(_ text: String) {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard !isBroken else { return }
        guard waiting.count < capacity else {
            lost += 1
            return
        }
        apologise()
        waiting.append(contentsOf: text.utf8)
        if hasThread { pthread_cond_broadcast(changed) } else { writeOut() }
    }

    private func apologise() {
        guard lost > 0 else { return }
        if let lossLine { waiting.append(contentsOf: lossLine(lost).utf8) }
        lost = 0
    }

    /// Returns when less than 1 MiB waits for the reader, or nobody reads any more. Whoever writes much and can wait calls it before.
    package func room() async {
        await withUnsafeContinuation { continuation in
            pthread_mutex_lock(lock)
            let mustWait = isWriting && waiting.count >= Self.comfort
            if mustWait { patient.append(continuation) }
            pthread_mutex_unlock(lock)
            if !mustWait { continuation.resume() }
        }
    }

    /// Returns when the reader has everything, or nobody reads any more, at the latest after this many milliseconds. nil: there is no time
    /// limit.
    /// - Returns: The number of lines that were not read, or not wholly.
    @discardableResult
    package func flush(within milliseconds: Int?) -> Int {
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        let nanoseconds = end.tv_nsec + (milliseconds ?? 0) * 1_000_000
        end.tv_sec += nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        if !isBroken { apologise() }
        if hasThread { pthread_cond_broadcast(changed) } else if !waiting.isEmpty { writeOut() }
        while isWriting || !waiting.isEmpty {
            let code = milliseconds == nil ? pthread_cond_wait(changed, lock) : pthread_cond_timedwait(changed, lock, &end)
            if code == ETIMEDOUT { return Self.lines(leaving) + Self.lines(waiting) }
        }
        return 0
    }

    private static func lines(_ bytes: [UInt8]) -> Int { bytes.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) } }

    private func work() {
        pthread_mutex_lock(lock)
        while true {
            while waiting.isEmpty { pthread_cond_wait(changed, lock) }
            writeOut()
            pthread_cond_broadcast(changed)
        }
    }

    /// Called under the lock, and releases it while it writes.
    private func writeOut() {
        leaving = waiting
        waiting = []
        let bytes = leaving
        pthread_mutex_unlock(lock)
        let isRead = Self.write(bytes, to: file)
        pthread_mutex_lock(lock)
        leaving = []
        if !isRead {
            isBroken = true
            waiting = []
        }
        for continuation in patient { continuation.resume() }
        patient = []
    }

    /// Returns false if nobody can read the file. The file may be non-blocking: some programs that start this one share theirs.
    private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { systemWrite(file, $0.baseAddress! + done, $0.count - done) }
            if count > 0 {
                done += count
            } else if errno == EAGAIN {
                var wait = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}

/// `write` of the C library, whose name `Output` uses itself.
private func systemWrite(_ file: Int32, _ from: UnsafeRawPointer, _ count: Int) -> Int { write(file, from, count) }
