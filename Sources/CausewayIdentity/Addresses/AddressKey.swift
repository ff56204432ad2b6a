/// The place of a remote address: an IPv4 address, or an IPv6 /56 (a household or an office) in its /48 (a customer).
public struct AddressKey {
    public let place: [UInt8]
    /// The /48. IPv6 only.
    public let network: [UInt8]?

    /// nil: the address does not count, because it is loopback or no IP address.
    public init?(_ address: Multiaddr) {
        guard case .ip(let ip)? = address.host, address.reach != .loopback else { return nil }
        if let four = AddressKey.version4(ip) {
            guard four[0] != 127 else { return nil }
            place = four
            network = nil
        } else {
            guard ip.count == 16 else { return nil }
            place = [UInt8](ip[0..<7])
            network = [UInt8](ip[0..<6])
        }
    }

    /// The place that pays when all together have too much: the IPv4 address, including loopback, or the IPv6 /48.
    /// - Parameter ip: 4 or 16 bytes. Anything else is a place of its own.
    public static func holder(_ ip: [UInt8]) -> [UInt8] { version4(ip) ?? (ip.count == 16 ? [UInt8](ip[0..<6]) : ip) }

    /// The place of an address. All addresses without an IP address are one place.
    public static func holder(_ address: Multiaddr) -> [UInt8] {
        guard case .ip(let ip)? = address.host else { return [] }
        return holder(ip)
    }

    /// IPv4 itself, or mapped into IPv6 as a dual-stack socket shows it.
    private static func version4(_ ip: [UInt8]) -> [UInt8]? {
        if ip.count == 4 { return ip }
        guard ip.count == 16, ip[10] == 0xff, ip[11] == 0xff else { return nil }
        for index in 0..<10 where ip[index] != 0 { return nil }
        return [UInt8](ip[12..<16])
    }
}
