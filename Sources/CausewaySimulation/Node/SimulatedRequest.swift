public import CausewayConnection
import CausewayIdentity
public import CausewayNode

/// A request to a node, and its one answer.
public final class SimulatedRequest {
    /// The answer. nil: there is none yet.
    public private(set) var answer: Answer?
    /// When the answer came.
    public private(set) var answeredAt: Instant?
    /// Whether the node is gone, so that no answer will come.
    public private(set) var isAbandoned = false
    let number: UInt32

    init(_ number: UInt32) { self.number = number }

    /// Whether there is an answer.
    public var isAnswered: Bool { answer != nil }

    /// Whether the answer is a connection.
    public var isConnected: Bool { if case .connected? = answer { true } else { false } }

    /// The reservation, if that is the answer.
    public var reservation: Reservation? { if case .reserved(let reservation)? = answer { reservation } else { nil } }

    /// The outcome for each address, if no connection was made.
    public var outcomes: [DialOutcome]? { if case .notConnected(let outcomes)? = answer { outcomes } else { nil } }

    func resolve(_ answer: Answer, at moment: Instant) {
        self.answer = answer
        answeredAt = moment
    }

    func abandon() { isAbandoned = true }
}

extension Simulation {
    /// Adds a node on a host of its own, and starts it.
    /// - Parameters:
    ///   - name: how traces and failures call it.
    ///   - ip: its host's address, 4 or 16 bytes.
    ///   - others: further addresses, such as an IPv6 one.
    ///   - port: where it listens with bare TCP; nil: it does not.
    ///   - webSocketPort: where it listens with WebSocket; nil: it does not.
    ///   - webRTCPort: where it listens with `/webrtc-direct`; nil: it does not.
    ///   - line: latency and bandwidth of its host's line.
    ///   - isReachable: without, its host accepts nothing that it did not ask for.
    ///   - router: what its host stands behind, such as a NAT; nil: it is in the internet.
    ///   - starts: at once; else when the test says so.
    ///   - configure: changes to what it is made with.
    @discardableResult
    public func addNode(
        _ name: String, ip: [UInt8], others: [[UInt8]] = [], port: UInt16? = 4001, webSocketPort: UInt16? = nil,
        webRTCPort: UInt16? = nil, line: LineConditions = LineConditions(), isReachable: Bool = true, behind router: SimulatedRouter? = nil,
        starts: Bool = true,
        configure: (inout NodeConfiguration) -> Void = { _ in }
    ) throws -> SimulatedNode {
        let host = addHost(name, ip: ip, others: others, line: line, behind: router)
        host.acceptsInbound = isReachable
        var keys = random("key of \(name)")
        let identity = try PrivateKey(ed25519Seed: keys.bytes(32))
        var configuration = NodeConfiguration(identity: identity, seed: 0, unixEpoch: host.unixEpoch)
        configure(&configuration)
        let node = SimulatedNode(name, host: host, identity: identity, configuration: configuration, simulation: self)
        node.tcpPort = port
        node.webSocketPort = webSocketPort
        node.webRTCPort = webRTCPort
        nodes.append(node)
        eventText.name(node.peerID, name)
        if starts { try node.start() }
        return node
    }
}
