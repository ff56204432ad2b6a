import CUV
public import CausewayConnection
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A thread that runs a libuv loop, and the executor of the tasks that run on it.
///
/// Jobs that are enqueued on the loop's own thread run in the same turn and cost no system call. Those from other threads cost one
/// `uv_async_send`. There are two objects on purpose: the loop is the serial executor, and `tasks` is the task executor. With a single
/// object, every await of a plain task would cost a job.
public final class EventLoop: SerialExecutor {
    private enum Entry {
        case job(UnownedJob)
        case taskJob(UnownedJob)
        case closure(@Sendable () -> Void)
    }
    private enum State { case made, running, stopping, closing, ended }
    private struct Inbox {
        var entries: [Entry] = []
        var state = State.made
        /// After the end: whether somebody is processing the entries.
        var isBeingDrained = false
    }

    nonisolated(unsafe) let uv: UnsafeMutablePointer<uv_loop_t>
    /// The executor that tasks should prefer: `Task(executorPreference: loop.tasks)`.
    public let tasks: any TaskExecutor
    private let side: LoopTasks
    private nonisolated(unsafe) let wake: UnsafeMutablePointer<uv_async_t>
    private nonisolated(unsafe) let beforePoll: UnsafeMutablePointer<uv_prepare_t>
    private nonisolated(unsafe) let afterPoll: UnsafeMutablePointer<uv_check_t>
    private nonisolated(unsafe) let hurry: UnsafeMutablePointer<uv_idle_t>
    private let inbox = Mutex(Inbox())
    private let thread = Atomic<UInt>(0)
    /// The thread, until it is joined.
    private let unjoined = Mutex<uv_thread_t?>(nil)
    // Everything below is used on the loop's thread only.
    private nonisolated(unsafe) var local: [Entry] = []
    private nonisolated(unsafe) var spare: [Entry] = []
    private nonisolated(unsafe) var isClosing = false
    /// Counts the turns, so that one can tell whether others had theirs.
    private(set) nonisolated(unsafe) var turn: UInt64 = 0
    /// Called at the end of each turn of the loop, after its callbacks and jobs. Returns true if there is more to do; then the loop does
    /// not sleep.
    public nonisolated(unsafe) var turnEnded: (() -> Bool)?
    /// Called once when the loop has to stop, before its handles are closed. It must resume waiting continuations.
    public nonisolated(unsafe) var stopping: (() -> Void)?
    /// Called once when the loop has ended, or could not start, and none of its handles exists any more. Everything that it used may be
    /// released.
    nonisolated(unsafe) var ended: (() -> Void)?
    private nonisolated(unsafe) var buffer: UnsafeMutableRawBufferPointer?

    /// Makes a loop that takes nothing from the system yet. Posts wait for `start`.
    public init() {
        uv = .allocate(capacity: 1)
        wake = .allocate(capacity: 1)
        beforePoll = .allocate(capacity: 1)
        afterPoll = .allocate(capacity: 1)
        hurry = .allocate(capacity: 1)
        side = LoopTasks()
        tasks = side
        side.loop = self
        // Never released: executor references do not retain, so a task or actor may still refer to the loop after its end. Only little
        // remains then.
        let me = Unmanaged.passRetained(self).toOpaque()
        wake.pointee.data = me
        beforePoll.pointee.data = me
        afterPoll.pointee.data = me
        hurry.pointee.data = me
    }

    private func freeHandles() {
        uv.deallocate()
        wake.deallocate()
        beforePoll.deallocate()
        afterPoll.deallocate()
        hurry.deallocate()
        buffer?.deallocate()
        buffer = nil
    }

    /// The buffer into which every socket of the loop reads.
    var readBuffer: UnsafeMutableRawBufferPointer {
        if let buffer { return buffer }
        let fresh = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        buffer = fresh
        return fresh
    }

    private static func of(_ data: UnsafeMutableRawPointer) -> EventLoop { Unmanaged<EventLoop>.fromOpaque(data).takeUnretainedValue() }

    /// Monotonic time, the same for all loops of the process.
    public var now: Instant { Instant(nanoseconds: uv_hrtime()) }

    // MARK: Running

    /// Runs the loop on a new thread until `stop`. Must be called once.
    /// - Throws: If the system has no descriptor or thread left. Then the loop has ended.
    public func start() throws(UVError) {
        do throws(UVError) {
            try Self.checkDescriptors()
            try attempt(uv_loop_init(uv))
        } catch {
            freeHandles()
            conclude()
            throw error
        }
        do throws(UVError) {
            try openHandles()
            try startThread()
        } catch {
            inbox.withLock { $0.state = .made }
            finish()
            throw error
        }
    }

    /// libuv aborts the process if there is no descriptor for what all loops share.
    private static func checkDescriptors() throws(UVError) {
        var probes: [Int32] = []
        defer { for probe in probes { close(probe) } }
        for _ in 0..<8 {
            let probe = open("/dev/null", O_RDONLY | O_CLOEXEC)
            if probe < 0 { throw UVError(code: -errno) }
            probes.append(probe)
        }
    }

    private func openHandles() throws(UVError) {
        must(uv_prepare_init(uv, beforePoll))
        must(uv_check_init(uv, afterPoll))
        must(uv_idle_init(uv, hurry))
        try attempt(uv_async_init(uv, wake) { EventLoop.of($0!.pointee.data).takeInbox() })
    }

    /// Starts the thread, and stores its number before `join` can ask for it.
    private func startThread() throws(UVError) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        inbox.withLock { $0.state = .running }
        let code = unjoined.withLock { unjoined in
            var id = uv_thread_t.none
            let code = uv_thread_create(&id, { EventLoop.of($0!).run() }, me)
            if code == 0 { unjoined = id }
            return code
        }
        try attempt(code)
    }

    private func run() {
        thread.store(currentThread(), ordering: .releasing)
        uv_prepare_start(beforePoll) { EventLoop.of($0!.pointee.data).endTurn() }
        uv_check_start(afterPoll) { EventLoop.of($0!.pointee.data).endTurn() }
        takeInbox()
        uv_run(uv, UV_RUN_DEFAULT)
        // The handles are closed. Jobs that the close callbacks made run here, as far as they need no socket.
        takeInbox()
        endTurn()
        finish()
    }

    /// Closes what is still open, and the loop.
    private func finish() {
        closeHandles()
        uv_run(uv, UV_RUN_DEFAULT)
        must(uv_loop_close(uv))
        freeHandles()
        conclude()
    }

    /// Nothing of libuv is left. From here on, jobs run on the thread that brings them.
    private func conclude() {
        turnEnded = nil
        stopping = nil
        inbox.withLock { inbox in
            inbox.entries = local + inbox.entries
            inbox.state = .ended
            inbox.isBeingDrained = true
        }
        local = []
        thread.store(0, ordering: .releasing)
        inbox.withLock { $0.isBeingDrained = false }
        drainAfterEnd()
        let ended = ended
        self.ended = nil
        ended?()
    }

    /// Ends the loop: calls `stopping`, closes every handle, and ends the thread. Can be called from any thread. Jobs and closures that
    /// come later still run, one at a time, on the thread that brings them. A loop that was not started has ended at once.
    public func stop() {
        let wasMade = inbox.withLock { inbox in
            let state = inbox.state
            if state == .running {
                inbox.state = .stopping
                uv_async_send(wake)
            } else if state == .made {
                inbox.state = .ended
                inbox.isBeingDrained = true
            }
            return state == .made
        }
        guard wasMade else { return }
        freeHandles()
        conclude()
    }

    /// Returns when the loop's thread has ended, which `stop` requests. On that thread, it returns at once.
    public func join() {
        unjoined.withLock { unjoined in
            guard var id = unjoined else { return }
            unjoined = nil
            if isThisThread(id) { pthread_detach(id) } else { uv_thread_join(&id) }
        }
    }

    /// Whether the loop has ended, or could not start: no libuv handle may be made on it any more.
    var isOver: Bool { inbox.withLock { $0.state == .ended } }

    /// Runs `work` on the loop, in order with all other posts, and in this turn if called on the loop.
    public func post(_ work: @escaping @Sendable () -> Void) { append(.closure(work)) }

    /// Runs `work` now if called on the loop, and otherwise posts it.
    public func run(_ work: @escaping @Sendable () -> Void) {
        if isCurrent { work() } else { append(.closure(work)) }
    }

    // MARK: Executor

    public func enqueue(_ job: consuming ExecutorJob) { append(.job(UnownedJob(job))) }

    fileprivate func enqueueTask(_ job: UnownedJob) { append(.taskJob(job)) }

    public var isCurrent: Bool { thread.load(ordering: .acquiring) == currentThread() }
    public func isIsolatingCurrentContext() -> Bool? { isCurrent }
    public func checkIsolated() { precondition(isCurrent, "not on this event loop") }

    // MARK: The queue

    private func append(_ entry: Entry) {
        if isCurrent {
            local.append(entry)
            return
        }
        let state = inbox.withLock { inbox in
            inbox.entries.append(entry)
            // Under the lock, so that the loop cannot close its handles meanwhile. When it does, it waits for nothing any more.
            if inbox.entries.count == 1, inbox.state == .running || inbox.state == .stopping { uv_async_send(wake) }
            return inbox.state
        }
        if state == .ended { drainAfterEnd() }
    }

    private func takeInbox() {
        let state = inbox.withLock { inbox in
            if local.isEmpty {
                swap(&local, &inbox.entries)
            } else {
                local += inbox.entries
                inbox.entries.removeAll(keepingCapacity: true)
            }
            return inbox.state
        }
        if state == .stopping { closeAll() }
    }

    private func endTurn() {
        turn &+= 1
        var rounds = 0
        var hasMore = false
        var hasEntries = !local.isEmpty
        repeat {
            if hasEntries { runEntries() }
            hasMore = turnEnded?() ?? false
            hasEntries = !local.isEmpty
            rounds += 1
        } while (hasMore || hasEntries) && rounds < 16
        guard !isClosing else { return }
        // Jobs that keep making jobs must not starve the sockets: poll them, without waiting there.
        if hasMore || hasEntries { uv_idle_start(hurry) { _ in } } else { uv_idle_stop(hurry) }
    }

    private func runEntries() {
        let serial = asUnownedSerialExecutor()
        let own = side.asUnownedTaskExecutor()
        swap(&local, &spare)
        for entry in spare {
            switch entry {
            case .job(let job): job.runSynchronously(isolatedTo: serial, taskExecutor: own)
            case .taskJob(let job): job.runSynchronously(on: own)
            case .closure(let work): work()
            }
        }
        spare.removeAll(keepingCapacity: spare.count < 1024)
    }

    /// A task may outlive its loop. Then its jobs run on the thread that brings them, still one after another.
    private func drainAfterEnd() {
        while true {
            let isMine = inbox.withLock { inbox in
                guard !inbox.isBeingDrained, !inbox.entries.isEmpty else { return false }
                inbox.isBeingDrained = true
                swap(&local, &inbox.entries)
                return true
            }
            guard isMine else { return }
            thread.store(currentThread(), ordering: .releasing)
            while !local.isEmpty { runEntries() }
            thread.store(0, ordering: .releasing)
            inbox.withLock { $0.isBeingDrained = false }
        }
    }

    private func closeAll() {
        guard !isClosing else { return }
        stopping?()
        // Whatever the owners resumed runs before their sockets are closed.
        endTurn()
        isClosing = true
        closeHandles()
    }

    private func closeHandles() {
        inbox.withLock { $0.state = .closing }
        uv_walk(
            uv,
            { handle, own in
                guard let handle, uv_is_closing(handle) == 0 else { return }
                if handle.pointee.data == own { uv_close(handle, nil) } else { LoopHandle.of(handle.pointee.data).close() }
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}

/// The loop as a task executor, in an object of its own.
private final class LoopTasks: TaskExecutor {
    /// Set once, before any job can arrive.
    nonisolated(unsafe) unowned(unsafe) var loop: EventLoop!

    func enqueue(_ job: consuming ExecutorJob) { loop.enqueueTask(UnownedJob(job)) }
}

private func currentThread() -> UInt {
    #if canImport(Darwin)
        UInt(bitPattern: pthread_self())
    #else
        UInt(pthread_self())
    #endif
}

extension uv_thread_t {
    #if canImport(Darwin)
        fileprivate static var none: uv_thread_t? { nil }
    #else
        fileprivate static var none: uv_thread_t { 0 }
    #endif
}

private func isThisThread(_ id: uv_thread_t) -> Bool { pthread_equal(id, pthread_self()) != 0 }
