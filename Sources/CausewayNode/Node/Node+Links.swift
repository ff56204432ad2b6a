public import CausewayConnection
public import CausewayIdentity

// Connections that open and close.
extension Node {
    /// The shell accepted a connection under an odd number, and has read nothing from it yet. If there is one too many, `.link(…,
    /// .close(.pruned))` follows at once, for it or for another.
    public func accepted(link: UInt32, remote: Multiaddr, local: Multiaddr, now: Instant) {
        begin(now)
        services.admission?.insert(link, remote: remote, local: local, in: context)
        settle()
    }

    /// The shell refused a connection before it became a link, because of a limit that the shell keeps itself.
    public func refused(remote: Multiaddr, _ limit: LimitName, value: Int, now: Instant) {
        begin(now)
        services.admission?.refuse(remote, limit, value, in: context)
        settle()
    }

    /// Refuses a connection if there is one too many from its place. Doing so before the shell makes a link costs least.
    /// - Returns: Whether it refused the connection, and reported that.
    public func turnsAway(_ remote: Multiaddr, now: Instant) -> Bool {
        guard let (limit, value) = services.admission?.refusal(of: remote) else { return false }
        refused(remote: remote, limit, value: value, now: now)
        return true
    }

    /// The connections that were refused since the start.
    public var connectionsRefused: UInt64 { services.admission?.refused ?? 0 }

    /// Whether the node knows a link with this number: a shell must not give the number to another one.
    public func knowsLink(_ id: UInt32) -> Bool { context.connections[id] != nil || context.expectedLinks[id] != nil }

    /// The transport of a dialled link is connected, and its handshake begins.
    public func linked(link: UInt32, remote: Multiaddr, local: Multiaddr, now: Instant) {
        begin(now)
        context.expectedLinks[link]?.localAddress = local
        settle()
    }

    func established(_ id: UInt32, _ peer: PeerID, _ key: PublicKey) {
        guard let link = connected(id, peer, key) else { return }
        if link.isProbe {
            context.connections.insert(link)
            return services.dialer.linkOpened(link, in: context)
        }
        makeRoom(for: peer)
        let isFirst = !context.connections.isConnected(peer)
        let before = context.connections.best(for: peer, allowsLimited: true)
        context.connections.insert(link)
        context.peers.connected(peer)
        context.emit(.connected(link.description))
        if isFirst { context.emit(.peerConnected(peer)) }
        tellPath(to: peer, before: before)
        for one in protocols where context.connections[id] != nil { one.linkOpened(link, in: context) }
    }

    /// Keeps only the newest connections of a peer that has too many.
    private func makeRoom(for peer: PeerID) {
        let links = context.connections.links(of: peer)
        let most = context.limits.connectionsPerPeer
        guard links.count >= most else { return }
        for index in 0...links.count - most { context.close(links[index], .superseded) }
    }

    /// What was known about a link before it was authenticated. nil: the node has given it up, or never knew it.
    private func connected(_ id: UInt32, _ peer: PeerID, _ key: PublicKey) -> ConnectedLink? {
        guard let known = context.expectedLinks.removeValue(forKey: id) else { return nil }
        guard peer != context.peerID else {
            context.append(.link(id, .close(.pruned)))
            failed(id, .ownPeer)
            return nil
        }
        return ConnectedLink(
            id: id, peer: peer, publicKey: key, remoteAddress: known.remoteAddress, localAddress: known.localAddress,
            isInbound: known.isInbound, path: known.path, openedAt: context.now, carrier: known.carrier, isProbe: known.isProbe)
    }

    func closed(_ id: UInt32, _ error: ConnectionError) {
        context.expectedLinks[id] = nil
        guard let link = context.connections[id] else {
            failed(id, .failed(error))
            return
        }
        let before = link.isClosing ? nil : context.connections.best(for: link.peer, allowsLimited: true)
        for stream in context.owners.streams(on: id) { streamEnded(StreamKey(link: id, stream: stream), .connection(error)) }
        _ = context.connections.remove(id)
        if link.isProbe { return }
        context.emit(.disconnected(link.description, reason: error))
        if context.connections.isConnected(link.peer) {
            if let before { tellPath(to: link.peer, before: before) }
        } else {
            context.peers.disconnected(link.peer, now: context.now)
            context.emit(.peerDisconnected(link.peer))
        }
        for one in protocols { one.linkClosed(link, in: context) }
    }

    private func failed(_ id: UInt32, _ result: DialOutcome.Result) {
        for one in protocols { one.linkFailed(id, result, in: context) }
    }

    private func tellPath(to peer: PeerID, before: ConnectedLink?) {
        guard let best = context.connections.best(for: peer, allowsLimited: true), best !== before else { return }
        context.emit(.pathChanged(peer, best.description))
    }
}
