import CausewayConnection
import CausewayNode
import CausewayRuntime

extension Node {
    /// Connects to a peer at one address, which must end in `/p2p/<peer id>`. Returns an existing connection if it is suitable.
    ///
    /// A circuit address (`…/p2p/<relay>/p2p-circuit/p2p/<peer>`) leads to a relayed connection.
    @discardableResult
    public func connect(to address: Multiaddr) async throws(NodeError) -> Connection {
        guard let peer = address.withPathBeforePeerID.peerID else { throw .missingPeerID(address) }
        return try await connect(to: peer, addresses: [address], allowsLimited: address.isCircuit)
    }

    /// Connects to a peer at any of the given or known addresses: direct ones first, relayed ones shortly after.
    @discardableResult
    public func connect(to peer: PeerID, addresses: [Multiaddr] = [], allowsLimited: Bool = true) async throws(NodeError) -> Connection {
        let addresses = addresses.map(\.withPathBeforePeerID)
        let answer = try await request { node, request, now in
            node.connect(request: request, peer: peer, addresses: addresses, allowsLimited: allowsLimited, now: now)
        }
        switch answer {
        case .connected(let connection): return connection
        case .notConnected(let outcomes): throw .notConnected(peer, outcomes)
        default: throw .cancelled
        }
    }

    /// Closes every connection to a peer.
    public func hangUp(_ peer: PeerID) async { await onNode { node, now in node.hangUp(peer, now: now) } }

    /// Drops every connection to a peer without a farewell, as a crash would: for tests.
    package func abort(_ peer: PeerID) async {
        for connection in await connections where connection.peer == peer { shell.kill(connection.id, .reset) }
    }

    /// Cuts the lines of every connection to a peer, which nobody is told: for tests.
    package func cut(_ peer: PeerID) async {
        for connection in await connections where connection.peer == peer { shell.kill(connection.id, .silence) }
    }

    /// Protects the connections to a peer from being closed when the node has too many.
    public func protect(_ peer: PeerID) async { await onNode { node, _ in node.protect(peer) } }

    public func unprotect(_ peer: PeerID) async { await onNode { node, _ in node.unprotect(peer) } }

    /// Measures the round-trip time to a connected peer with libp2p's ping protocol.
    public func ping(_ peer: PeerID) async throws(NodeError) -> Interval {
        let answer = try await request { node, request, now in node.ping(request: request, peer: peer, now: now) }
        switch answer {
        case .pong(let time): return time
        case .noPong(let error): throw .stream(error)
        default: throw .cancelled
        }
    }

    // MARK: Reservations

    /// Makes a reservation at a relay and keeps it until `release`: the node refreshes it in time, and makes it again after the relay was
    /// unreachable.
    @discardableResult
    public func reserve(at relay: Multiaddr) async throws(NodeError) -> Reservation {
        let relay = relay.withPathBeforePeerID
        guard relay.peerID != nil else { throw .missingPeerID(relay) }
        let answer = try await request { node, request, now in node.reserve(request: request, relayAddress: relay, now: now) }
        switch answer {
        case .reserved(let reservation): return reservation
        case .notReserved(let error): throw .reservation(error)
        default: throw .cancelled
        }
    }

    /// Gives up a reservation: the node stops refreshing and advertising it.
    public func release(relay: PeerID) async { await onNode { node, now in node.release(relay: relay, now: now) } }
}
