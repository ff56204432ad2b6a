import Causeway

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A port of loopback that answers whatever comes first on each connection by the same bytes, and closes.
final class AnsweringPort: Sendable {
    let number: UInt16
    private let listener: Int32

    init(_ answer: String) throws {
        #if canImport(Glibc)
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
            let address = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!
            guard bind(listener, address, size) == 0, listen(listener, 8) == 0 else { return errno }
            return getsockname(listener, address, &size) == 0 ? 0 : errno
        }
        guard result == 0 else { throw SilentPort.Failure(errno: result) }
        number = UInt16(bigEndian: address.sin_port)
        self.listener = listener
        let bytes = Array(answer.utf8)
        _ = BlockingThread.start {
            while true {
                let file = accept(listener, nil, nil)
                guard file >= 0 else { return }
                var request = [UInt8](repeating: 0, count: 4096)
                _ = recv(file, &request, request.count, 0)
                _ = bytes.withUnsafeBytes { send(file, $0.baseAddress!, $0.count, 0) }
                close(file)
            }
        }
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }
}
