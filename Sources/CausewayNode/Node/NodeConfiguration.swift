import CausewayConnection
public import CausewayIdentity

/// Who a node is and what it does.
public struct NodeConfiguration: Sendable {
    public var identity: PrivateKey
    /// Told by identify: name and version of the program, UTF-8.
    public var agent = [UInt8](utf8: "causeway/0.1.0")
    /// Told by identify: the network's name and version, UTF-8.
    public var protocolVersion = [UInt8](utf8: "ipfs/0.1.0")
    public var limits = NodeLimits()
    /// Seeds choices and jitter; never keys.
    public var seed: UInt64
    /// Unix time in nanoseconds at `Instant(nanoseconds: 0)` of the shell's clock.
    public var unixEpoch: UInt64
    /// What is advertised in place of the bound addresses; empty: the bound ones.
    public var announce: [Multiaddr] = []
    /// What the shell can dial.
    public var transports = DialTransports.native
    /// Dials loopback, link-local and private addresses that only a remote named also where this node has none of that reach.
    public var allowsLocalHearsay = false
    /// As relay: its limits; nil: no relay.
    public var relay: RelayLimits?
    /// Uses relays: dials through them, reserves at them. nil: does not.
    public var relayClient: RelayClientLimits? = RelayClientLimits()
    /// Makes direct connections by WebRTC out of relayed ones: the shell has to know how (`NodeOutput.peerConnection`).
    public var webRTC = false
    /// nil: no gossip, and no discovery over it.
    public var gossip: GossipSubConfiguration? = GossipSubConfiguration()
    public var discovery: [DiscoveryTopic] = []

    public init(identity: PrivateKey, seed: UInt64, unixEpoch: UInt64) {
        self.identity = identity
        self.seed = seed
        self.unixEpoch = unixEpoch
    }
}

/// The parts that a node is put together of. A shell that wants only some of them in its program names those.
public struct NodeParts {
    public var relay: (any CircuitServing)?
    public var relayClient: RelayClient?
    public var signalling: (any PeerConnectionSignalling)?
    public var gossip: GossipSub?
    public var discovery: PubsubDiscovery?
    /// Bounds what peers, places and all remotes together hold (`NodeLimits.held`). Without it each connection has its own bound alone.
    public var ledger: (any NodeProtocol)?
    /// Takes connections that others make. Without it there must be none.
    public var admission: (any ConnectionAdmitting)?

    public init() {}

    /// Whatever the configuration asks for.
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
