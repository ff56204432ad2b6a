import CausewayConnection
import CausewayNode

/// Connects to one peer, and watches how far that comes.
struct PeerQuestion: Sendable {
    /// Bound: attempts that are reported.
    static let attempts = 64

    private let node: Node
    private let moments: Moments
    private let peer: PeerID
    private let addresses: [Multiaddr]

    init(_ node: Node, _ moments: Moments, _ peer: PeerID, at addresses: [Multiaddr]) {
        self.node = node
        self.moments = moments
        self.peer = peer
        self.addresses = addresses
    }

    func ask() async -> PeerFacts {
        // Subscribed before anything happens; what is in it can be read after its end.
        let events = node.events()
        let isOver = Latch()
        async let watched = watch(events, then: isOver)
        let failures = await connect(events, unless: isOver)
        var facts = await watched
        if facts.attempts.isEmpty { facts.attempts = Array(failures.prefix(Self.attempts)) }
        return await node.onNode { [peer, facts] node, _ in
            var facts = facts
            facts.connection = node.bestConnection(to: peer, allowsLimited: true)
            facts.info = node.description(of: peer)
            facts.pending = node.peerConnectionProgress(with: peer)
            return facts
        }
    }

    /// Ends the watching when nothing more is to come. Returns why there is no connection.
    private func connect(_ events: Feed<Event>, unless isOver: Latch) async -> [DialOutcome] {
        let result = await Moments.by(moments.known) { [node, peer, addresses] () -> Result<Connection, NodeError>? in
            do throws(NodeError) {
                return .success(try await node.connect(to: peer, addresses: addresses))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let connection)? where connection.path.isRelayed:
            // A direct one may follow.
            _ = await Moments.by(moments.known) { await isOver.wait() }
            events.cancel()
            return []
        case .failure(.notConnected(_, let outcomes))?:
            events.cancel()
            return outcomes
        case .success?, .failure?, nil:
            events.cancel()
            return []
        }
    }

    /// Collects the attempts, until the connection is direct, or its way to become so has ended.
    private func watch(_ events: Feed<Event>, then isOver: Latch) async -> PeerFacts {
        defer { isOver.open() }
        var facts = PeerFacts(peer)
        for await event in events {
            switch event {
            case .dialAttempt(let outcome) where outcome.peer == peer:
                if facts.attempts.count < Self.attempts { facts.attempts.append(outcome) }
                // The way to a direct connection has failed.
                if outcome.peerConnection != nil, outcome.result != .connected, facts.connection != nil { events.cancel() }
            case .connected(let connection) where connection.peer == peer:
                facts.connection = connection
                if !connection.path.isRelayed { events.cancel() }
            case .identified(let info) where info.peer == peer:
                facts.info = info
                if facts.offersUpgrade == false, facts.connection?.path.isRelayed == true { events.cancel() }
            case .peerDisconnected(peer): events.cancel()
            default: break
            }
        }
        return facts
    }
}
