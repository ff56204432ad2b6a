import CausewayIdentity

extension Endpoint {
    var isLoopback: Bool { isIPv4 ? UInt64(bigEndian: low) >> 24 & 0xff == 127 : high == 0 && UInt64(bigEndian: low) == 1 }
    /// IPv6 alone: an IPv4 address of this kind needs no interface named.
    var isLinkLocal: Bool { !isIPv4 && UInt64(bigEndian: high) >> 54 == 0x3fa }
    /// Whether it means one host: neither unspecified nor multicast, and with a port.
    var isUnicast: Bool {
        guard port != 0 else { return false }
        let address = UInt64(bigEndian: low)
        if isIPv4 { return address >> 24 & 0xff != 0 && address >> 28 & 0xf < 14 }
        return UInt64(bigEndian: high) >> 56 != 0xff && (high != 0 || address != 0)
    }

    /// Without the number of an interface, which only this machine knows.
    var withoutScope: Endpoint { Endpoint(high: high, low: low, scope: 0, port: port) }
}
