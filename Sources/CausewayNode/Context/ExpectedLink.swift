public import CausewayIdentity

/// What the node knows about a link before it is authenticated.
public final class ExpectedLink {
    /// As it was accepted or dialled. For a circuit: `<relay's address>/p2p-circuit/p2p/<remote>`, or with `/webrtc` before the remote. At
    /// the side that answers WebRTC: `/webrtc/p2p/<remote>`.
    public let remoteAddress: Multiaddr
    /// For a circuit: the local address of the link to the relay, or `/webrtc`. For a dial: the remote address until the transport is
    /// connected.
    public internal(set) var localAddress: Multiaddr
    public let path: ConnectionPath
    /// The link to the relay. nil: the link uses no relay.
    public let carrier: UInt32?
    /// Whether the remote dialled us.
    public let isInbound: Bool
    #if hasFeature(Embedded)
        var isProbe: Bool { false }
    #else
        /// Whether it was dialled to show that the peer can be reached (`DialPolicy.Purpose.probe`).
        public let isProbe: Bool
    #endif

    init(remoteAddress: Multiaddr, localAddress: Multiaddr, path: ConnectionPath, carrier: UInt32?, isInbound: Bool, isProbe: Bool) {
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
        self.path = path
        self.carrier = carrier
        self.isInbound = isInbound
        #if !hasFeature(Embedded)
            self.isProbe = isProbe
        #endif
    }
}
