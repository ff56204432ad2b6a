import CausewayConnection
import CausewayNode
import CausewayRuntime
import Synchronization

extension Node {
    /// Opens a stream for a protocol to a peer that is connected, or whose addresses are known.
    ///
    /// A relayed connection with limits is used only with `allowsLimited`. Such connections suit short messages and signalling, not bulk
    /// data.
    ///
    /// A `resumable` stream goes on over another connection to the peer when its own ends, or when a direct one stands beside a relayed
    /// one. The peer must serve the protocol as resumable; otherwise the stream is an ordinary one (`Stream.isResumable`).
    public func open(
        _ protocolID: String, to peer: PeerID, allowsLimited: Bool = false, resumable: Bool = false
    ) async throws(NodeError) -> Stream {
        guard resumable else { return try await open([protocolID], to: peer, allowsLimited: allowsLimited) }
        return try await openResumable(protocolID, to: peer, addresses: [], allowsLimited: allowsLimited)
    }

    /// Opens a stream for a protocol to the peer at an address that ends in `/p2p/<peer id>`. Connects first if necessary. If the address
    /// leads through a relay, the connection may have limits.
    public func open(_ protocolID: String, to address: Multiaddr, resumable: Bool = false) async throws(NodeError) -> Stream {
        let address = address.withPathBeforePeerID
        guard let peer = address.peerID else { throw .missingPeerID(address) }
        if resumable {
            return try await openResumable(protocolID, to: peer, addresses: [address], allowsLimited: address.isCircuit)
        }
        return try await openStream(RouteRequest(peer, [protocolID], addresses: [address], allowsLimited: address.isCircuit))
    }

    /// Opens a stream and proposes several protocols, the preferred one first. `Stream.protocolID` is the one that the peer chose.
    ///
    /// If identify has named a single proposed protocol, the call does not wait for the peer's answer. Then the stream's first use opens it
    /// (reading, writing or finishing): what is written first is sent together with the proposal, which saves a round trip. If the peer no
    /// longer supports the protocol, reading and writing throw `.unsupportedProtocol`.
    public func open(_ protocolIDs: [String], to peer: PeerID, allowsLimited: Bool = false) async throws(NodeError) -> Stream {
        try await openStream(RouteRequest(peer, protocolIDs, addresses: [], allowsLimited: allowsLimited))
    }

    private func openStream(_ wanted: RouteRequest) async throws(NodeError) -> Stream { try await openCarrier(wanted).stream }

    /// A stream, and the connection over which it runs.
    func openCarrier(_ wanted: RouteRequest) async throws(NodeError) -> CarryingStream {
        let connection = try await route(wanted)
        let state = ApplicationStream(proposing: wanted.names, at: shell.place(of: connection.id))
        do {
            let name = wanted.isSpoken ? wanted.protocolIDs[0] : try await state.settle()
            let stream = Stream(state, peer: wanted.peer, protocolID: name, limit: connection.path.limit)
            return CarryingStream(stream: stream, connection: connection)
        } catch {
            throw error == .cancelled ? .cancelled : .stream(error)
        }
    }

    /// Finds a connection or makes one, and looks at what is known of the peer, in one visit to the node.
    private func route(_ wanted: RouteRequest) async throws(NodeError) -> ConnectionDescription {
        let answer = try await request { [requests] node, request, now in
            if wanted.isOnlyLimited(at: node) { return requests.answer(request, .noPong(.limitedConnection)) }
            wanted.noteWhatIsSpoken(at: node)
            if let connection = wanted.existing(at: node) { return requests.answer(request, .connected(connection)) }
            node.connect(
                request: request, peer: wanted.peer, addresses: wanted.addresses, allowsLimited: wanted.allowsLimited, now: now)
        }
        switch answer {
        case .connected(let connection): return connection
        case .notConnected(let outcomes): throw .notConnected(wanted.peer, outcomes)
        case .noPong(let error): throw .stream(error)
        default: throw .cancelled
        }
    }
}

/// A stream that wants to go somewhere.
final class RouteRequest: Sendable {
    let peer: PeerID
    let addresses: [Multiaddr]
    let allowsLimited: Bool
    let protocolIDs: [String]
    /// The same as bytes.
    let names: [[UInt8]]
    private let spoken = Atomic(false)

    init(_ peer: PeerID, _ protocolIDs: [String], addresses: [Multiaddr], allowsLimited: Bool) {
        self.peer = peer
        self.addresses = addresses
        self.allowsLimited = allowsLimited
        self.protocolIDs = protocolIDs
        names = protocolIDs.map { Array($0.utf8) }
    }

    /// Whether the peer is known to support the one requested protocol: `noteWhatIsSpoken` finds it out.
    var isSpoken: Bool { spoken.load(ordering: .acquiring) }

    /// Whether there are connections and none will do. Where no address is named, no other is made beside them.
    func isOnlyLimited(at node: CausewayNode.Node) -> Bool {
        addresses.isEmpty && !allowsLimited && node.isConnected(peer) && node.bestLink(for: peer, allowsLimited: false) == nil
    }

    /// The connection to use, if there is one and no address was named: an answer at once, without a turn of the node.
    func existing(at node: CausewayNode.Node) -> ConnectionDescription? {
        addresses.isEmpty ? node.bestConnection(to: peer, allowsLimited: allowsLimited) : nil
    }

    /// Of several protocols the peer has to choose one, whatever identify said of them.
    func noteWhatIsSpoken(at node: CausewayNode.Node) {
        guard names.count == 1, node.description(of: peer)?.protocolIDsUTF8.contains(names[0]) == true else { return }
        spoken.store(true, ordering: .releasing)
    }
}
