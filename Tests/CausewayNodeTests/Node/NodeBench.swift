import CausewayConnection
import CausewayIdentity

@testable import CausewayNode

extension Node {
    /// The protocol of this type.
    func part<P: NodeProtocol>(_: P.Type) -> P? { services.protocols.lazy.compactMap { $0 as? P }.first }
}

extension OwnAddresses {
    func replaceBound(by addresses: [Multiaddr], in node: NodeContext) {
        replace(.bound, by: addresses.map { OwnAddress($0, .bound) }, in: node)
    }

    /// The addresses of one reservation.
    func replaceCircuits(by addresses: [Multiaddr], in node: NodeContext) {
        replace(.reservation, by: addresses.map { OwnAddress($0, .reservation(by: peer(9), until: .distantFuture)) }, in: node)
    }
}

/// A node whose shell is the test: it feeds inputs and looks at what came of them.
final class NodeBench {
    let node: Node
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var outputs: [NodeOutput] = []
    private var nextInbound: UInt32 = 1

    /// - Parameter more: what it has besides the protocols that the configuration requires.
    init(
        _ number: UInt8 = 100, _ configure: (inout NodeConfiguration) -> Void = { _ in },
        adding more: (NodeServices) -> Void = { _ in }
    ) {
        var configuration = NodeConfiguration(identity: key(number), seed: 1, unixEpoch: 1_800_000_000_000_000_000)
        configuration.gossip = nil
        configure(&configuration)
        let services = NodeServices(configuration)
        more(services)
        node = Node(configuration, services: services, now: now)
    }

    // MARK: Time

    func wait(_ interval: Interval) {
        let end = now + interval
        while node.nextDeadline <= end {
            now = max(now, node.nextDeadline)
            node.advance(to: now)
            drain()
        }
        now = end
    }

    /// Time goes by and the node has none of it.
    func stall(_ interval: Interval) { now = now + interval }

    // MARK: Links

    @discardableResult
    func accept(from text: String = "/ip4/203.0.113.9/tcp/5000") -> UInt32 {
        let link = nextInbound
        nextInbound += 2
        node.accepted(link: link, remote: address(text), local: address("/ip4/198.51.100.1/tcp/4001"), now: now)
        drain()
        return link
    }

    func establish(_ link: UInt32, _ number: UInt8) { feed(.established(peer: peer(number), publicKey: key(number).publicKey), link) }

    /// An authenticated inbound connection.
    @discardableResult
    func inbound(_ number: UInt8, from text: String = "/ip4/203.0.113.9/tcp/5000") -> UInt32 {
        let link = accept(from: text)
        establish(link, number)
        return link
    }

    func stand(_ link: UInt32) {
        node.linked(link: link, remote: address("/ip4/203.0.113.9/tcp/1"), local: address("/ip4/10.0.0.1/tcp/2"), now: now)
        drain()
    }

    func feed(_ event: LinkEvent, _ link: UInt32) {
        node.receive(event, from: link, now: now)
        drain()
    }

    func connect(_ request: UInt32, _ number: UInt8, _ addresses: [String], limited: Bool = false) {
        node.connect(request: request, peer: peer(number), addresses: addresses.map { address($0) }, allowsLimited: limited, now: now)
        drain()
    }

    func resolve(_ request: UInt32, _ addresses: [String], code: Int32 = 0) {
        node.resolved(request: request, addresses: addresses.map { address($0) }, code: code, now: now)
        drain()
    }

    // MARK: Outputs

    func drain() { while let output = node.pollOutput() { outputs.append(output) } }

    func clear() { outputs = [] }

    /// What happened to the node so far.
    var events: [Event] { outputs.compactMap { if case .event(.happened(let event)) = $0 { event } else { nil } } }

    /// The addresses dialled so far, with their links.
    var dials: [(link: UInt32, address: String)] { targets.map { ($0.link, $0.target.address.description) } }

    var targets: [(link: UInt32, target: DialTarget)] {
        outputs.compactMap { if case .dial(let link, let target) = $0 { (link, target) } else { nil } }
    }

    var lookUps: [(request: UInt32, address: String)] {
        outputs.compactMap { if case .resolve(let request, let address) = $0 { (request, address.description) } else { nil } }
    }

    func link(to address: String) -> UInt32 { dials.last { $0.address == address }?.link ?? 0 }

    func answers(to request: UInt32) -> [Answer] {
        outputs.compactMap { if case .event(.answered(request, let answer)) = $0 { answer } else { nil } }
    }

    /// What came of each address, as the answer to a request tells it.
    func failures(of request: UInt32) -> [String: DialOutcome.Result] {
        guard case .notConnected(let outcomes)? = answers(to: request).first else { return [:] }
        return Dictionary(outcomes.map { ($0.address.description, $0.result) }) { first, _ in first }
    }

    func closes(of link: UInt32) -> [CloseReason] {
        outputs.compactMap {
            switch $0 {
            case .link(link, .close(let reason)), .link(link, .closeIfIdle(let reason)): reason
            default: nil
            }
        }
    }

    /// Streams that the node opened for a protocol.
    func opened(_ protocolID: [UInt8]) -> [StreamKey] {
        outputs.compactMap {
            if case .link(let link, .openStream(let stream, [protocolID], _)) = $0 { StreamKey(link: link, stream: stream) } else { nil }
        }
    }

    func sent(on stream: StreamKey) -> [UInt8] {
        outputs.flatMap { output -> [UInt8] in
            if case .link(stream.link, .send(stream.stream, let bytes, _)) = output { bytes } else { [] }
        }
    }

    func wasReset(_ stream: StreamKey) -> Bool { outputs.contains(.link(stream.link, .reset(stream: stream.stream))) }
    func wasFinished(_ stream: StreamKey) -> Bool {
        outputs.contains(.link(stream.link, .finish(stream: stream.stream)))
            || outputs.contains(.link(stream.link, .conclude(stream: stream.stream)))
    }
}
