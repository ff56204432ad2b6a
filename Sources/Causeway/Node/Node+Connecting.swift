import CausewayConnection
import CausewayNode
import CausewayRuntime

extension Node {
    /// Connects to a peer at one address, which must end in `/p2p/<peer id>`. Returns an existing connection if it is suitable.
    ///
    /// A circuit address (`…/p2p/<relay>/p2p-circuit/p2p/<peer>`) leads to a relayed connection.
    @discardableResult
    public func connect(to address: Multiaddr) async throws(NodeError) -> Connection {
        guard let peer = address.peerID else { throw .missingPeerID(address) }
        return try await connect(to: peer, addresses: [address], allowLimited: address.isCircuit)
    }

    /// Connects to a peer at any of the given or known addresses: direct ones first, relayed ones shortly after.
    @discardableResult
    public func connect(to peer: PeerID, addresses: [Multiaddr] = [], allowLimited: Bool = true) async throws(NodeError) -> Connection {
        let answer = try await request { node, request, now in
            node.connect(request: request, peer: peer, addresses: addresses, allowsLimited: allowLimited, now: now)
        }
        switch answer {
        case .connected(let link):
            let description = await onNode { node, _ in node.connectionDescription(link) }
            // The connection may be closed by now.
            guard let description else { throw .stream(.notConnected) }
            return Connection(description)
        case .notConnected(let outcomes): throw .notConnected(peer, outcomes)
        default: throw .cancelled
        }
    }

    /// Closes every connection to a peer.
    public func hangUp(_ peer: PeerID) async { await onNode { node, now in node.hangUp(peer, now: now) } }

    /// Drops every connection to a peer without a farewell, as a crash would: for tests.
    public func abort(_ peer: PeerID) async {
        for connection in await connections where connection.peer == peer { shell.kill(connection.id, .reset) }
    }

    /// Protects the connections to a peer from being closed when the node has too many.
    public func protect(_ peer: PeerID) async { await onNode { node, _ in node.protect(peer) } }

    public func unprotect(_ peer: PeerID) async { await onNode { node, _ in node.unprotect(peer) } }

    /// Measures the round-trip time to a connected peer with libp2p's ping protocol.
    public func ping(_ peer: PeerID) async throws(NodeError) -> Duration {
        let answer = try await request { node, request, now in node.ping(request: request, peer: peer, now: now) }
        switch answer {
        case .pong(let interval): return .nanoseconds(Int64(clamping: interval.nanoseconds))
        case .noPong(let error): throw .stream(error)
        default: throw .cancelled
        }
    }

    // MARK: Reservations

    /// Makes a reservation at a relay and keeps it until `release`: the node refreshes it in time, and makes it again after the relay was
    /// unreachable.
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

    /// Gives up a reservation: the node stops refreshing and advertising it.
    public func release(relay: PeerID) async { await onNode { node, now in node.release(relay: relay, now: now) } }

    // MARK: Streams

    /// Opens a stream for a protocol to a peer that is connected, or whose addresses are known.
    ///
    /// A relayed connection with limits is used only with `allowLimited`. Such connections suit short messages and signalling, not bulk
    /// data.
    public func open(_ protocolID: String, to peer: PeerID, allowLimited: Bool = false) async throws(NodeError) -> Stream {
        try await open([protocolID], to: peer, allowLimited: allowLimited)
    }

    /// Opens a stream for a protocol to the peer at an address that ends in `/p2p/<peer id>`. Connects first if necessary.
    public func open(_ protocolID: String, to address: Multiaddr) async throws(NodeError) -> Stream {
        let connection = try await connect(to: address)
        return try await open(protocolID, to: connection.peer, allowLimited: address.isCircuit)
    }

    /// Opens a stream and proposes several protocols, the preferred one first. `Stream.protocolID` is the one that the peer chose.
    ///
    /// If identify has named a single proposed protocol, the call does not wait for the peer's answer: the first write is sent together
    /// with the proposal, which saves a round trip. If the peer no longer supports the protocol, reading and writing throw
    /// `.unsupportedProtocol`.
    public func open(_ protocolIDs: [String], to peer: PeerID, allowLimited: Bool = false) async throws(NodeError) -> Stream {
        try await ready()
        let names = protocolIDs.map { Array($0.utf8) }
        var route = await route(to: peer, names, allowLimited)
        if route.connection == nil {
            if route.isConnected { throw .stream(.limitedConnection) }
            try await connect(to: peer, allowLimited: allowLimited)
            route = await self.route(to: peer, names, allowLimited)
        }
        guard let found = route.connection else { throw .stream(.notConnected) }
        let state = ApplicationStream(loop: shell.loop(of: found.link))
        shell.withLink(found.link) { link, _ in state.open(names, on: link) }
        if route.isSpoken { return Stream(state, peer: peer, protocolID: protocolIDs[0], limit: found.limit) }
        do {
            return Stream(state, peer: peer, protocolID: try await state.settle(), limit: found.limit)
        } catch {
            throw error == .cancelled ? .cancelled : .stream(error)
        }
    }

    /// The connection on which a stream would be opened now.
    private struct Route {
        let connection: ConnectionDescription?
        let isConnected: Bool
        /// Whether the peer is known to support the one requested protocol.
        let isSpoken: Bool
    }

    private func route(to peer: PeerID, _ names: [[UInt8]], _ allowLimited: Bool) async -> Route {
        await onNode { node, _ in
            Route(
                connection: node.bestConnection(to: peer, allowsLimited: allowLimited), isConnected: node.isConnected(peer),
                isSpoken: names.count == 1 && node.description(of: peer)?.protocolIDs.contains(names[0]) == true)
        }
    }
}
