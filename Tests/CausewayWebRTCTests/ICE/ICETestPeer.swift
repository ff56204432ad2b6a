import CausewayIdentity

@testable import CausewayWebRTC

let stunServer = Endpoint(ip: [192, 0, 2, 53], port: 3478)!

/// An agent with sockets in a test network, and the signalling to another one.
final class ICETestPeer {
    /// A socket, by its number, and the NAT before it.
    struct Interface {
        let base: LocalBase
        let nat: ICETestNAT?
    }

    let agent: ICEAgent
    unowned let network: ICETestNetwork
    let interfaces: [Interface]
    private(set) var events: [ICEOutput] = []
    private(set) var path: ICEPath?
    private(set) var pathTimes: [Instant] = []
    private(set) var sentChecks: [(at: Instant, path: ICEPath, bytes: [UInt8])] = []
    /// Datagrams that are not STUN.
    private(set) var received: [[UInt8]] = []
    /// What the remote is told of this side's candidates; nil: nothing.
    var describe: (ICECandidate) -> ICECandidate? = { $0 }
    private(set) var hasFailed: ICEFailure?
    private(set) var isComplete = false
    private unowned var other: ICETestPeer?

    init(
        _ role: ICERole, _ interfaces: [(ip: [UInt8], nat: ICETestNAT?)], in network: ICETestNetwork, limits: ICELimits = ICELimits(),
        credentials: ICECredentials? = nil, servers: [Endpoint] = [stunServer], mayCheck: @escaping (Endpoint) -> Bool = { _ in true }
    ) {
        self.network = network
        let secret = network.dice.bytes(32)
        self.interfaces = interfaces.enumerated().map { index, one in
            Interface(base: LocalBase(socket: UInt32(index + 1), endpoint: Endpoint(ip: one.ip, port: UInt16(5000 + index))!), nat: one.nat)
        }
        agent = ICEAgent(
            role, credentials ?? ICECredentials(secret: network.dice.bytes(32)), bases: self.interfaces.map(\.base), servers: servers,
            secret: secret, now: network.now, limits: limits, mayCheck: mayCheck)
        for interface in self.interfaces {
            network.bind(interface.base.endpoint, behind: interface.nat) { bytes, source in
                self.arrived(bytes, over: ICEPath(socket: interface.base.socket, remote: source))
            }
        }
        network.add(deadline: { self.agent.nextDeadline }, turn: { self.turn() })
    }

    private func arrived(_ bytes: [UInt8], over path: ICEPath) {
        if let first = bytes.first, first > 3 { return received.append(bytes) }
        bytes.withUnsafeBytes { agent.receive($0, over: path, now: network.now) }
    }

    /// Sends a datagram that is not STUN the way that the agent names.
    func say(_ bytes: [UInt8]) {
        guard let path else { return }
        send(bytes, over: path)
    }

    private func send(_ bytes: [UInt8], over path: ICEPath) {
        let interface = interfaces[Int(path.socket) - 1]
        network.send(bytes, from: interface.base.endpoint, behind: interface.nat, to: path.remote)
    }

    private func turn() {
        let outputs = drain { agent.pollOutput(into: $0, now: network.now) }
        for (bytes, path) in outputs.sent {
            sentChecks.append((network.now, path, bytes))
            send(bytes, over: path)
        }
        events += outputs.events
        for event in outputs.events { note(event) }
    }

    private func note(_ event: ICEOutput) {
        switch event {
        case .candidate(let candidate):
            guard let other, let told = describe(candidate) else { return }
            network.after(30) { other.agent.add(told) }
        case .path(let path):
            self.path = path
            pathTimes.append(network.now)
        case .completed: isComplete = true
        case .failed(let failure): hasFailed = failure
        case .send, .openSocket, .closeSocket, .endOfCandidates, .disconnected: break
        }
    }

    // MARK: Pairs

    /// The offer goes from `a` to `b`, the answer back, and candidates as they come.
    static func connect(_ a: ICETestPeer, _ b: ICETestPeer, offerTakes: UInt64 = 30, answerTakes: UInt64 = 30) {
        a.other = b
        b.other = a
        a.network.after(offerTakes) { b.agent.setRemote(a.agent.local, now: b.network.now) }
        a.network.after(offerTakes + answerTakes) { a.agent.setRemote(b.agent.local, now: a.network.now) }
    }

    /// Whether what each of them says now arrives at the other.
    static func canTalk(_ a: ICETestPeer, _ b: ICETestPeer) -> Bool {
        let loss = a.network.loss
        let damage = a.network.damage
        a.network.loss = 0
        a.network.damage = 0
        let before = (a.received.count, b.received.count)
        a.say([20])
        b.say([20])
        a.network.run(seconds: 1)
        a.network.loss = loss
        a.network.damage = damage
        return a.received.count > before.0 && b.received.count > before.1
    }
}
