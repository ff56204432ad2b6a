public import CausewayIdentity

/// Where to connect to, as whom, and from where.
public struct DialTarget: Equatable, Sendable {
    /// Who of the two begins the handshakes of a connection.
    public enum Role: UInt8, Sendable {
        /// This side dials, and the remote accepts.
        case dialler
        /// Both sides dial each other from the very ports that they dial, so that the connection may come of two SYNs that cross
        /// (relay/DCUtR.md). This side begins.
        case simultaneousClient
        /// The same, and the remote begins.
        case simultaneousServer
    }

    /// With an IP address, or with a host's name if the shell looks names up itself (`DialTransports.hostNames`).
    public let address: Multiaddr
    /// The name of the host, if the address names it for TLS or a look-up of the name led to the address. TLS checks the certificate for
    /// it, and a WebSocket's `Host` header has it.
    public let hostName: [UInt8]?
    /// The peer that has to be there. nil: anyone.
    public let expecting: PeerID?
    #if hasFeature(Embedded)
        // A browser chooses its ports, and always dials.
        var localPort: UInt16? { nil }
        var role: Role { .dialler }
    #else
        /// The dial shows that the peer can be reached there (`DialPolicy.Purpose.probe`). The shell makes it under a key that is not the
        /// node's: otherwise the peer would take the connection for the node's newest one, and use it.
        public let isProbe: Bool
        /// The TCP port to dial from, which other sockets of this process may use, too, such as a listener. A dialler that cannot have it
        /// takes another. nil: any port.
        public let localPort: UInt16?
        public let role: Role
    #endif

    public init(
        _ address: Multiaddr, hostName: [UInt8]? = nil, expecting: PeerID?, isProbe: Bool = false, from localPort: UInt16? = nil,
        as role: Role = .dialler
    ) {
        self.address = address
        self.hostName = hostName
        self.expecting = expecting
        #if !hasFeature(Embedded)
            self.isProbe = isProbe
            self.localPort = localPort
            self.role = role
        #endif
    }
}
