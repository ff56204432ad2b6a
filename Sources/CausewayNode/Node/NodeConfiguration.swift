import CausewayConnection
public import CausewayIdentity

#if !hasFeature(Embedded)
    /// What becomes of peers that were found in the local network.
    public struct LocalDiscoveryPolicy: Equatable, Sendable {
        /// Request a connection to each that is not connected.
        public var dials: Bool

        public init(dials: Bool) { self.dials = dials }
    }
#endif

/// The identity of a node and what it does.
public struct NodeConfiguration: Sendable {
    public var identity: PrivateKey
    /// Sent by identify: name and version of the program, UTF-8.
    public var agent = [UInt8](utf8: "causeway/0.1.0")
    /// Sent by identify: name and version of the network, UTF-8.
    public var protocolVersion = [UInt8](utf8: "ipfs/0.1.0")
    public var limits = NodeLimits()
    /// The seed for choices and jitter, never for keys.
    public var seed: UInt64
    /// Unix time in nanoseconds at `Instant(nanoseconds: 0)` of the shell's clock.
    public var unixEpoch: UInt64
    /// The addresses to advertise instead of the bound ones. Empty: the bound ones.
    public var announce: [Multiaddr] = []
    /// The transports that the shell can dial.
    public var transports = DialTransports.native
    /// Dial loopback, link-local and private addresses that only a remote named, even if this node has no address of that reach.
    public var allowsLocalHearsay = false
    /// The limits of the relay. nil: the node is no relay.
    public var relay: RelayLimits?
    /// The times and bounds for using relays: dialling through them and holding reservations at them. nil: the node uses no relays.
    public var relayClient: RelayClientLimits? = RelayClientLimits()
    #if !hasFeature(Embedded)
        /// Make direct connections over TCP from relayed ones, through NATs (relay/DCUtR.md), within these bounds. The shell must support
        /// `DialTarget.localPort` and `DialTarget.role`. nil: do not.
        public var holePunching: HolePunchLimits?
    #endif
    /// Make direct connections by WebRTC from relayed ones. The shell must support `NodeOutput.peerConnection`.
    public var webRTC = false
    /// Where peer connections ask for their public addresses (STUN), `/ip4/…/udp/…` or `/ip6/…/udp/…` each, beside the connected peers that
    /// offer it.
    public var stunServers: [Multiaddr] = []
    /// How the node finds out at which of its addresses others reach it, and under which others see it (AutoNAT). nil: not at all.
    public var autonatClient: AutoNATClientLimits?
    /// The limits for finding that out for others: a relay does so at once, another node when others have reached it. nil: never.
    public var autonatServer: AutoNATServerLimits?
    /// nil: no gossip, and no discovery.
    public var gossip: GossipSubConfiguration? = GossipSubConfiguration()
    public var discovery: [DiscoveryTopic] = []
    #if !hasFeature(Embedded)
        /// What becomes of the peers that the shell finds in the local network. nil: it finds none.
        public var localDiscovery: LocalDiscoveryPolicy?
    #endif

    public init(identity: PrivateKey, seed: UInt64, unixEpoch: UInt64) {
        self.identity = identity
        self.seed = seed
        self.unixEpoch = unixEpoch
    }
}
