/// The protocols of one node: the only place that knows all of them, their order, and who has which role for the others.
///
/// The order of adding is the order in which protocols get what concerns all of them, and in which time passes for them. The node's own
/// addresses come first, so that nobody advertises one that has expired. The dialler follows: a request that a new connection answers is
/// answered before anybody uses the connection. Then `ConnectionTrimmer`, because it only looks. Identify precedes those that read what it
/// stores, so that its stream is the first one on every connection. A protocol that uses another one comes after it, as discovery after
/// gossip.
///
/// A shell that wants only some of them in its program adds only those, so that the others are not linked.
public final class NodeServices {
    private(set) var protocols: [any NodeProtocol]

    // In every node.
    let addresses: OwnAddresses
    let dialer: Dialer
    let ping = Ping()

    // Roles that not every node has.
    /// Admits inbound connections. Without it, the shell must accept none.
    private(set) var admission: (any ConnectionGating)?
    private(set) var relay: (any CircuitServing)?
    private(set) var relayClient: RelayClient?
    private(set) var upgrades: UpgradeCoordinator?
    private(set) var signalling: (any PeerConnectionSignalling)?
    private(set) var gossip: GossipSub?
    private(set) var paths: PathCounter?
    #if !hasFeature(Embedded)
        private(set) var localDiscovery: LocalDiscovery?
    #endif

    /// What every node has: it dials, identifies and pings.
    public init(core configuration: NodeConfiguration) {
        dialer = Dialer(transports: configuration.transports, allowsLocalHearsay: configuration.allowsLocalHearsay)
        let identify = Identify(agent: configuration.agent, protocolVersion: configuration.protocolVersion)
        addresses = OwnAddresses(announced: configuration.announce, limits: configuration.limits)
        protocols = [addresses, dialer, ConnectionTrimmer(), identify, ping]
    }

    /// All that the configuration requires.
    public convenience init(_ configuration: NodeConfiguration) {
        self.init(core: configuration)
        add(admission: ConnectionGater(limits: configuration.limits))
        if let limits = configuration.autonatClient {
            add(ObservedAddresses())
            add(AutoNATClient(limits))
        }
        if let limits = configuration.autonatServer {
            add(AutoNATServer(limits, dialing: dialer, isAlwaysOn: configuration.relay != nil))
        }
        if let limits = configuration.relay { add(relay: RelayServer(limits: limits)) }
        if let limits = configuration.relayClient { add(relayClient: RelayClient(limits: limits)) }
        #if !hasFeature(Embedded)
            if let limits = configuration.holePunching { add(upgrade: HolePunching(limits, filter: dialer.filter)) }
        #endif
        if configuration.webRTC { add(signalling: Signalling(stunServers: configuration.stunServers)) }
        if let gossip = configuration.gossip {
            add(gossip: GossipSub(gossip))
            if !configuration.discovery.isEmpty { add(PubsubDiscovery(configuration.discovery)) }
        }
        #if !hasFeature(Embedded)
            if let dials = configuration.localDiscovery.map(\.dials) { add(localDiscovery: LocalDiscovery(dials: dials)) }
        #endif
        add(Ledger(limits: configuration.limits))
        let paths = PathCounter()
        self.paths = paths
        add(paths)
    }

    /// Adds a protocol that no other one needs.
    public func add(_ one: any NodeProtocol) { protocols.append(one) }

    public func add(admission: any ConnectionGating) {
        self.admission = admission
        add(admission)
    }

    /// Relays circuits of others.
    public func add(relay: any CircuitServing) {
        self.relay = relay
        add(relay)
    }

    /// Makes circuits for the dialler, and holds reservations.
    public func add(relayClient: RelayClient) {
        self.relayClient = relayClient
        dialer.circuits = relayClient
        add(relayClient)
    }

    /// Makes direct connections from relayed ones. It is tried after those that were added before.
    public func add(upgrade: any DirectUpgrading) {
        let coordinator = upgrades ?? UpgradeCoordinator()
        if upgrades == nil { add(coordinator) }
        upgrades = coordinator
        coordinator.add(upgrade)
        if let form = upgrade.circuitForm { addresses.upgradeForms.append(form) }
        add(upgrade)
    }

    /// Makes them by WebRTC. The shell must support `NodeOutput.peerConnection`.
    public func add(signalling: any PeerConnectionSignalling) {
        self.signalling = signalling
        dialer.upgrades = true
        add(upgrade: signalling)
    }

    #if !hasFeature(Embedded)
        /// Takes what the shell finds in the local network.
        func add(localDiscovery: LocalDiscovery) {
            self.localDiscovery = localDiscovery
            add(localDiscovery)
        }
    #endif

    /// Publishes for applications and for protocols that use topics.
    public func add(gossip: GossipSub) {
        self.gossip = gossip
        add(gossip)
    }
}
