import CausewayConnection
import CausewayIdentity
import CausewayNode

extension Trace {
    /// Two nodes with the parts of a browser's peer meet over memory: one dials the other, both identify and ping, a message of gossip
    /// arrives.
    public static func nodes() -> Trace {
        var trace = Trace()
        guard let dialler = MemoryShell(1), let listener = MemoryShell(2) else {
            trace.check(false, "no nodes")
            return trace
        }
        dialler.other = listener
        listener.other = dialler
        defer {
            dialler.other = nil
            listener.other = nil
        }
        let topic = [UInt8]("t".utf8)
        for shell in [dialler, listener] { shell.node.subscribe(topic, now: shell.now) }
        dialler.node.connect(
            request: 1, peer: listener.node.peerID, addresses: [listener.address], allowsLimited: true, now: dialler.now)
        dialler.settle()
        trace.check(dialler.isConnected && listener.isConnected, "the nodes did not connect")
        trace.check(dialler.hasIdentified && listener.hasIdentified, "the nodes did not identify each other")
        dialler.node.ping(request: 2, peer: listener.node.peerID, now: dialler.now)
        dialler.settle()
        trace.check(dialler.hasPong, "no answer to ping")
        for _ in 0..<5 { dialler.wait(seconds: 1) }
        dialler.node.publish(request: 3, topic: topic, data: [1, 2, 3], now: dialler.now)
        dialler.settle()
        trace.check(listener.hasMessage, "gossip did not arrive")
        trace.append(dialler.sent)
        trace.append(listener.sent)
        return trace
    }
}

/// A node with its links; what goes out of a link goes into the link of the same number of the other shell.
private final class MemoryShell: LinkShell {
    let node: Node
    let address: Multiaddr
    /// Every chunk that left it, in order.
    private(set) var sent: [UInt8] = []
    var other: MemoryShell?
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var isConnected = false
    private(set) var hasIdentified = false
    private(set) var hasPong = false
    private(set) var hasMessage = false
    private let identity: NoiseIdentity
    private var links: [UInt32: Link] = [:]
    private var connections: [UInt32: Connection] = [:]
    /// Links of both sides by the dialler's number, as this shell calls them.
    private var pairs: [UInt32: UInt32] = [:]
    private var nextAccepted: UInt32 = 1
    private var seed: UInt8

    init?(_ seed: UInt8) {
        guard let key = try? PrivateKey(ed25519Seed: [UInt8](repeating: seed, count: 32)),
            let identity = try? NoiseIdentity(key, staticSecret: Secret([UInt8](repeating: seed + 16, count: 32)))
        else { return nil }
        self.identity = identity
        self.seed = seed
        var configuration = NodeConfiguration(identity: key, seed: UInt64(seed), unixEpoch: 1_700_000_000_000_000_000)
        configuration.agent = [UInt8]("trace".utf8)
        configuration.discovery = [.protobuf, .json]
        // A browser's peer relays for nobody, and what is not named here is not linked.
        let services = NodeServices(core: configuration)
        services.add(admission: ConnectionGater(limits: configuration.limits))
        services.add(relayClient: RelayClient())
        #if hasFeature(Embedded)
            services.add(gossip: GossipSub())
        #else
            var gossip = GossipSubConfiguration()
            gossip.parameters.dontWantSize = nil
            services.add(gossip: GossipSub(gossip))
        #endif
        services.add(PubsubDiscovery(configuration.discovery))
        node = Node(configuration, services: services, now: now)
        address = Multiaddr.tcp(ip: [192, 0, 2, seed], port: 4001)
        node.listening([address], now: now)
    }

    func linkIsDirty(_ link: Link) {}

    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) { link.reset(stream) }

    /// Lets both go on until nothing moves.
    func settle() {
        guard let other else { return }
        var rounds = 0
        var moved = true
        while moved, rounds < 1_000 {
            moved = turn()
            if other.turn() { moved = true }
            rounds += 1
        }
    }

    func wait(seconds: UInt64) {
        for shell in [self, other] {
            guard let shell else { continue }
            shell.now = shell.now + .seconds(seconds)
            shell.node.advance(to: shell.now)
            for link in shell.links.values { link.advance(to: shell.now) }
        }
        settle()
    }

    private func turn() -> Bool {
        var moved = false
        while let output = node.pollOutput() {
            moved = true
            carryOut(output)
        }
        for id in links.keys.sorted() {
            guard let link = links[id] else { continue }
            link.turn(now: now)
            for event in link.takeEvents() {
                moved = true
                node.receive(event, from: id, now: now)
            }
            if send(id) { moved = true }
        }
        return moved
    }

    private func send(_ link: UInt32) -> Bool {
        guard let connection = connections[link], !connection.wire.isEmpty, let other, let number = pairs[link],
            let remote = other.links[number], let end = other.connections[number]
        else { return false }
        var bytes = [UInt8](copying: connection.wire.bytes)
        connection.wireTaken(bytes.count)
        sent += bytes
        bytes.withUnsafeMutableBytes {
            end.receive($0, now: other.now)
            remote.turn(now: other.now)
        }
        return true
    }

    private func carryOut(_ output: NodeOutput) {
        switch output {
        case .link(let id, let command): links[id]?.apply(command, now: now)
        case .dial(let link, let target): dial(link, target.address, target.expecting)
        case .event(let event): heard(event)
        default: break
        }
    }

    private func dial(_ link: UInt32, _ address: Multiaddr, _ peer: PeerID?) {
        guard let other else { return }
        let accepted = other.nextAccepted
        other.nextAccepted += 2
        pairs[link] = accepted
        other.pairs[accepted] = link
        add(link, isInitiator: true, expecting: peer)
        node.linked(link: link, remote: address, local: self.address, now: now)
        other.add(accepted, isInitiator: false, expecting: nil)
        other.node.accepted(link: accepted, remote: self.address, local: address, now: other.now)
    }

    private func add(_ link: UInt32, isInitiator: Bool, expecting: PeerID?) {
        seed += 1
        let configuration = Connection.Configuration(
            identity: identity, isInitiator: isInitiator, expecting: expecting, protocols: node.protocolTable, limits: ConnectionLimits(),
            entropy: Secret([UInt8](repeating: seed, count: Connection.entropySize)))
        let connection = Connection(configuration, now: now)
        connections[link] = connection
        links[link] = Link(id: link, multiplexer: StreamMachine(over: connection, configuration, now: now), shell: self, now: now)
    }

    private func heard(_ event: NodeEvent) {
        switch event {
        case .happened(.peerConnected): isConnected = true
        case .happened(.identified): hasIdentified = true
        case .answered(_, .pong): hasPong = true
        case .message(let message): hasMessage = message.data == [1, 2, 3]
        default: break
        }
    }
}
