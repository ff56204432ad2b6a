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

/// One protocol and a small host in place of `Node`: connections come and go by call, streams are played, outputs are read, and the test
/// answers what the protocol asks of others.
final class ProtocolBench<P: NodeProtocol> {
    let node: NodeContext
    let machine: P
    private var nextLink: UInt32 = 1
    private var nextStream: UInt32 = 1
    private(set) var outputs: [NodeOutput] = []
    /// The connections that it asked for and that nobody has answered.
    private(set) var requests: [DialRequest] = []
    /// How often the advertised addresses have changed.
    private(set) var addressChanges = 0
    /// The circuits that it reported as failed.
    private(set) var failedPaths: [(link: UInt32, result: DialOutcome.Result)] = []

    static var start: UInt64 { 1_800_000_000 }

    init(_ machine: P, self number: UInt8 = 100, seed: UInt64 = 1, limits: NodeLimits = NodeLimits()) {
        self.machine = machine
        node = NodeContext(
            identity: key(number), limits: limits, seed: seed, unixEpoch: Self.start * 1_000_000_000, now: Instant(nanoseconds: 0))
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

    // MARK: Addresses

    func listen(_ addresses: [Multiaddr]) { node.addresses.replaceBound(by: addresses, in: node) }

    // MARK: Outputs

    /// Takes what it wants done.
    func collect() {
        while let wish = node.wishes.next() {
            switch wish {
            case .connect(let request): requests.append(request)
            case .pathFailed(let link, let result): failedPaths.append((link, result))
            case .addressesChanged:
                addressChanges += 1
                machine.addressesChanged(in: node)
            case .ownAddressesChanged: machine.ownAddressesChanged(in: node)
            case .connected, .upgradeEnded, .upgradeFailed, .identified, .servedChanged: break
            }
        }
        while let output = node.outbox.poll() { outputs.append(output) }
    }

    /// Answers its request for a connection to a peer.
    func answer(_ peer: PeerID, _ link: ConnectedLink?, _ outcomes: [DialOutcome] = []) {
        collect()
        guard let index = requests.firstIndex(where: { $0.peer == peer }) else { return }
        machine.connectAnswered(request: requests.remove(at: index).number, link: link, outcomes: outcomes, in: node)
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
            guard case .link(let link, .openStream(let stream, _, _)) = $0 else { return nil }
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
            guard case .happened(.relay(let event)) = $0 else { return nil }
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
