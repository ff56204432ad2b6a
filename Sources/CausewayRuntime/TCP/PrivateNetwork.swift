/// An interface of this machine in a private IPv4 network, or in one without a router (169.254.0.0/16).
package struct PrivateNetwork: Equatable, Sendable {
    /// The system's number of the interface.
    package let interface: UInt32
    /// This machine's address there, and the network's mask, 4 bytes each.
    package let ip: [UInt8]
    package let mask: [UInt8]

    package init(interface: UInt32, ip: [UInt8], mask: [UInt8]) {
        self.interface = interface
        self.ip = ip
        self.mask = mask
    }

    package func contains(_ other: [UInt8]) -> Bool {
        other.count == 4 && (0..<4).allSatisfy { other[$0] & mask[$0] == ip[$0] & mask[$0] }
    }
}
