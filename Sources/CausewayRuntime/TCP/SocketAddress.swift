// For `sockaddr`: the compiler ascribes it to CAres if it has read CAres's headers first.
import CAres
import CUV
public import CausewayIdentity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An IP address with a port, in the form for system calls.
public struct SocketAddress: Sendable {
    /// The larger of the two families' forms: every accepted socket keeps one of these.
    private var storage = sockaddr_in6()

    /// `ip` has 4 or 16 bytes; nil otherwise.
    public init?(ip: [UInt8], port: UInt16) {
        switch ip.count {
        case 4:
            var four = sockaddr_in()
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &four.sin_addr) { $0.copyBytes(from: ip) }
            withUnsafeMutableBytes(of: &storage) { out in withUnsafeBytes(of: &four) { out.copyMemory(from: $0) } }
        case 16:
            var six = sockaddr_in6()
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &six.sin6_addr) { $0.copyBytes(from: ip) }
            withUnsafeMutableBytes(of: &storage) { out in withUnsafeBytes(of: &six) { out.copyMemory(from: $0) } }
        default: return nil
        }
    }

    /// The IP address at the beginning of an address, at the interface that its zone names. nil: it begins with something else.
    /// - Throws: `ENODEV` if this machine has no such interface.
    init?(_ address: Multiaddr, port: UInt16) throws(UVError) {
        guard case .ip(let ip)? = address.host else { return nil }
        self.init(ip: ip, port: port)
        if let zone = address.zone { storage.sin6_scope_id = try Zone.interface(zone) }
    }

    /// From the system's form. nil: it is neither IPv4 nor IPv6.
    init?(_ address: UnsafePointer<sockaddr>) {
        let size: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: size = MemoryLayout<sockaddr_in>.size
        case AF_INET6: size = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size)) }
    }

    /// From a call that fills it in, such as `getsockname`. nil: the call failed.
    init?(filledBy call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<Int32>) -> Int32) {
        var length = Int32(MemoryLayout<sockaddr_in6>.size)
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, &length) }
        }
        guard code == 0, isIPv4 || isIPv6 else { return nil }
    }

    func withPointer<R>(_ body: (UnsafePointer<sockaddr>) -> R) -> R {
        withUnsafePointer(to: storage) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
    }

    private var isIPv4: Bool { Int32(storage.sin6_family) == AF_INET }
    var isIPv6: Bool { Int32(storage.sin6_family) == AF_INET6 }

    /// 4 or 16 bytes. An IPv4 address that arrived over an IPv6 socket is IPv4 here.
    public var ip: [UInt8] {
        withUnsafeBytes(of: storage) { raw in
            if isIPv4 { return Array(raw[MemoryLayout<sockaddr_in>.offset(of: \.sin_addr)!...].prefix(4)) }
            let six = Array(raw[MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!...].prefix(16))
            return six.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]) ? Array(six.suffix(4)) : six
        }
    }

    /// The interface at which a link-local address means something; 0 for others.
    private var interface: UInt32 { isIPv6 ? storage.sin6_scope_id : 0 }

    /// Whether a socket cannot be bound to both.
    func isSame(as other: SocketAddress) -> Bool { ip == other.ip && port == other.port && interface == other.interface }

    public var port: UInt16 {
        // The port is at the same place in both families.
        withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)) }
    }

    /// Whether only this machine reaches it.
    var isLoopback: Bool {
        let ip = ip
        return ip.count == 4 ? ip[0] == 127 : ip == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    }

    public var isUnspecified: Bool { ip.allSatisfy { $0 == 0 } }

    /// `/ip4/.../tcp/...`, `/ip6/.../tcp/...`, or `/ip6zone/.../ip6/.../tcp/...` for a link-local one.
    public var tcp: Multiaddr {
        let address = Multiaddr.tcp(ip: ip, port: port)
        guard interface != 0, let zone = Zone.name(interface) else { return address }
        return address.inZone(zone)
    }
}
