import CDatagrams
import CUV

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A listening TCP socket.
///
/// It accepts by itself: whoever is refused then costs a descriptor and no handle, and a flood of connections leaves others their turn.
final class TCPListener: LoopHandle {
    /// The address that was really bound, with the port that the system chose.
    let address: SocketAddress
    private let file: Int32
    private unowned(unsafe) let loop: EventLoop
    private var accepted: ((_ descriptor: Int32, _ remote: SocketAddress) -> Void)?
    /// The system call; tests put another in its place to be refused.
    var take: (Int32, UnsafeMutablePointer<sockaddr>, UInt32) -> Int32 = { cw_accept($0, $1, $2) }
    /// Runs while connections cannot be accepted.
    private var pause: LoopTimer?

    /// Connections that wait to be accepted. A burst must not be refused. The kernel caps this (`somaxconn`).
    private static let backlog: Int32 = 4096
    /// How many are accepted before other sockets have their turn.
    private static let acceptsInTurn = 64
    /// When the process or the system has no descriptor left, connections wait this long, in nanoseconds.
    private static let pauseTime: UInt64 = 100_000_000

    /// Binds and listens. An IPv6 socket accepts IPv6 only, so that both families can use one port. `accepted` gets the sockets'
    /// descriptors, which are its own then, on the loop.
    init(
        on loop: EventLoop, address: SocketAddress, accepted: @escaping (_ descriptor: Int32, _ remote: SocketAddress) -> Void
    ) throws(UVError) {
        self.loop = loop
        self.accepted = accepted
        var code: Int32 = 0
        let bound = SocketAddress { bound, size in
            code = address.withPointer { cw_listen($0, Self.backlog, bound, UInt32(size.pointee)) }
            return min(code, 0)
        }
        try attempt(code)
        file = code
        self.address = bound ?? address
        super.init(size: MemoryLayout<uv_poll_t>.size)
        do throws(UVError) {
            try opened(uv_poll_init(loop.uv, poll, file))
        } catch {
            cw_close(file)
            throw error
        }
        startAccepting()
    }

    private var poll: UnsafeMutablePointer<uv_poll_t> { pointer(uv_poll_t.self) }

    private func startAccepting() {
        let code = uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            unsafeDowncast(LoopHandle.of(handle!.pointee.data), to: TCPListener.self).accept()
        }
        must(code)
    }

    private func accept() {
        for _ in 0..<Self.acceptsInTurn {
            guard !isClosing else { return }
            var descriptor: Int32 = 0
            let remote = SocketAddress { address, size in
                descriptor = take(file, address, UInt32(size.pointee))
                return min(descriptor, 0)
            }
            guard descriptor >= 0 else {
                if isOver(errno: -descriptor) { return }
                continue
            }
            if let remote, let accepted { accepted(descriptor, remote) } else { cw_close(descriptor) }
        }
    }

    /// What `accept` fails with is mostly the fate of one connection. Returns whether the others have to wait.
    private func isOver(errno: Int32) -> Bool {
        switch errno {
        case EAGAIN: return true
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            uv_poll_stop(poll)
            let pause = pause ?? LoopTimer(on: loop) { [unowned self] in self.startAccepting() }
            pause.start(afterNanoseconds: Self.pauseTime)
            self.pause = pause
            return true
        default: return false
        }
    }

    override func close() {
        guard !isClosing else { return }
        pause?.close()
        pause = nil
        super.close()
        cw_close(file)
    }

    override func closed() { accepted = nil }
}
