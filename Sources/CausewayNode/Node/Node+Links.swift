public import CausewayConnection
public import CausewayIdentity

// Connections that open and close.
extension Node {
    /// The shell accepted a connection under an odd number, and has read nothing from it yet. If there is one too many, `.link(…,
    /// .close(.pruned))` follows at once, for it or for another.
    public func accepted(link: UInt32, remote: Multiaddr, local: Multiaddr, now: Instant) {
        begin(now)
        parts.admission?.insert(link, remote: remote, local: local, in: state)
        settle()
    }

    /// The shell refused a connection before it became a link, because of a limit that the shell keeps itself.
    public func refused(remote: Multiaddr, _ limit: LimitName, value: Int, now: Instant) {
        begin(now)
        parts.admission?.refuse(remote, limit, value, in: state)
        settle()
    }

    /// Refuses a connection if there is one too many from its place. Doing so before the shell makes a link costs least.
    /// - Returns: Whether it refused the connection, and reported that.
    public func turnsAway(_ remote: Multiaddr, now: Instant) -> Bool {
        guard let (limit, value) = parts.admission?.refusal(of: remote) else { return false }
        refused(remote: remote, limit, value: value, now: now)
        return true
    }

    /// The connections that were refused since the start.
    public var connectionsRefused: UInt64 { parts.admission?.refused ?? 0 }

    /// Whether the node knows a link with this number: a shell must not give the number to another one.
    public func knowsLink(_ id: UInt32) -> Bool { state.connections[id] != nil || parts.admission?.isPending(id) ?? false }

    /// The transport of a dialled link is connected, and its handshake begins.
    public func linked(link: UInt32, remote: Multiaddr, local: Multiaddr, now: Instant) {
        begin(now)
        dialer.linked(link, local: local)
        settle()
    }

    func established(_ id: UInt32, _ peer: PeerID, _ key: PublicKey) {
        guard let link = connected(id, peer, key) else { return }
        makeRoom(for: peer)
        let isFirst = !state.connections.isConnected(peer)
        let before = state.connections.best(for: peer, allowsLimited: true)
        state.connections.insert(link)
        state.peers.connected(peer)
        state.emit(.connectionOpened(link.description))
        if isFirst { state.emit(.peerConnected(peer)) }
        tellPath(to: peer, before: before)
        if before != nil { review.schedule(peer, at: state.now) }
        dialer.opened(link, in: state)
        for one in state.protocols where state.connections[id] != nil { one.linkOpened(link, in: state) }
    }

    /// Keeps only the newest connections of a peer that has too many.
    private func makeRoom(for peer: PeerID) {
        let links = state.connections.links(of: peer)
        let most = state.limits.connectionsPerPeer
        guard links.count >= most else { return }
        for index in 0...links.count - most { state.close(links[index], .superseded) }
    }

    /// What was known about a link before it was authenticated. nil: the node has given it up, or never knew it.
    private func connected(_ id: UInt32, _ peer: PeerID, _ key: PublicKey) -> ConnectedLink? {
        guard let known = state.expectedLinks.removeValue(forKey: id) ?? parts.admission?.authenticated(id) ?? dialer.dialled(id) else {
            return nil
        }
        guard peer != state.peerID else {
            state.append(.link(id, .close(.pruned)))
            dialer.failed(id, .ownPeer, in: state)
            return nil
        }
        return ConnectedLink(
            id: id, peer: peer, publicKey: key, remoteAddress: known.remoteAddress, localAddress: known.localAddress,
            isInbound: known.isInbound, path: known.path, openedAt: state.now, carrier: known.carrier)
    }

    func closed(_ id: UInt32, _ error: ConnectionError) {
        parts.admission?.remove(id)
        state.expectedLinks[id] = nil
        guard let link = state.connections[id] else {
            dialer.failed(id, .failed(error), in: state)
            return
        }
        let before = link.isClosing ? nil : state.connections.best(for: link.peer, allowsLimited: true)
        for stream in state.owners.streams(on: id) { streamEnded(StreamKey(link: id, stream: stream), .connection(error)) }
        _ = state.connections.remove(id)
        state.emit(.connectionClosed(link.description, error))
        if state.connections.isConnected(link.peer) {
            if let before { tellPath(to: link.peer, before: before) }
        } else {
            state.peers.disconnected(link.peer, now: state.now)
            state.emit(.peerDisconnected(link.peer))
        }
        for one in state.protocols { one.linkClosed(link, in: state) }
    }

    private func tellPath(to peer: PeerID, before: ConnectedLink?) {
        guard let best = state.connections.best(for: peer, allowsLimited: true), best !== before else { return }
        state.emit(.pathChanged(peer, best.description))
    }
}
