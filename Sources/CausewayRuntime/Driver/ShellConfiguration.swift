public import CausewayIdentity
public import CausewayTLS

/// What a native shell needs beside its node's configuration.
public struct ShellConfiguration: Sendable {
    /// Threads that serve links. One is enough for a peer; a relay takes as many as there are cores.
    public var loops = 1
    /// For listening on `/tls/ws`; `NativeShell.setCertificate` replaces it.
    public var certificate: TLSServerContext?
    /// Whom to trust as the server of a `/tls/ws` address; nil: the authorities of the system.
    public var trust: TLSClientContext?
    /// For `/dnsaddr`: `address:port,...`; nil: the system's name servers.
    public var nameServers: String?
    /// Answers HTTP requests on WebSocket ports that ask for no WebSocket; nil: those are refused.
    public var pages: (any PageServing)?
    public var pageLimits = PageLimits()

    public init() {}
}

/// Why a node does not listen on an address.
public enum ListenError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Not `/ip4` or `/ip6` with `/tcp`, `/tcp/../ws` or `/tcp/../tls/ws` (`/wss`).
    case unsupported(Multiaddr)
    /// `/tls/ws` needs a certificate.
    case noCertificate(Multiaddr)
    /// The system refuses: its `errno` and its words.
    case system(Multiaddr, errno: Int32, text: String)
    /// The node is stopping.
    case stopped

    public var description: String {
        switch self {
        case .unsupported(let address): "cannot listen on \(address): no transport for such an address"
        case .noCertificate(let address): "cannot listen on \(address): it needs a certificate and its key"
        case .system(let address, _, let text): "cannot listen on \(address): \(text)"
        case .stopped: "the node is stopping"
        }
    }
}
