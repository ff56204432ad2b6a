import CausewayConnection
public import CausewayIdentity

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
    /// Make direct connections by WebRTC from relayed ones. The shell must support `NodeOutput.peerConnection`.
    public var webRTC = false
    /// nil: no gossip, and no discovery.
    public var gossip: GossipSubConfiguration? = GossipSubConfiguration()
    public var discovery: [DiscoveryTopic] = []

    public init(identity: PrivateKey, seed: UInt64, unixEpoch: UInt64) {
        self.identity = identity
        self.seed = seed
        self.unixEpoch = unixEpoch
    }
}

/// The optional parts of a node. A shell that wants only some of them in its program names only those, so that the others are not linked.
public struct NodeParts {
    public var relay: (any CircuitServing)?
    public var relayClient: RelayClient?
    public var signalling: (any PeerConnectionSignalling)?
    public var gossip: GossipSub?
    public var discovery: PubsubDiscovery?
    /// Bounds what each peer, each place and all remotes together make the node hold (`NodeLimits.held`). Without it, each connection has
    /// only its own bound.
    public var ledger: (any NodeProtocol)?
    /// Admits inbound connections. Without it, the shell must accept none.
    public var admission: (any ConnectionAdmitting)?

    public init() {}

    /// The parts that the configuration requires.
    public init(_ configuration: NodeConfiguration) {
        relay = configuration.relay.map { HopServer(limits: $0) }
        relayClient = configuration.relayClient.map { RelayClient(limits: $0) }
        if configuration.webRTC { signalling = Signalling() }
        ledger = Ledger(limits: configuration.limits)
        admission = Admission(limits: configuration.limits)
        gossip = configuration.gossip.map { GossipSub($0) }
        if gossip != nil, !configuration.discovery.isEmpty { discovery = PubsubDiscovery(configuration.discovery) }
    }
}
