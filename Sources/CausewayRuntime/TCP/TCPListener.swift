import CUV

/// A listening TCP socket.
final class TCPListener: LoopHandle {
    private unowned(unsafe) let loop: EventLoop
    private var accepted: ((TCPSocket) -> Void)?
    /// The address that was really bound, with the port that the system chose.
    private(set) var address: SocketAddress

    /// Connections that wait to be accepted. A burst must not be refused. The kernel caps this (`somaxconn`).
    private static let backlog: Int32 = 4096

    /// Binds and listens. An IPv6 socket accepts IPv6 only, so that both families can use one port. `accepted` gets the sockets on the
    /// loop.
    init(on loop: EventLoop, address: SocketAddress, accepted: @escaping (TCPSocket) -> Void) throws(UVError) {
        self.loop = loop
        self.address = address
        self.accepted = accepted
        super.init(size: MemoryLayout<uv_tcp_t>.size)
        must(uv_tcp_init(loop.uv, pointer(uv_tcp_t.self)))
        opened()
        do throws(UVError) {
            // libuv sets SO_REUSEADDR itself.
            try attempt(address.withPointer { uv_tcp_bind(pointer(uv_tcp_t.self), $0, address.isIPv6 ? UV_TCP_IPV6ONLY.rawValue : 0) })
            try attempt(
                uv_listen(pointer(uv_stream_t.self), Self.backlog) { server, status in
                    guard status == 0 else { return }
                    unsafeDowncast(LoopHandle.of(server!.pointee.data), to: TCPListener.self).accept()
                })
            guard let bound = SocketAddress(filledBy: { uv_tcp_getsockname(pointer(uv_tcp_t.self), $0, $1) }) else {
                throw UVError(code: UV_EINVAL.rawValue)
            }
            self.address = bound
        } catch {
            close()
            throw error
        }
    }

    private func accept() {
        let socket = TCPSocket(on: loop)
        guard socket.accept(from: pointer(uv_stream_t.self)) else { return socket.close() }
        if let accepted { accepted(socket) } else { socket.close() }
    }

    override func closed() { accepted = nil }
}
