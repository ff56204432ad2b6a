import CausewayIdentity
import CausewayWebRTC

#if canImport(Glibc)
    import Glibc
    private let datagrams = Int32(SOCK_DGRAM.rawValue)
#elseif canImport(Darwin)
    import Darwin
    private let datagrams = SOCK_DGRAM
#endif

/// A UDP socket of its own on loopback, whose calls wait.
final class DatagramClient {
    private let file: Int32
    private var target = sockaddr_in()

    /// - Parameter last: of 127.0.0.x, from where it sends. Linux alone has more than 127.0.0.1.
    init?(to port: UInt16, from last: UInt8 = 1) {
        file = socket(AF_INET, datagrams, 0)
        var own = Self.address(last, 0)
        var wait = timeval(tv_sec: 0, tv_usec: 300_000)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        target = Self.address(1, port)
        let file = self.file
        guard Self.call(&own, { bind(file, $0, $1) }) == 0, Self.call(&target, { connect(file, $0, $1) }) == 0 else { return nil }
    }

    deinit { close(file) }

    private static func address(_ last: UInt8, _ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = (UInt32(0x7f00_0000) | UInt32(last)).bigEndian
        return address
    }

    private static func call(_ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// What the socket is bound to.
    var endpoint: Endpoint {
        var own = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let file = self.file
        _ = withUnsafeMutablePointer(to: &own) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(file, $0, &size) }
        }
        let ip = withUnsafeBytes(of: own.sin_addr) { [UInt8]($0) }
        return Endpoint(ip: ip, port: UInt16(bigEndian: own.sin_port))!
    }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { Self.system(file, bytes) == bytes.count }

    private static func system(_ file: Int32, _ bytes: [UInt8]) -> Int {
        #if canImport(Glibc)
            Glibc.send(file, bytes, bytes.count, 0)
        #else
            Darwin.send(file, bytes, bytes.count, 0)
        #endif
    }

    /// The next datagram. nil: none came for 300 ms.
    func receive() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = recv(file, &bytes, bytes.count, 0)
        return count < 0 ? nil : Array(bytes[..<count])
    }

    /// Asks by a plain binding request, and gives the answer's address.
    func askForAddress(_ number: UInt64 = 1) -> Endpoint? {
        send(Self.request(number))
        return receive().flatMap { $0.withUnsafeBytes { (try? STUNMessage($0))?.mappedAddress } }
    }

    static func request(_ number: UInt64) -> [UInt8] {
        var transaction: [UInt8] = [0, 0, 0, 1]
        for shift in stride(from: 56, through: 0, by: -8) { transaction.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
        return [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42] + transaction
    }
}
