/// An interface of this machine in a private network: of IPv4, also without a router (169.254.0.0/16), or of IPv6 alone (fc00::/7).
package struct PrivateNetwork: Equatable, Sendable {
    /// The system's number of the interface.
    package let interface: UInt32
    /// This machine's IPv4 address there, and the network's mask, 4 bytes each. Empty: there is no IPv4.
    package let ip: [UInt8]
    package let mask: [UInt8]
    /// This machine's IPv6 addresses there but link-local ones, 16 bytes each.
    package let sixes: [[UInt8]]
    /// Whether there is a link-local IPv6 address, without which nothing can be sent to a group there.
    package let hasLinkLocal: Bool

    package init(interface: UInt32, ip: [UInt8], mask: [UInt8], sixes: [[UInt8]] = [], hasLinkLocal: Bool = false) {
        self.interface = interface
        self.ip = ip
        self.mask = mask
        self.sixes = sixes
        self.hasLinkLocal = hasLinkLocal
    }

    /// All of this machine's addresses there that can be told to others.
    package var addresses: [[UInt8]] { (ip.isEmpty ? [] : [ip]) + sixes }

    /// Whether the same sockets serve both. Addresses of IPv6 come and go.
    package func isSamePlace(as other: PrivateNetwork) -> Bool {
        interface == other.interface && ip == other.ip && mask == other.mask && hasLinkLocal == other.hasLinkLocal
    }

    package func contains(_ other: [UInt8]) -> Bool {
        other.count == 4 && ip.count == 4 && (0..<4).allSatisfy { other[$0] & mask[$0] == ip[$0] & mask[$0] }
    }
}
