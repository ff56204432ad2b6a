public import CausewayConnection
public import CausewayIdentity

/// A connection, as it was when it was opened.
public final class ConnectionDescription: Equatable, Sendable {
    /// The connection's number in this node: its link number.
    public let id: UInt32
    public let peer: PeerID
    public let remoteAddress: Multiaddr
    public let localAddress: Multiaddr
    public let isInbound: Bool
    /// Direct and over which transport, or through which relay and with what limit.
    public let path: ConnectionPath
    /// By the node's clock.
    public let openedAt: Instant

    /// The limit of the circuit that carries the connection. nil: the connection is direct, or its relay named no limit.
    public var limit: CircuitLimit? { path.limit }
    public var isLimited: Bool { path.isLimited }

    public init(
        id: UInt32, peer: PeerID, remoteAddress: Multiaddr, localAddress: Multiaddr, isInbound: Bool, path: ConnectionPath,
        openedAt: Instant
    ) {
        self.id = id
        self.peer = peer
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
        self.isInbound = isInbound
        self.path = path
        self.openedAt = openedAt
    }

    public static func == (a: ConnectionDescription, b: ConnectionDescription) -> Bool {
        a.id == b.id && a.peer == b.peer && a.remoteAddress == b.remoteAddress && a.localAddress == b.localAddress
            && a.isInbound == b.isInbound && a.path == b.path && a.openedAt == b.openedAt
    }
}
