public import CausewayConnection
public import CausewayIdentity

// What an application can request from its node. Every `request` is answered by one `NodeEvent.answered`. The caller chooses the numbers.
extension Node {
    // MARK: Connections

    /// Connects to a peer at the given and the known addresses, direct ones first. If a suitable connection is open, it is the answer at
    /// once.
    /// - Parameter allowsLimited: Accept a relayed connection with a limit. It is always accepted if the only given address is a circuit's.
    public func connect(request: UInt32, peer: PeerID, addresses: [Multiaddr] = [], allowsLimited: Bool, now: Instant) {
        begin(now)
        services.dialer.connect(request: request, peer: peer, addresses: addresses, allowsLimited: allowsLimited, in: context)
        settle()
    }

    /// Cancels a request. It is answered by `.cancelled` unless it has been answered before.
    public func cancel(request: UInt32, now: Instant) {
        begin(now)
        for one in protocols { if one.cancel(request: request, in: context) { break } }
        settle()
    }

    /// Closes every connection to a peer.
    public func hangUp(_ peer: PeerID, now: Instant) {
        begin(now)
        for link in context.connections.links(of: peer) { context.close(link, .application) }
        settle()
    }

    /// Begins nothing new, at the end of the node. Waiting requests are answered by `.cancelled`. The shell closes the connections once
    /// they are drained (`LinkSet.shutDown`).
    public func shutdown(now: Instant) {
        begin(now)
        for one in protocols { one.shutdown(in: context) }
        for link in context.connections.order { context.connections.retire(link) }
        settle()
    }

    /// Protects a peer's connections from being pruned until `unprotect` is called with the same tag.
    public func protect(_ peer: PeerID, tag: [UInt8] = []) { context.connections.protect(peer, tag: tag) }

    public func unprotect(_ peer: PeerID, tag: [UInt8] = []) { context.connections.unprotect(peer, tag: tag) }

    /// Measures the round-trip time to a connected peer by a stream of the ping protocol.
    public func ping(request: UInt32, peer: PeerID, now: Instant) {
        begin(now)
        services.ping.ping(request: request, peer: peer, in: context)
        settle()
    }

    /// Remembers addresses of a peer for later dials.
    public func addAddresses(_ addresses: [Multiaddr], of peer: PeerID, now: Instant) {
        begin(now)
        context.peers.add(addresses, of: peer, source: .application, now: now)
    }

    // MARK: Relays

    /// Makes a reservation at a relay, named by an address that ends in `/p2p/<relay>`, and keeps it until `release`.
    public func reserve(request: UInt32, relayAddress: Multiaddr, now: Instant) {
        begin(now)
        if let client = services.relayClient {
            client.reserve(request: request, relayAddress: relayAddress, in: context)
        } else {
            context.answer(request, .notReserved(.unreachable([])))
        }
        settle()
    }

    public func release(relay: PeerID, now: Instant) {
        begin(now)
        services.relayClient?.release(relay, in: context)
        settle()
    }

    /// Keeps reservations at `count` of the candidates, the first ones first. `learns`: relays that the node learns of by identify are
    /// candidates, too.
    /// - Returns: The addresses that name no relay.
    @discardableResult
    public func keepRelays(_ candidates: [Multiaddr], count: Int, learns: Bool = false, now: Instant) -> [Multiaddr] {
        begin(now)
        let unusable = services.relayClient?.keepRelays(candidates, count: count, learns: learns, in: context) ?? candidates
        settle()
        return unusable
    }

    public var reservations: [Reservation] { services.relayClient?.reservations ?? [] }

    /// This node's counts as a relay. nil: it is no relay.
    public var relayCounts: RelayCounters? { services.relay?.counts }

    // MARK: Gossip

    public func subscribe(_ topic: [UInt8], refusesReplays: Bool = false, now: Instant) {
        begin(now)
        services.gossip?.subscribe(topic, refusesReplays: refusesReplays, in: context)
        settle()
    }

    public func unsubscribe(_ topic: [UInt8], now: Instant) {
        begin(now)
        services.gossip?.unsubscribe(topic, in: context)
        settle()
    }

    public func publish(request: UInt32, topic: [UInt8], data: [UInt8], now: Instant) {
        begin(now)
        if let gossip = services.gossip {
            gossip.publish(request: request, topic: topic, data: data, in: context)
        } else {
            context.answer(request, .notPublished(.off))
        }
        settle()
    }

    #if !hasFeature(Embedded)
        /// From now on, the application judges a topic's messages before anybody gets them, or does not any more: each is a
        /// `NodeEvent.unjudged`, and waits for `judge`. Returns false if the name is no topic's, or the node does not gossip.
        @discardableResult
        public func setJudged(_ topic: [UInt8], _ isJudged: Bool, now: Instant) -> Bool {
            begin(now)
            return services.gossip?.setJudged(topic, isJudged) ?? false
        }

        /// The verdict on a message. It counts if it is the first one and in time.
        public func judge(_ number: UInt32, _ verdict: MessageVerdict, now: Instant) {
            begin(now)
            services.gossip?.judge(number, verdict, in: context)
            settle()
        }

        /// What became of the messages that the application judges.
        public var verdictCounts: VerdictCounts { services.gossip?.verdicts ?? VerdictCounts() }

        /// The topics that the node carries for others (`GossipSubConfiguration.carries`).
        public var carriedTopics: [[UInt8]] { services.gossip?.carriedTopics ?? [] }
    #endif

    /// The topic's mesh, in the order of joining.
    public func mesh(_ topic: [UInt8]) -> [PeerID] { services.gossip?.mesh(topic) ?? [] }

    /// The connected peers that are known to subscribe.
    public func subscribers(_ topic: [UInt8]) -> [PeerID] { services.gossip?.subscribers(topic) ?? [] }

    // MARK: Protocols

    /// Replaces the protocols that the application serves. Names that the node itself serves are left out.
    public func setApplicationProtocols(_ entries: [ProtocolTable.Entry], now: Instant) {
        begin(now)
        applicationProtocols = entries
        serve()
        settle()
    }

    /// Serves what the node's parts and the application serve.
    func serve() {
        var all = servedEntries
        for entry in applicationProtocols where serving[entry.name] == nil { all.append(entry) }
        let table = ProtocolTable(all)
        guard table != context.protocolTable else { return }
        context.protocolTable = table
        context.append(.protocols(table))
        for one in protocols { one.protocolsChanged(in: context) }
    }

    /// The protocols that a new connection has to serve.
    public var protocolTable: ProtocolTable { context.protocolTable }

    // MARK: What the node knows

    public var peerID: PeerID { context.peerID }

    /// The link on which new streams to a peer are opened.
    public func bestLink(for peer: PeerID, allowsLimited: Bool) -> UInt32? {
        context.connections.best(for: peer, allowsLimited: allowsLimited)?.id
    }

    public func bestConnection(to peer: PeerID, allowsLimited: Bool) -> ConnectionDescription? {
        context.connections.best(for: peer, allowsLimited: allowsLimited)?.description
    }

    public func isConnected(_ peer: PeerID) -> Bool { !context.connections.links(of: peer).isEmpty }

    public func connectionDescription(_ link: UInt32) -> ConnectionDescription? { context.connections[link]?.description }

    /// In the order in which the connections were opened.
    public var connectionDescriptions: [ConnectionDescription] {
        var descriptions: [ConnectionDescription] = []
        for id in context.connections.order {
            if let link = context.connections[id], !link.isProbe { descriptions.append(link.description) }
        }
        return descriptions
    }

    /// What identify said about a peer.
    public func description(of peer: PeerID) -> PeerDescription? { context.peers.description(of: peer) }

    /// The known addresses of a peer.
    public func addresses(of peer: PeerID) -> [Multiaddr] { context.peers.addresses(of: peer, now: context.now) }

    /// Listen addresses, then those of reservations, without `/p2p/<self>`.
    public var advertisedAddresses: [Multiaddr] { context.addresses.advertised(for: .identify) }

    #if !hasFeature(Embedded)
        /// All addresses that this node has or may have, advertised or not, with what speaks for each, without `/p2p/<self>`.
        public var ownAddresses: [OwnAddressState] { context.addresses.states }
    #endif
}
