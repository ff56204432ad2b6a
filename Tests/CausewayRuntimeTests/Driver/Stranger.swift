#if os(Linux)
    import Glibc

    /// A socket from another loopback address, which counts as another place. It says something and never reads.
    final class Stranger {
        private let file: Int32

        /// `host`: the last number of the address.
        init(_ host: UInt8, to port: UInt16, saying text: [UInt8] = []) {
            file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var own = Self.address(host, 0)
            var other = Self.address(1, port)
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafePointer(to: &own) { _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(file, $0, size) } }
            withUnsafePointer(to: &other) { _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, size) } }
            if !text.isEmpty { _ = send(file, text, text.count, Int32(MSG_NOSIGNAL)) }
        }

        deinit { close(file) }

        private static func address(_ host: UInt8, _ port: UInt16) -> sockaddr_in {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = (0x7f00_0000 | UInt32(host)).bigEndian
            return address
        }
    }
#endif
