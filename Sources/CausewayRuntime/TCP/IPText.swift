import CUV

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// IP addresses as text.
enum IPText {
    /// `ip` has 4 or 16 bytes.
    static func of(_ ip: [UInt8]) -> [UInt8] {
        var out = [CChar](repeating: 0, count: 64)
        uv_inet_ntop(ip.count == 4 ? AF_INET : AF_INET6, ip, &out, out.count)
        return out.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    }
}
