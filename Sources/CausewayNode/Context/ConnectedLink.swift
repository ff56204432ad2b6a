import CausewayConnection
public import CausewayIdentity

/// An authenticated connection, as the node sees it.
public final class ConnectedLink {
    public let id: UInt32
    public let peer: PeerID
    public let publicKey: PublicKey
    public let remoteAddress: Multiaddr
    public let localAddress: Multiaddr
    public let isInbound: Bool
    public let path: ConnectionPath
    public let openedAt: Instant
    /// For a relayed connection: the link to the relay that carries it.
    public let carrier: UInt32?
    #if hasFeature(Embedded)
        var isProbe: Bool { false }
    #else
        /// It shows that the peer can be reached, and is used for nothing else (`DialPolicy.Purpose.probe`).
        public let isProbe: Bool
    #endif
    /// We have asked for its end, which has not been reported yet. It is not used for new streams or requests, but its streams go on until
    /// it ends, and their events still arrive.
    public internal(set) var isClosing = false
    /// The round-trip time that Yamux's ping measured last.
    public internal(set) var roundTrip: Interval?

    public var isRelayed: Bool { path.isRelayed }
    public var isLimited: Bool { path.isLimited }

    public init(
        id: UInt32, peer: PeerID, publicKey: PublicKey, remoteAddress: Multiaddr, localAddress: Multiaddr, isInbound: Bool,
        path: ConnectionPath, openedAt: Instant, carrier: UInt32?, isProbe: Bool = false
    ) {
        self.id = id
        self.peer = peer
        self.publicKey = publicKey
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
        self.isInbound = isInbound
        self.path = path
        self.openedAt = openedAt
        self.carrier = carrier
        #if !hasFeature(Embedded)
            self.isProbe = isProbe
        #endif
    }

    public var description: ConnectionDescription {
        ConnectionDescription(
            id: id, peer: peer, remoteAddress: remoteAddress, localAddress: localAddress, isInbound: isInbound, path: path,
            openedAt: openedAt)
    }
}
