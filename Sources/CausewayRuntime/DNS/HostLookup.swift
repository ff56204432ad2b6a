import CUV

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One look-up of a host's addresses, as every program of the system does it (`getaddrinfo`, on libuv's threads).
final class HostLookup {
    enum Family { case any, ipv4, ipv6 }

    private let request: UnsafeMutablePointer<uv_getaddrinfo_t>
    private var then: ((Result<[[UInt8]], DNSError>) -> Void)?

    /// `then` gets the addresses, 4 or 16 bytes each, in the system's order; it is called once, later, on the loop.
    init(on loop: EventLoop, name: [UInt8], family: Family, then: @escaping (Result<[[UInt8]], DNSError>) -> Void) {
        self.then = then
        request = .allocate(capacity: 1)
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_family =
            switch family {
            case .any: AF_UNSPEC
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            }
        request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        let code = uv_getaddrinfo(
            loop.uv, request,
            { request, status, list in
                let lookup = Unmanaged<HostLookup>.fromOpaque(request!.pointee.data).takeRetainedValue()
                lookup.finish(status: status, list: list)
                uv_freeaddrinfo(list)
            }, String(decoding: name, as: UTF8.self), nil, &hints)
        if code < 0 {
            nonisolated(unsafe) let lookup = Unmanaged<HostLookup>.fromOpaque(request.pointee.data).takeRetainedValue()
            loop.post { lookup.finish(status: code, list: nil) }
        }
    }

    deinit { request.deallocate() }

    /// `then` is not called any more. A look-up that libuv's thread already works on goes on unheard.
    func cancel() {
        then = nil
        _ = request.withMemoryRebound(to: uv_req_t.self, capacity: 1) { uv_cancel($0) }
    }

    private func finish(status: Int32, list: UnsafeMutablePointer<addrinfo>?) {
        var addresses: [[UInt8]] = []
        var entry = list
        while status == 0, let current = entry {
            if let address = current.pointee.ai_addr.flatMap({ SocketAddress($0) }), !addresses.contains(address.ip) {
                addresses.append(address.ip)
            }
            entry = current.pointee.ai_next
        }
        let then = then
        self.then = nil
        then?(addresses.isEmpty ? .failure(status < 0 ? DNSError(code: status) : .noData) : .success(addresses))
    }
}
