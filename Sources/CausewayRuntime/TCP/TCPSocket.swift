import CDatagrams
import CUV

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a socket reports to its owner, always on the loop.
protocol SocketOwner: AnyObject {
    /// The buffer for the next bytes, requested right before each read.
    func socketBuffer() -> UnsafeMutableRawBufferPointer
    /// This many bytes were put there. 0: there were none after all.
    func socketReceived(_ count: Int)
    /// After `send` took less than everything: more can be sent.
    func socketWritable()
    /// The end: `errno`, or 0 if the remote finished. Nothing follows. The owner closes the socket.
    func socketEnded(errno: Int32)
}

/// A connected or connecting TCP socket.
///
/// It keeps no buffer for reading or writing while the socket is idle.
final class TCPSocket: LoopHandle {
    unowned(unsafe) let loop: EventLoop
    /// Holds the owner while the handle is open.
    var owner: (any SocketOwner)?
    private var connected: ((Int32) -> Void)?
    /// Who connected to us, of an accepted socket.
    private(set) var remote: SocketAddress?
    /// Whether bytes wait inside libuv for the socket to take more.
    private(set) var isBlocked = false
    private var isReading = false
    /// How often the socket was read in this turn of the loop.
    private var reads: UInt8 = 0
    private var turn: UInt32 = 0
    /// The socket has had its reads of this turn, and continues in the next.
    private var waitsForTurn = false
    /// libuv would read a socket that is never empty 32 times, 8 MiB, before it reads another one. For frames that cost much for their
    /// size, that is a third of a second.
    static let readsInTurn: UInt8 = 4

    init(on loop: EventLoop) {
        self.loop = loop
        super.init(size: MemoryLayout<uv_tcp_t>.size)
        must(uv_tcp_init(loop.uv, tcp))
        opened()
    }

    private var tcp: UnsafeMutablePointer<uv_tcp_t> { pointer(uv_tcp_t.self) }
    private var stream: UnsafeMutablePointer<uv_stream_t> { pointer(uv_stream_t.self) }

    private static func from(_ data: UnsafeMutableRawPointer) -> TCPSocket { unsafeDowncast(LoopHandle.of(data), to: TCPSocket.self) }

    // MARK: Opening

    /// A socket that a listener has accepted, perhaps on another loop. nil, and the descriptor is closed: it cannot be had here.
    convenience init?(on loop: EventLoop, accepted descriptor: Int32, from remote: SocketAddress) {
        self.init(on: loop)
        self.remote = remote
        guard uv_tcp_open(tcp, descriptor) == 0 else {
            cw_close(descriptor)
            close()
            return nil
        }
    }

    /// Connects. `then` gets 0 or an `errno`, once, and never after `close`.
    /// - Parameter port: the local port, which others may use, too; 0: any.
    func connect(to address: SocketAddress, from port: UInt16 = 0, then: @escaping (Int32) -> Void) throws(UVError) {
        let descriptor = cw_dialling_socket(address.isIPv6 ? 1 : 0, port)
        try attempt(descriptor)
        let opened = uv_tcp_open(tcp, descriptor)
        if opened < 0 { cw_close(descriptor) }
        try attempt(opened)
        connected = then
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        let code = address.withPointer {
            uv_tcp_connect(request, tcp, $0) { request, status in
                let socket = TCPSocket.from(request!.pointee.handle.pointee.data)
                request!.deallocate()
                let then = socket.connected
                socket.connected = nil
                guard !socket.isClosing else { return }
                // Small writes leave at once. Accepted sockets inherit this.
                uv_tcp_nodelay(socket.tcp, 1)
                then?(-status)
            }
        }
        if code < 0 {
            request.deallocate()
            connected = nil
            throw UVError(code: code)
        }
    }

    /// The descriptor's number. -1: there is none.
    var descriptor: Int32 {
        var descriptor: uv_os_fd_t = -1
        return uv_fileno(handle, &descriptor) == 0 ? descriptor : -1
    }

    /// Makes the system take no more bytes while it holds this many that it has not sent.
    func limitUnsent(to size: Int32) {
        var size = size
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    var localAddress: SocketAddress? { SocketAddress { uv_tcp_getsockname(tcp, $0, $1) } }

    // MARK: Reading

    func startReading() {
        guard !isReading, !isClosing else { return }
        isReading = true
        if !waitsForTurn { read() }
    }

    private func read() {
        uv_read_start(
            stream,
            { handle, _, out in
                let room = TCPSocket.from(handle!.pointee.data).owner?.socketBuffer()
                out!.pointee = uv_buf_t(base: room?.baseAddress?.assumingMemoryBound(to: CChar.self), len: room?.count ?? 0)
            },
            { handle, count, _ in
                let socket = TCPSocket.from(handle!.pointee.data)
                if count >= 0 {
                    socket.owner?.socketReceived(count)
                    socket.countRead()
                } else {
                    socket.end(errno: count == Int(UV_EOF.rawValue) ? 0 : Int32(-count))
                }
            })
    }

    private func countRead() {
        let current = UInt32(truncatingIfNeeded: loop.turn)
        if turn != current {
            turn = current
            reads = 0
        }
        reads += 1
        guard reads >= Self.readsInTurn, isReading, !isClosing else { return }
        waitsForTurn = true
        uv_read_stop(stream)
        nonisolated(unsafe) let socket = self
        loop.post {
            socket.waitsForTurn = false
            if socket.isReading, !socket.isClosing { socket.read() }
        }
    }

    func stopReading() {
        guard isReading, !isClosing else { return }
        isReading = false
        uv_read_stop(stream)
    }

    // MARK: Writing

    /// How many bytes are copied to wait inside libuv when the socket takes no more. They show when it takes more again.
    private static let waitingSize = 8192

    /// Gives the socket what it takes.
    /// - Returns: How many bytes were taken. If not all, `socketWritable` follows; until then, `isBlocked` is true and nothing may be sent.
    func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard !isBlocked, !isClosing, let base = bytes.baseAddress, bytes.count > 0 else { return 0 }
        var buffer = uv_buf_t(base: UnsafeMutableRawPointer(mutating: base).assumingMemoryBound(to: CChar.self), len: bytes.count)
        let sent = uv_try_write(stream, &buffer, 1)
        if sent == bytes.count { return bytes.count }
        guard sent >= 0 || sent == UV_EAGAIN.rawValue else {
            failLater(errno: -sent)
            return bytes.count
        }
        let taken = max(0, Int(sent))
        let size = min(bytes.count - taken, Self.waitingSize)
        return taken + (wait(with: UnsafeRawBufferPointer(start: base + taken, count: size)) ? size : 0)
    }

    private func wait(with bytes: UnsafeRawBufferPointer) -> Bool {
        let headSize = MemoryLayout<uv_write_t>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: headSize + bytes.count, alignment: 16)
        (memory + headSize).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        var buffer = uv_buf_t(base: (memory + headSize).assumingMemoryBound(to: CChar.self), len: bytes.count)
        isBlocked = true
        let code = uv_write(memory.assumingMemoryBound(to: uv_write_t.self), stream, &buffer, 1) { request, status in
            let socket = TCPSocket.from(request!.pointee.handle.pointee.data)
            UnsafeMutableRawPointer(request!).deallocate()
            socket.isBlocked = false
            guard !socket.isClosing else { return }
            if status == 0 { socket.owner?.socketWritable() } else { socket.end(errno: -status) }
        }
        guard code < 0 else { return true }
        memory.deallocate()
        failLater(errno: -code)
        return false
    }

    /// An error is reported from the loop, not from within `send`.
    private func failLater(errno: Int32) {
        isBlocked = true
        nonisolated(unsafe) let socket = self
        loop.post { socket.end(errno: errno) }
    }

    // MARK: Closing

    /// Half-closes: the remote reads the end. Returns false if the socket is not connected any more.
    func finishSending() -> Bool {
        guard !isClosing else { return false }
        let request = UnsafeMutablePointer<uv_shutdown_t>.allocate(capacity: 1)
        let code = uv_shutdown(request, stream) { request, _ in request!.deallocate() }
        if code < 0 { request.deallocate() }
        return code == 0
    }

    private func end(errno: Int32) {
        guard !isClosing else { return }
        if isReading { stopReading() }
        owner?.socketEnded(errno: errno)
    }

    /// Closes with a reset instead of an orderly end.
    func closeByReset() {
        guard beginClosing() else { return }
        if uv_tcp_close_reset(tcp, LoopHandle.didClose) != 0 { uv_close(handle, LoopHandle.didClose) }
    }

    override func closed() {
        owner = nil
        connected = nil
    }
}
