import CausewayConnection
import CausewayNode
import CausewayRuntime
import Synchronization

extension Node {
    /// Opens a stream for a protocol to a peer that is connected, or whose addresses are known.
    ///
    /// A relayed connection with limits is used only with `allowLimited`. Such connections suit short messages and signalling, not bulk
    /// data.
    public func open(_ protocolID: String, to peer: PeerID, allowLimited: Bool = false) async throws(NodeError) -> Stream {
        try await open([protocolID], to: peer, allowLimited: allowLimited)
    }

    /// Opens a stream for a protocol to the peer at an address that ends in `/p2p/<peer id>`. Connects first if necessary.
    public func open(_ protocolID: String, to address: Multiaddr) async throws(NodeError) -> Stream {
        guard let peer = address.peerID else { throw .missingPeerID(address) }
        let request = RouteRequest(peer, [protocolID], addresses: [address], allowLimited: address.isCircuit)
        return try await openStream([protocolID], along: try await route(request), to: peer)
    }

    /// Opens a stream and proposes several protocols, the preferred one first. `Stream.protocolID` is the one that the peer chose.
    ///
    /// If identify has named a single proposed protocol, the call does not wait for the peer's answer: the first write is sent together
    /// with the proposal, which saves a round trip. If the peer no longer supports the protocol, reading and writing throw
    /// `.unsupportedProtocol`.
    public func open(_ protocolIDs: [String], to peer: PeerID, allowLimited: Bool = false) async throws(NodeError) -> Stream {
        let request = RouteRequest(peer, protocolIDs, addresses: [], allowLimited: allowLimited)
        return try await openStream(protocolIDs, along: try await route(request), to: peer)
    }

    private func openStream(_ protocolIDs: [String], along route: Route, to peer: PeerID) async throws(NodeError) -> Stream {
        let (link, limit) = (route.connection.link, route.connection.path.limit)
        let state = ApplicationStream(loop: shell.loop(of: link))
        let names = protocolIDs.map { Array($0.utf8) }
        shell.withLink(link) { link, _ in state.open(names, on: link) }
        if route.isSpoken { return Stream(state, peer: peer, protocolID: protocolIDs[0], limit: limit) }
        do {
            return Stream(state, peer: peer, protocolID: try await state.settle(), limit: limit)
        } catch {
            throw error == .cancelled ? .cancelled : .stream(error)
        }
    }

    /// Finds a connection or makes one, and looks at what is known of the peer, in one visit to the node.
    private func route(_ wanted: RouteRequest) async throws(NodeError) -> Route {
        let answer = try await request { [requests] node, request, now in
            if wanted.isOnlyLimited(at: node) { return requests.answer(request, .noPong(.limitedConnection)) }
            wanted.noteWhatIsSpoken(at: node)
            node.connect(
                request: request, peer: wanted.peer, addresses: wanted.addresses, allowsLimited: wanted.allowLimited, now: now)
        }
        switch answer {
        case .connected(let description): return Route(connection: description, isSpoken: wanted.isSpoken)
        case .notConnected(let outcomes): throw .notConnected(wanted.peer, outcomes)
        case .noPong(let error): throw .stream(error)
        default: throw .cancelled
        }
    }
}

/// Where a stream is to go.
private struct Route {
    let connection: ConnectionDescription
    /// Whether the peer is known to support the one requested protocol.
    let isSpoken: Bool
}

/// A stream that wants to go somewhere.
private final class RouteRequest: Sendable {
    let peer: PeerID
    let addresses: [Multiaddr]
    let allowLimited: Bool
    private let names: [[UInt8]]
    private let spoken = Atomic(false)

    init(_ peer: PeerID, _ protocolIDs: [String], addresses: [Multiaddr], allowLimited: Bool) {
        self.peer = peer
        self.addresses = addresses
        self.allowLimited = allowLimited
        names = protocolIDs.map { Array($0.utf8) }
    }

    /// Answered by `noteWhatIsSpoken`.
    var isSpoken: Bool { spoken.load(ordering: .acquiring) }

    /// Whether there are connections and none will do. Where no address is named, no other is made beside them.
    func isOnlyLimited(at node: CausewayNode.Node) -> Bool {
        addresses.isEmpty && !allowLimited && node.isConnected(peer) && node.bestLink(for: peer, allowsLimited: false) == nil
    }

    /// Of several protocols the peer has to choose one, whatever identify said of them.
    func noteWhatIsSpoken(at node: CausewayNode.Node) {
        guard names.count == 1, node.description(of: peer)?.protocolIDs.contains(names[0]) == true else { return }
        spoken.store(true, ordering: .releasing)
    }
}
