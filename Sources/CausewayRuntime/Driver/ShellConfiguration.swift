public import CausewayIdentity
public import CausewayTLS

/// What a native shell needs in addition to its node's configuration.
public struct ShellConfiguration: Sendable {
    /// The number of threads that serve links. One is enough for a peer; a relay uses as many as there are cores.
    public var loops = 1
    /// The certificate for listening on `/tls/ws`. `NativeShell.setCertificate` replaces it.
    public var certificate: TLSServerContext?
    /// The certificates for `/webrtc-direct`, whose hashes stand in its addresses. nil: fresh ones.
    public var webRTCCertificates: DTLSCertificates?
    /// The authorities trusted for the server of a `/tls/ws` address. nil: the system's.
    public var trust: TLSClientContext?
    /// The name servers for `/dnsaddr`: `address:port,...`. nil: the system's.
    public var nameServers: String?
    /// Answers HTTP requests on WebSocket ports that ask for no WebSocket. nil: such requests are refused.
    public var pages: (any PageServing)?
    public var pageLimits = PageLimits()
    public var webRTCLimits = WebRTCLimits()

    /// Dial and ask addresses of this IP version alone. nil: of both.
    public var dialledFamily: IPFamily?

    /// Have the gateway forward the ports on which the node listens by IPv4, by PCP, NAT-PMP or UPnP, and advertise them.
    public var mapsPorts = false
    /// Pass hard NATs by many sockets and probes: see `HardNATLimits`.
    public var passesHardNATs = false
    /// Look for peers in this machine's private networks by multicast DNS, and tell them of this node.
    public var findsLocalPeers = false

    /// What this machine's network looks like; asked again and again. Tests have networks of their own.
    package var network: @Sendable () -> NetworkState = { .current }
    /// The addresses of this machine from which peer connections of `/webrtc` are made; asked for each. Tests name others.
    package var candidateAddresses: @Sendable () -> [[UInt8]] = { Interfaces.ofHost }

    public init() {}
}

/// A version of the Internet Protocol.
public enum IPFamily: Sendable {
    case ipv4, ipv6

    /// Whether an IP address of 4 or 16 bytes is of this version.
    func holds(_ ip: [UInt8]) -> Bool { ip.count == (self == .ipv4 ? 4 : 16) }
}

/// Why a node cannot listen on an address.
public enum ListenError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The address is not `/ip4` or `/ip6` with `/tcp`, `/tcp/../ws`, `/tcp/../tls/ws` (`/wss`) or `/udp/../webrtc-direct`.
    case unsupported(Multiaddr)
    /// `/tls/ws` needs a certificate.
    case noCertificate(Multiaddr)
    /// The system refused, with this `errno` and this text.
    case system(Multiaddr, errno: Int32, text: String)
    /// The node is stopping.
    case stopped

    public var description: String {
        switch self {
        case .unsupported(let address): "cannot listen on \(address): this node has no transport for such an address"
        case .noCertificate(let address): "cannot listen on \(address): it needs a certificate and its key"
        case .system(let address, _, let text): "cannot listen on \(address): \(text)"
        case .stopped: "the node is stopping"
        }
    }
}
