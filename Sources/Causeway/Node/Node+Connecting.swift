import CausewayConnection
import CausewayNode
import CausewayRuntime

extension Node {
    /// Connects to a peer under one address, which must end in `/p2p/<peer id>`; a fitting connection that exists is taken.
    ///
    /// A circuit address (`…/p2p/<relay>/p2p-circuit/p2p/<peer>`) gives a relayed connection.
    @discardableResult
    public func connect(to address: Multiaddr) async throws(NodeError) -> Connection {
        guard let peer = address.peerID else { throw .missingPeerID(address) }
        return try await connect(to: peer, addresses: [address], allowLimited: address.isCircuit)
    }

    /// Connects to a peer under any of the addresses given and known: direct ones first, relayed ones shortly after.
    @discardableResult
    public func connect(to peer: PeerID, addresses: [Multiaddr] = [], allowLimited: Bool = true) async throws(NodeError) -> Connection {
        let answer = try await request { node, request, now in
            node.connect(request: request, peer: peer, addresses: addresses, allowsLimited: allowLimited, now: now)
        }
        switch answer {
        case .connected(let description): return Connection(description)
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

    /// Keeps the connections of a peer from being pruned while the node is over its limits.
    public func protect(_ peer: PeerID) async { await onNode { node, _ in node.protect(peer) } }

    public func unprotect(_ peer: PeerID) async { await onNode { node, _ in node.unprotect(peer) } }

    /// The time to a connected peer and back, by libp2p's ping.
    public func ping(_ peer: PeerID) async throws(NodeError) -> Duration {
        let answer = try await request { node, request, now in node.ping(request: request, peer: peer, now: now) }
        switch answer {
        case .pong(let interval): return .nanoseconds(Int64(clamping: interval.nanoseconds))
        case .noPong(let error): throw .stream(error)
        default: throw .cancelled
        }
    }

    // MARK: Reservations

    /// Reserves at a relay, and keeps the reservation: refreshed in time, made anew after the relay was away, until `release`.
    @discardableResult
    public func reserve(at relay: Multiaddr) async throws(NodeError) -> Reservation {
        guard relay.peerID != nil else { throw .missingPeerID(relay) }
        let answer = try await request { node, request, now in node.reserve(request: request, relayAddress: relay, now: now) }
        switch answer {
        case .reserved(let reservation): return reservation
        case .notReserved(let error): throw .reservation(error)
        default: throw .cancelled
        }
    }

    /// Gives a reservation up: no longer refreshed, no longer advertised.
    public func release(relay: PeerID) async { await onNode { node, now in node.release(relay: relay, now: now) } }
}
