import CausewayConnection
import CausewayIdentity

@testable import CausewayNode

func key(_ number: UInt8) -> PrivateKey {
    do { return try PrivateKey(ed25519Seed: [UInt8](repeating: number, count: 32)) } catch { fatalError("no key \(number)") }
}

func peer(_ number: UInt8) -> PeerID { key(number).publicKey.peerID }

func address(_ text: String) -> Multiaddr {
    do { return try Multiaddr(text) } catch { fatalError("bad address \(text)") }
}

/// One protocol on a node's state, with a hand in place of `Node`: connections come and go by call, streams are played, outputs are read.
final class RelayBench<P: NodeProtocol> {
    let node: NodeState
    let machine: P
    private var nextLink: UInt32 = 1
    private var nextStream: UInt32 = 1
    private(set) var outputs: [NodeOutput] = []

    static var start: UInt64 { 1_800_000_000 }

    init(_ machine: P, self number: UInt8 = 100, seed: UInt64 = 1, limits: NodeLimits = NodeLimits()) {
        self.machine = machine
        node = NodeState(
            identity: key(number), limits: limits, seed: seed, unixEpoch: Self.start * 1_000_000_000, now: Instant(nanoseconds: 0))
        node.protocols = [machine]
    }

    // MARK: Connections

    @discardableResult
    func connect(
        _ number: UInt8, at text: String = "/ip4/127.0.0.1/tcp/4001", inbound: Bool = true, relayed: Bool = false
    ) -> ConnectedLink {
        let link = ConnectedLink(
            id: nextLink, peer: peer(number), publicKey: key(number).publicKey, remoteAddress: address(text),
            localAddress: address("/ip4/127.0.0.1/tcp/1"), isInbound: inbound,
            path: relayed ? .relayed(by: peer(number), limit: nil) : .direct(.tcp), openedAt: node.now, carrier: nil)
        nextLink += 2
        node.connections.insert(link)
        machine.linkOpened(link, in: node)
        return link
    }

    func disconnect(_ link: ConnectedLink, streams: [StreamKey] = []) {
        for stream in streams { machine.closed(stream, error: .connection(.link(errno: 104)), in: node) }
        _ = node.connections.remove(link.id)
        machine.linkClosed(link, in: node)
    }

    // MARK: Streams

    func open(on link: ConnectedLink, _ protocolID: [UInt8] = HopCodec.hopID) -> StreamKey {
        let stream = StreamKey(link: link.id, stream: nextStream)
        nextStream += 2
        machine.streamOpened(stream, protocolID: protocolID, in: node)
        return stream
    }

    func receive(_ bytes: [UInt8], on stream: StreamKey) { machine.received(bytes, on: stream, in: node) }

    /// Opens a hop stream, sends the message, and reads the answer.
    @discardableResult
    func ask(_ message: HopMessage, on link: ConnectedLink) -> HopMessage? { ask(HopCodec.encode(message), on: link) }

    @discardableResult
    func ask(_ bytes: [UInt8], on link: ConnectedLink) -> HopMessage? {
        let stream = open(on: link)
        receive(bytes, on: stream)
        let answer = hopAnswer(on: stream)
        if answer != nil { machine.closed(stream, error: nil, in: node) }
        return answer
    }

    /// What was sent on this stream so far, taken for one hop message.
    func hopAnswer(on stream: StreamKey) -> HopMessage? {
        message(sent(on: stream)).flatMap { try? HopCodec.decodeHop($0) }
    }

    func stopMessage(on stream: StreamKey) -> StopMessage? {
        message(sent(on: stream)).flatMap { try? HopCodec.decodeStop($0) }
    }

    private func message(_ bytes: [UInt8]) -> ProtobufReader? {
        var inbox = MessageInbox()
        inbox.add(bytes)
        return inbox.next(limit: HopCodec.messageSize)
    }

    // MARK: Outputs

    func collect() {
        outputs += node.outputs
        node.outputs = []
    }

    /// What came since the last call.
    func take() -> [NodeOutput] {
        collect()
        defer { outputs = [] }
        return outputs
    }

    func sent(on stream: StreamKey) -> [UInt8] {
        collect()
        var bytes: [UInt8] = []
        for case .link(stream.link, .send(stream.stream, let part, _)) in outputs { bytes += part }
        return bytes
    }

    func wasReset(_ stream: StreamKey) -> Bool {
        collect()
        return outputs.contains(.link(stream.link, .reset(stream: stream.stream)))
    }

    /// The streams that the machine opened since the last `take`.
    var opened: [StreamKey] {
        collect()
        return outputs.compactMap {
            guard case .link(let link, .openStream(let stream, _)) = $0 else { return nil }
            return StreamKey(link: link, stream: stream)
        }
    }

    var events: [NodeEvent] {
        collect()
        return outputs.compactMap {
            guard case .event(let event) = $0 else { return nil }
            return event
        }
    }

    var relayEvents: [RelayEvent] {
        events.compactMap {
            guard case .relay(let event) = $0 else { return nil }
            return event
        }
    }

    // MARK: Time

    /// Runs the clock, stopping at every deadline on the way.
    func run(_ time: Interval) {
        let end = node.now + time
        while machine.nextDeadline <= end {
            node.now = max(node.now, machine.nextDeadline)
            machine.advance(in: node)
        }
        node.now = end
    }
}

extension HopCodec {
    static func decodeHop(_ message: [UInt8]) throws(RelayFault) -> HopMessage { try decodeHop(ProtobufReader(message)) }
    static func decodeStop(_ message: [UInt8]) throws(RelayFault) -> StopMessage { try decodeStop(ProtobufReader(message)) }
}
