/// An IP address with a port: where a datagram comes from or goes to. 24 bytes without a reference, so that it costs nothing to pass on.
@frozen
public struct Endpoint: Equatable, Sendable {
    /// The address's 16 bytes as they lie in memory, IPv4 mapped into IPv6 (RFC 4291, section 2.5.5.2).
    public let high: UInt64
    public let low: UInt64
    /// The interface of a link-local IPv6 address, by its number in this machine; else 0.
    public let scope: UInt32
    public let port: UInt16

    @inlinable public init(high: UInt64, low: UInt64, scope: UInt32, port: UInt16) {
        self.high = high
        self.low = low
        self.scope = scope
        self.port = port
    }

    /// `ip` has 4 or 16 bytes; nil otherwise.
    public init?(ip: [UInt8], port: UInt16, scope: UInt32 = 0) {
        guard ip.count == 4 || ip.count == 16 else { return nil }
        let bytes = ip.count == 16 ? ip : [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] + ip
        (high, low) = bytes.withUnsafeBytes {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.scope = scope
        self.port = port
    }

    public var isIPv4: Bool { high == 0 && UInt64(bigEndian: low) >> 32 == 0xffff }

    /// 4 or 16 bytes.
    public var ip: [UInt8] {
        var bytes: [UInt8] = []
        for word in [UInt64(bigEndian: high), UInt64(bigEndian: low)] {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * shift))) }
        }
        return isIPv4 ? [UInt8](bytes[12...]) : bytes
    }

    /// A number for tables, hashed with the process's secret: no remote can choose endpoints that share one.
    var number: UInt64 {
        var words = (high, low, UInt64(scope) << 16 | UInt64(port))
        return withUnsafeBytes(of: &words) { HashTable.number(of: $0) }
    }
}
