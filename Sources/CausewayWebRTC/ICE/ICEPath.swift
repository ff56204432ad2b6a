public import CausewayIdentity

/// A way between two agents: a socket of this side, by the number that its owner gave it, and the remote's endpoint.
public struct ICEPath: Equatable, Sendable {
    public let socket: UInt32
    public let remote: Endpoint

    public init(socket: UInt32, remote: Endpoint) {
        self.socket = socket
        self.remote = remote
    }
}
