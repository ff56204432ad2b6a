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
    private var isWriting = false
    /// Whether nobody can read the file any more.
    private var isBroken = false
    private var hasThread = false

    /// The most bytes that wait for the reader: an hour of a busy relay's lines. Beyond that, lines are dropped so that the relay goes on.
    private static let capacity = 16 << 20

    private init(_ file: Int32) {
        self.file = file
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
        hasThread = BlockingThread.start { self.work() } == 0
    }

    /// Takes the whole text or nothing. Returns false if too much already waits for the reader.
    @discardableResult
    package func write(_ text: String) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard !isBroken else { return true }
        guard waiting.count < Self.capacity else { return false }
        waiting.append(contentsOf: text.utf8)
        if hasThread { pthread_cond_broadcast(changed) } else { writeOut() }
        return true
    }

    /// Returns when the reader has everything, or nobody reads any more, at the latest after this many milliseconds. nil: there is no time
    /// limit.
    package func flush(within milliseconds: Int?) {
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        let nanoseconds = end.tv_nsec + (milliseconds ?? 0) * 1_000_000
        end.tv_sec += nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while isWriting || !waiting.isEmpty {
            let code = milliseconds == nil ? pthread_cond_wait(changed, lock) : pthread_cond_timedwait(changed, lock, &end)
            if code == ETIMEDOUT { return }
        }
    }

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
        let bytes = waiting
        waiting = []
        isWriting = true
        pthread_mutex_unlock(lock)
        let isRead = Self.write(bytes, to: file)
        pthread_mutex_lock(lock)
        isWriting = false
        guard !isRead else { return }
        isBroken = true
        waiting = []
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
