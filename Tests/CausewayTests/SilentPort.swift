#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A port of loopback with which nothing comes of a connection.
final class SilentPort: @unchecked Sendable {
    // Unchecked: one task at a time uses it.
    enum Kind: Sendable {
        /// The queue of connections is full: TCP's handshake is not answered.
        case full
        /// Connections are taken, and nothing is said on them.
        case mute
    }
    struct Failure: Error { let errno: Int32 }

    let number: UInt16
    private let listener: Int32
    private var others: [Int32] = []
    private var taken: Int32 = -1

    init(_ kind: Kind) throws {
        listener = Self.makeSocket()
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = listener
        let result = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
            let address = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!
            guard bind(socket, address, size) == 0, listen(socket, kind == .full ? 0 : 8) == 0 else { return errno }
            return getsockname(socket, address, &size) == 0 ? 0 : errno
        }
        guard result == 0 else { throw Failure(errno: result) }
        number = UInt16(bigEndian: address.sin_port)
        if kind == .full { fill(address) }
    }

    /// Connects until the kernel answers no more.
    private func fill(_ address: sockaddr_in) {
        var address = address
        for _ in 0..<16 {
            let other = Self.makeSocket()
            others.append(other)
            _ = withUnsafeBytes(of: &address) {
                connect(other, $0.assumingMemoryBound(to: sockaddr.self).baseAddress!, socklen_t($0.count))
            }
            // On loopback a handshake is over when `connect` returns, unless it is not answered.
            var one = pollfd(fd: other, events: Int16(POLLOUT), revents: 0)
            if poll(&one, 1, 50) == 0 { return }
        }
    }

    private static func makeSocket() -> Int32 {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return descriptor
    }

    /// Whether a connection was there to take.
    func accept() -> Bool {
        #if canImport(Glibc)
            taken = Glibc.accept(listener, nil, nil)
        #else
            taken = Darwin.accept(listener, nil, nil)
        #endif
        if taken >= 0 { _ = fcntl(taken, F_SETFL, O_NONBLOCK) }
        return taken >= 0
    }

    /// Whether the connection that was taken has ended.
    var isAtEnd: Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(taken, &bytes, bytes.count, 0)
            if count <= 0 { return count == 0 || errno == ECONNRESET }
        }
    }

    func close() {
        for descriptor in [listener, taken] + others where descriptor >= 0 {
            #if canImport(Glibc)
                Glibc.close(descriptor)
            #else
                Darwin.close(descriptor)
            #endif
        }
    }
}
