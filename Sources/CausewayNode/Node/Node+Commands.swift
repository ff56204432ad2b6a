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
        dialer.connect(request: request, peer: peer, addresses: addresses, allowsLimited: allowsLimited, in: state)
        settle()
    }

    /// Cancels a request. It is answered by `.cancelled` unless it has been answered before.
    public func cancel(request: UInt32, now: Instant) {
        begin(now)
        if !dialer.cancel(request: request, in: state), !ping.cancel(request: request, in: state) {
            _ = parts.relayClient?.cancel(request: request, in: state)
        }
        settle()
    }

    /// Closes every connection to a peer.
    public func hangUp(_ peer: PeerID, now: Instant) {
        begin(now)
        for link in state.connections.links(of: peer) { state.close(link, .application) }
        settle()
    }

    /// Closes everything, at the end of the node. Waiting requests are answered by `.cancelled`.
    public func shutdown(now: Instant) {
        begin(now)
        dialer.cancelAll(in: state)
        ping.cancelAll(in: state)
        for link in parts.admission?.pendingLinks ?? [] { state.append(.link(link, .close(.shutdown))) }
        for link in state.connections.order { state.close(link, .shutdown) }
        settle()
    }

    /// Protects a peer's connections from being pruned until `unprotect` is called with the same tag.
    public func protect(_ peer: PeerID, tag: [UInt8] = []) { parts.admission?.protect(peer, tag: tag) }

    public func unprotect(_ peer: PeerID, tag: [UInt8] = []) { parts.admission?.unprotect(peer, tag: tag) }

    /// Measures the round-trip time to a connected peer by a stream of the ping protocol.
    public func ping(request: UInt32, peer: PeerID, now: Instant) {
        begin(now)
        ping.ping(request: request, peer: peer, in: state)
        settle()
    }

    /// Remembers addresses of a peer for later dials.
    public func addAddresses(_ addresses: [Multiaddr], of peer: PeerID, now: Instant) {
        begin(now)
        state.peers.add(addresses, of: peer, source: .application, now: now)
    }

    // MARK: Relays

    /// Makes a reservation at a relay, named by an address that ends in `/p2p/<relay>`, and keeps it until `release`.
    public func reserve(request: UInt32, relayAddress: Multiaddr, now: Instant) {
        begin(now)
        if let client = parts.relayClient {
            client.reserve(request: request, relayAddress: relayAddress, in: state)
        } else {
            state.answer(request, .notReserved(.unreachable([])))
        }
        settle()
    }

    public func release(relay: PeerID, now: Instant) {
        begin(now)
        parts.relayClient?.release(relay, in: state)
        settle()
    }

    /// Keeps reservations at `count` of the candidates, the first ones first. `learns`: relays that the node learns of by identify are
    /// candidates, too.
    /// - Returns: The addresses that name no relay.
    @discardableResult
    public func keepRelays(_ candidates: [Multiaddr], count: Int, learns: Bool = false, now: Instant) -> [Multiaddr] {
        begin(now)
        let unusable = parts.relayClient?.keepRelays(candidates, count: count, learns: learns, in: state) ?? candidates
        settle()
        return unusable
    }

    public var reservations: [Reservation] { parts.relayClient?.reservations ?? [] }

    /// This node's counts as a relay. nil: it is no relay.
    public var relayCounts: HopCounts? { parts.relay?.counts }

    // MARK: Gossip

    public func subscribe(_ topic: [UInt8], refusesReplays: Bool = false, now: Instant) {
        begin(now)
        parts.gossip?.subscribe(topic, refusesReplays: refusesReplays, in: state)
        settle()
    }

    public func unsubscribe(_ topic: [UInt8], now: Instant) {
        begin(now)
        parts.gossip?.unsubscribe(topic, in: state)
        settle()
    }

    public func publish(request: UInt32, topic: [UInt8], data: [UInt8], now: Instant) {
        begin(now)
        if let gossip = parts.gossip {
            gossip.publish(request: request, topic: topic, data: data, in: state)
        } else {
            state.answer(request, .notPublished(.off))
        }
        settle()
    }

    /// The topic's mesh, in the order of joining.
    public func mesh(_ topic: [UInt8]) -> [PeerID] { parts.gossip?.mesh(topic) ?? [] }

    /// The connected peers that are known to subscribe.
    public func subscribers(_ topic: [UInt8]) -> [PeerID] { parts.gossip?.subscribers(topic) ?? [] }

    // MARK: Protocols

    /// Replaces the protocols that the application serves. Names that the node itself serves are left out.
    public func setApplicationProtocols(_ entries: [ProtocolTable.Entry], now: Instant) {
        begin(now)
        applicationProtocols = entries
        var all = servedEntries
        for entry in entries where serving[entry.name] == nil { all.append(entry) }
        let table = ProtocolTable(all)
        guard table != state.protocolTable else { return }
        state.protocolTable = table
        state.append(.protocols(table))
        identify.protocolsChanged(in: state)
        settle()
    }

    /// The protocols that a new connection has to serve.
    public var protocolTable: ProtocolTable { state.protocolTable }

    // MARK: What the node knows

    public var peerID: PeerID { state.peerID }

    /// The link on which new streams to a peer are opened.
    public func bestLink(for peer: PeerID, allowsLimited: Bool) -> UInt32? {
        state.connections.best(for: peer, allowsLimited: allowsLimited)?.id
    }

    public func bestConnection(to peer: PeerID, allowsLimited: Bool) -> ConnectionDescription? {
        state.connections.best(for: peer, allowsLimited: allowsLimited)?.description
    }

    public func isConnected(_ peer: PeerID) -> Bool { !state.connections.links(of: peer).isEmpty }

    public func connectionDescription(_ link: UInt32) -> ConnectionDescription? { state.connections[link]?.description }

    /// In the order in which the connections were opened.
    public var connectionDescriptions: [ConnectionDescription] {
        var descriptions: [ConnectionDescription] = []
        for id in state.connections.order { if let link = state.connections[id] { descriptions.append(link.description) } }
        return descriptions
    }

    /// What identify said about a peer.
    public func description(of peer: PeerID) -> PeerDescription? { state.peers.description(of: peer) }

    /// The known addresses of a peer.
    public func addresses(of peer: PeerID) -> [Multiaddr] { state.peers.addresses(of: peer, now: state.now) }

    /// Listen addresses, then those of reservations, without `/p2p/<self>`.
    public var advertisedAddresses: [Multiaddr] { state.advertisedAddresses }
}
