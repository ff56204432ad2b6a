public import CausewayIdentity

/// A socket of this side with the address that it has: the base of candidates (RFC 8445, section 5.1.1). A socket of several addresses is
/// several bases, each with a number of its own.
public struct LocalBase: Equatable, Sendable {
    public let socket: UInt32
    public let endpoint: Endpoint

    public init(socket: UInt32, endpoint: Endpoint) {
        self.socket = socket
        self.endpoint = endpoint
    }

    /// Whether a datagram from here can reach a remote at all. What a remote names has no scope, so link-local addresses are reached only
    /// after the remote's own check has come.
    func reaches(_ remote: Endpoint) -> Bool {
        endpoint.isIPv4 == remote.isIPv4 && endpoint.isLoopback == remote.isLoopback && endpoint.isLinkLocal == remote.isLinkLocal
            && endpoint.scope == remote.scope
    }
}
