import CUV

/// A libuv handle that Swift owns.
///
/// While the handle is open, libuv's `data` retains this object, so a callback never meets a dead one, and `deinit` never touches libuv, on
/// whatever thread it runs. `close` asks libuv to close the handle. libuv's close callback then frees the handle's memory and drops that
/// reference.
public class LoopHandle {
    private let memory: UnsafeMutableRawPointer
    public private(set) var isClosing = false

    init(size: Int) { memory = .allocate(byteCount: size, alignment: 16) }

    /// Call this once libuv has initialised the handle.
    func opened() { handle.pointee.data = Unmanaged<LoopHandle>.passRetained(self).toOpaque() }

    /// The same for a handle that libuv may refuse to initialise. `code` is libuv's answer.
    func opened(_ code: Int32) throws(UVError) {
        if code < 0 { memory.deallocate() }
        try attempt(code)
        opened()
    }

    var handle: UnsafeMutablePointer<uv_handle_t> { memory.assumingMemoryBound(to: uv_handle_t.self) }

    func pointer<T>(_ type: T.Type) -> UnsafeMutablePointer<T> { memory.assumingMemoryBound(to: type) }

    static func of(_ data: UnsafeMutableRawPointer) -> LoopHandle { Unmanaged<LoopHandle>.fromOpaque(data).takeUnretainedValue() }

    public func close() {
        guard beginClosing() else { return }
        uv_close(handle, LoopHandle.didClose)
    }

    func beginClosing() -> Bool {
        guard !isClosing else { return false }
        isClosing = true
        return true
    }

    static let didClose: @convention(c) (UnsafeMutablePointer<uv_handle_t>?) -> Void = { handle in
        let reference = Unmanaged<LoopHandle>.fromOpaque(handle!.pointee.data)
        let object = reference.takeUnretainedValue()
        object.memory.deallocate()
        object.closed()
        reference.release()
    }

    /// The handle is gone: release callbacks and owners.
    func closed() {}
}

/// A one-shot timer. libuv counts whole milliseconds.
public final class LoopTimer: LoopHandle {
    private var body: (() -> Void)?

    public init(on loop: EventLoop, _ body: @escaping () -> Void) {
        self.body = body
        super.init(size: MemoryLayout<uv_timer_t>.size)
        must(uv_timer_init(loop.uv, pointer(uv_timer_t.self)))
        opened()
    }

    /// Replaces an earlier start. The time is rounded up to a millisecond.
    public func start(afterNanoseconds wait: UInt64) {
        guard !isClosing else { return }
        uv_timer_start(
            pointer(uv_timer_t.self), { (LoopHandle.of($0!.pointee.data) as! LoopTimer).body?() }, (wait + 999_999) / 1_000_000, 0)
    }

    public func stop() { if !isClosing { uv_timer_stop(pointer(uv_timer_t.self)) } }

    override func closed() { body = nil }
}

/// Calls a closure on the loop for each arrival of a signal. The signal does not end the process any more.
public final class SignalWatcher: LoopHandle {
    private var body: ((Int32) -> Void)?

    public init(on loop: EventLoop, _ signal: Int32, _ body: @escaping (Int32) -> Void) throws(UVError) {
        self.body = body
        super.init(size: MemoryLayout<uv_signal_t>.size)
        try opened(uv_signal_init(loop.uv, pointer(uv_signal_t.self)))
        do throws(UVError) {
            try attempt(
                uv_signal_start(pointer(uv_signal_t.self), { (LoopHandle.of($0!.pointee.data) as! SignalWatcher).body?($1) }, signal))
        } catch {
            close()
            throw error
        }
    }

    override func closed() { body = nil }
}
