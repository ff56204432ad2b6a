public import CausewayConnection
public import CausewayIdentity

// Two one-way streams with each peer. We open ours over the peer's best connection as soon as we know that the peer speaks GossipSub.
extension GossipSub {
    public func linkOpened(_ link: ConnectedLink, in node: NodeContext) { consider(link.peer, in: node) }

    public func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeContext) {
        consider(peer, in: node)
        guard let known = peersByID[peer.bytes] else { return }
        let agent = node.peers.agent(of: peer)
        if Self.names(agent, "js-libp2p") { known.likelyForm = .js }
        #if !hasFeature(Embedded)
            if Self.names(agent, "rust-libp2p") { known.likelyForm = .rust }
        #endif
    }

    public func linkClosed(_ link: ConnectedLink, in node: NodeContext) {
        consider(link.peer, in: node)
        guard let peer = peersByID[link.peer.bytes], peer.outbound == nil, peer.inbound == nil else { return }
        if node.connections.best(for: link.peer, allowsLimited: configuration.allowsLimited) == nil { forget(peer, in: node) }
    }

    public func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let link = node.connections[stream.link] else { return node.reset(stream) }
        let peer = peer(link.peer)
        if let old = peer.inbound {
            endInbound(of: peer)
            node.reset(old.stream)
        }
        peer.inbound = GossipInbound(peer: peer, stream: stream)
        peer.inboundProtocol = protocolID
        peersByStream[stream.packed] = peer
        consider(link.peer, in: node)
    }

    public func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let peer = peersByStream[stream.packed] else { return }
        peer.failures = 0
        #if !hasFeature(Embedded)
            peer.readsDontWant = protocolID == Self.protocolIDs[0]
        #endif
    }

    public func finished(_ stream: StreamKey, in node: NodeContext) {
        guard let peer = peersByStream[stream.packed], let inbound = peer.inbound, inbound.stream == stream else { return }
        inbound.isFinished = true
        guard !inbound.isWaiting else { return }
        endInbound(of: peer)
        node.finish(stream)
    }

    public func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) {
        guard let peer = peersByStream[stream.packed] else { return }
        if peer.inbound?.stream == stream { endInbound(of: peer) }
        guard peer.outbound == stream else { return }
        peersByStream[stream.packed] = nil
        peer.outbound = nil
        for topic in topics { topic.forgetStream(of: peer) }
        switch error {
        case .some(.connection), .some(.unsupportedProtocol): peer.retryAt = .distantFuture
        default:
            peer.retryAt = node.now + .seconds(1 << UInt64(min(peer.failures, 5)))
            peer.failures += 1
            wake(in: node)
        }
    }

    /// Opens our stream if there is none and the peer speaks the protocol, or moves it from a relayed connection to a direct one.
    func consider(_ id: PeerID, in node: NodeContext) {
        guard let link = node.connections.best(for: id, allowsLimited: configuration.allowsLimited) else { return }
        let inbound = peersByID[id.bytes]?.inboundProtocol
        var proposals: [[UInt8]] = []
        for name in spoken where name == inbound || node.peers.speaks(id, name) { proposals.append(name) }
        guard !proposals.isEmpty else { return }
        let peer = peer(id)
        guard let current = peer.outbound else { return open(to: peer, on: link, proposals, in: node) }
        guard current.link != link.id, !link.isRelayed, node.connections[current.link]?.isRelayed ?? true else { return }
        peersByStream[current.packed] = nil
        open(to: peer, on: link, proposals, in: node)
        node.conclude(current)
    }

    private func open(to peer: GossipPeer, on link: ConnectedLink, _ proposals: [[UInt8]], in node: NodeContext) {
        let stream = node.openStream(on: link.id, proposals, for: self)
        peer.outbound = stream
        peer.isDialled = !link.isInbound
        peer.retryAt = .distantFuture
        peersByStream[stream.packed] = peer
        greet(peer, in: node)
        for topic in topics where peer.subscribes(to: topic.name) { subscriberAppeared(peer, on: topic, in: node) }
    }

    /// Sends all our subscriptions, in RPCs of moderate size.
    private func greet(_ peer: GossipPeer, in node: NodeContext) {
        var batch: [[UInt8]] = []
        for topic in topics where topic.isAnnounced(to: peer) {
            batch.append(topic.name)
            if batch.count == 256 {
                send(GossipCodec.subscriptions(batch, subscribe: true), to: peer, in: node)
                batch = []
            }
        }
        if !batch.isEmpty { send(GossipCodec.subscriptions(batch, subscribe: true), to: peer, in: node) }
    }

    /// The peer subscribes to the topic, and from now on we can send to it.
    func subscriberAppeared(_ peer: GossipPeer, on topic: GossipTopic, in node: NodeContext) {
        guard topic.isJoined else { return }
        if topic.mesh.count < configuration.parameters.meshSize, mayGraft(peer, into: topic, now: node.now) {
            graft(peer, into: topic, in: node)
        }
        topic.listener?.subscriberAppeared(peer.peer, on: topic.name, in: node)
        tellNewcomer(peer, of: topic, in: node)
    }

    private func peer(_ id: PeerID) -> GossipPeer {
        if let peer = peersByID[id.bytes] { return peer }
        lastPeer &+= 1
        let peer = GossipPeer(id: lastPeer, peer: id)
        peersByID[id.bytes] = peer
        peers.append(peer)
        return peer
    }

    private func forget(_ peer: GossipPeer, in node: NodeContext) {
        peersByID[peer.peer.bytes] = nil
        peers.remove(peer)
        for topic in topics { topic.removeSubscriber(peer) }
        #if !hasFeature(Embedded)
            for topic in topics where topic.isCarried { subscriberLeft(peer, topic, in: node) }
        #endif
    }

    func endInbound(of peer: GossipPeer) {
        guard let inbound = peer.inbound else { return }
        peersByStream[inbound.stream.packed] = nil
        peer.inbound = nil
        inbound.isGone = true
        if !inbound.isWaiting { drop(inbound) }
    }

    /// Whether the agent's name contains this one, whose first letter occurs only once in it, so that the search never goes back.
    private static func names(_ agent: [UInt8], _ name: StaticString) -> Bool {
        var found = 0
        for byte in agent {
            if byte != name.utf8Start[found] { found = 0 }
            if byte == name.utf8Start[found] { found += 1 }
            if found == name.utf8CodeUnitCount { return true }
        }
        return false
    }
}
