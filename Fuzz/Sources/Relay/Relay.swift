import CausewayConnection
import CausewayIdentity
import FuzzDriver

@testable import CausewayNode

/// A relay's server and client on one node, driven by a script: connections, streams, messages good and bad, and time, in any order.
/// However it goes, the limits hold meanwhile, and nothing is left when all have gone.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let script = Script([UInt8](UnsafeBufferPointer(start: start, count: count)))
    script.run()
    script.end()
    return 0
}

private let keys = (0..<6).map { try! PrivateKey(ed25519Seed: [UInt8](repeating: UInt8($0 + 1), count: 32)) }
private let places = ["/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.1/tcp/2", "/ip6/2001:db8::1/tcp/1", "/ip4/127.0.0.1/tcp/1"].map {
    try! Multiaddr($0)
}

private final class Script {
    private var input: ArraySlice<UInt8>
    private let node: NodeContext
    private let server: RelayServer
    private let client = RelayClient()
    private var protocols: [any NodeProtocol] { [server, client] }
    private var requests: [DialRequest] = []
    private var links: [ConnectedLink] = []
    private var streams: [(key: StreamKey, owner: any NodeProtocol)] = []
    private var circuits: [UInt32] = []
    private var lastLink: UInt32 = 1
    private var lastStream: UInt32 = 1
    private var request: UInt32 = 0

    init(_ bytes: [UInt8]) {
        input = bytes[...]
        var limits = RelayLimits()
        limits.reservations = 4
        limits.reservationsPerAddress = 2
        limits.circuits = 4
        limits.circuitsPerPeer = 2
        limits.hopStreamsPerConnection = 4
        limits.reservationTime = .seconds(600)
        server = RelayServer(limits: limits)
        node = NodeContext(
            identity: keys[0], limits: NodeLimits(), seed: 1, unixEpoch: 1_800_000_000_000_000_000, now: Instant(nanoseconds: 0))
        node.addresses.replace(.bound, by: [OwnAddress(places[0], .bound)], in: node)
    }

    func run() {
        while let action = input.popFirst() {
            step(action)
            drain()
            precondition(server.counts.reservations <= 4 && server.counts.circuits + server.counts.pendingCircuits <= 4)
            precondition(client.stopStreams >= 0 && client.order.count <= 16)
        }
    }

    private func step(_ action: UInt8) {
        let argument = input.popFirst() ?? 0
        switch action % 13 {
        case 0: connect(argument)
        case 1: if let link = pick(links, argument) { disconnect(link) }
        case 2, 3: if let link = pick(links, argument) { open(on: link, action % 13 == 2 ? server : client) }
        case 4, 5, 6:
            if let stream = pick(streams, argument) { stream.owner.received(message(), on: stream.key, in: node) }
        case 7: if let stream = pick(streams, argument) { stream.owner.finished(stream.key, in: node) }
        case 8: if let stream = pick(streams, argument) { close(stream.key, .reset(code: 0)) }
        case 9: advance(.seconds(1 << UInt64(argument % 12)))
        case 10: if let circuit = pick(circuits, argument) { endCircuit(circuit, bytes: UInt64(argument)) }
        case 11: use(relay: argument)
        default: answerConnects(argument)
        }
    }

    // MARK: Actions

    private func connect(_ argument: UInt8) {
        let key = keys[1 + Int(argument) % (keys.count - 1)]
        let link = ConnectedLink(
            id: lastLink, peer: key.publicKey.peerID, publicKey: key.publicKey, remoteAddress: places[Int(argument >> 3) % places.count],
            localAddress: places[3], isInbound: argument & 0x40 == 0,
            path: argument & 0x80 != 0 ? .relayed(by: key.publicKey.peerID, limit: nil) : .direct(.tcp), openedAt: node.now, carrier: nil)
        lastLink += 2
        links.append(link)
        node.connections.insert(link)
        for one in protocols { one.linkOpened(link, in: node) }
    }

    private func disconnect(_ link: ConnectedLink) {
        drain()
        for stream in streams where stream.key.link == link.id { close(stream.key, .connection(.link(errno: 104))) }
        _ = node.connections.remove(link.id)
        links.removeAll { $0 === link }
        for one in protocols { one.linkClosed(link, in: node) }
    }

    private func open(on link: ConnectedLink, _ owner: any NodeProtocol) {
        let key = StreamKey(link: link.id, stream: lastStream)
        lastStream += 2
        streams.append((key, owner))
        owner.streamOpened(key, protocolID: owner.served[0].name, in: node)
    }

    private func close(_ key: StreamKey, _ error: StreamError?) {
        guard let index = streams.firstIndex(where: { $0.key == key }) else { return }
        streams.remove(at: index).owner.closed(key, error: error, in: node)
    }

    private func use(relay argument: UInt8) {
        let peer = keys[1 + Int(argument) % (keys.count - 1)].publicKey.peerID
        let address = places[0].appending(peer)
        request += 1
        switch argument >> 5 {
        case 0, 1: client.reserve(request: request, relayAddress: address, in: node)
        case 2: client.release(peer, in: node)
        case 3: client.keepRelays([address, places[1].appending(keys[1].publicKey.peerID)], count: Int(argument & 3), in: node)
        case 4: _ = client.cancel(request: request - 1, in: node)
        case 5: client.cancelCircuit(link: 1000 + request - 1, in: node)
        default:
            if let link = links.first {
                client.dialCircuit(link: 1000 + request, over: link, relayAddress: address, target: peer, in: node)
            }
        }
    }

    private func answerConnects(_ argument: UInt8) {
        let asked = requests
        requests = []
        for one in asked {
            let link = argument & 1 == 0 ? node.connections.best(for: one.peer, allowsLimited: false) : nil
            one.owner?.connectAnswered(request: one.number, link: link, outcomes: [], in: node)
        }
    }

    private func advance(_ time: Interval) {
        node.now = node.now + time
        for one in protocols where one.nextDeadline <= node.now { one.advance(in: node) }
    }

    private func endCircuit(_ circuit: UInt32, bytes: UInt64) {
        circuits.removeAll { $0 == circuit }
        server.spliceEnded(circuit: circuit, sent: bytes, returned: bytes, limit: nil, in: node)
    }

    /// A good message, or whatever the input has.
    private func message() -> [UInt8] {
        let peer = keys[Int(input.first ?? 0) % keys.count].publicKey.peerID.bytes
        switch input.popFirst() ?? 255 {
        case 0..<32: return HopCodec.encode(HopMessage.reserve)
        case 32..<96: return HopCodec.encode(HopMessage.connect(peer: peer))
        case 96..<128: return HopCodec.encode(StopMessage.status(100))
        case 128..<144: return HopCodec.encode(StopMessage.connect(peer: peer, limit: nil))
        case 144..<176:
            return HopCodec.encode(.status(100, reservation: ReservationAnswer(expire: node.unixSeconds + 300), limit: nil))
        case 176..<192: return HopCodec.encode(.status(200, reservation: nil, limit: nil))
        default:
            let size = min(Int(input.popFirst() ?? 0), input.count)
            defer { input = input.dropFirst(size) }
            return [UInt8](input.prefix(size))
        }
    }

    private func pick<T>(_ list: [T], _ argument: UInt8) -> T? { list.isEmpty ? nil : list[Int(argument) % list.count] }

    /// Takes note of what a shell would do.
    private func drain() {
        while let output = node.outbox.poll() {
            switch output {
            case .link(let link, .openStream(let stream, let protocols, _)):
                streams.append((StreamKey(link: link, stream: stream), protocols == [HopCodec.stopID] ? server : client))
            case .link(let link, .reset(let stream)): streams.removeAll { $0.key == StreamKey(link: link, stream: stream) }
            case .splice(let circuit, let source, let target, _):
                streams.removeAll { $0.key == source || $0.key == target }
                circuits.append(circuit)
            case .circuit(_, let over, _, _, _): streams.removeAll { $0.key == over }
            default: break
            }
        }
        while let wish = node.wishes.next() { if case .connect(let request) = wish { requests.append(request) } }
    }

    // MARK: The end

    func end() {
        client.keepRelays([], count: 0, in: node)
        for relay in client.order { client.release(relay.peer, in: node) }
        for link in links { disconnect(link) }
        drain()
        for circuit in circuits { endCircuit(circuit, bytes: 0) }
        for _ in 0..<3 { advance(.seconds(1 << 13)) }
        precondition(server.counts.reservations == 0 && server.counts.hopStreams == 0)
        precondition(server.counts.circuits == 0 && server.counts.pendingCircuits == 0 && server.shares.isEmpty)
        precondition(client.streams.isEmpty && client.stopStreams == 0 && client.circuitStreams.isEmpty && client.order.isEmpty)
        precondition(node.connections.protectedCount == 0 && node.addresses.circuits.isEmpty)
        precondition(server.nextDeadline == .distantFuture && client.nextDeadline == .distantFuture)
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzRelay_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
