import CausewayConnection
import CausewayIdentity
import CausewayNode
import FuzzDriver

/// A node under a script of what links, streams and time may do to it: relay, relay client, gossip, discovery, identify and dialling at
/// once.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var script = Script(start, min(count, 4_096))
    let stage = Stage()
    stage.connect(0)
    while let action = script.byte() {
        let argument = script.byte() ?? 0
        switch action % 10 {
        case 0: stage.open(link: argument, protocol: script.byte() ?? 0)
        case 1, 2, 3:
            let size = Int(script.byte() ?? 0)
            let bytes = script.take(size)
            if let stream = stage.pick(argument) { stage.data(stream, bytes) }
        case 4: if let stream = stage.pick(argument) { stage.finish(stream) }
        case 5: if let stream = stage.pick(argument) { stage.end(stream, argument & 1 == 0 ? nil : .reset(code: 0)) }
        case 6: stage.wait(argument)
        case 7: stage.connect(argument)
        case 8: if !stage.links.isEmpty { stage.close(stage.links[Int(argument) % stage.links.count]) }
        default: stage.reserve()
        }
    }
    return 0
}

/// Bytes taken off the input one after another.
struct Script {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ start: UnsafePointer<UInt8>, _ count: Int) { bytes = UnsafeBufferPointer(start: start, count: count) }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        position += 1
        return bytes[position - 1]
    }

    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(position + count, bytes.count)
        defer { position = end }
        return [UInt8](bytes[position..<end])
    }
}

private let keys: [PrivateKey] = (1...5 as ClosedRange<UInt8>).map { try! PrivateKey(ed25519Seed: [UInt8](repeating: $0, count: 32)) }
private let local = Multiaddr.tcp(ip: [192, 0, 2, 1], port: 4001)
private let relayAddress = Multiaddr.tcp(ip: [192, 0, 2, 9], port: 4001).appending(keys[4].publicKey.peerID)

/// A node and what a shell keeps of it: which links and streams there are.
final class Stage {
    let node: Node
    var now = Instant(nanoseconds: 1_000_000_000)
    var links: [UInt32] = []
    var streams: [StreamKey] = []
    private var nextLink: UInt32 = 1
    private var nextStream: UInt32 = 1

    init() {
        var configuration = NodeConfiguration(identity: keys[0], seed: 1, unixEpoch: 1_700_000_000_000_000_000)
        configuration.relay = RelayLimits()
        configuration.discovery = [.protobuf, .json]
        node = Node(configuration, now: now)
        node.listening([local], now: now)
        node.subscribe([0x74], now: now)
        drain()
    }

    func connect(_ who: UInt8) {
        guard links.count < 8 else { return }
        let key = keys[1 + Int(who) % 4].publicKey
        let link = nextLink
        nextLink += 2
        links.append(link)
        node.accepted(link: link, remote: .tcp(ip: [198, 51, 100, who], port: 1), local: local, now: now)
        if links.contains(link) { node.receive(.established(peer: key.peerID, publicKey: key), from: link, now: now) }
        drain()
    }

    func open(link: UInt8, protocol number: UInt8) {
        let served = node.protocolTable.entries.filter { $0.owner == .node }
        guard !links.isEmpty, !served.isEmpty else { return }
        let stream = StreamKey(link: links[Int(link) % links.count], stream: nextStream)
        nextStream += 2
        streams.append(stream)
        node.receive(.streamOpened(stream: stream.stream, protocolID: served[Int(number) % served.count].name), from: stream.link, now: now)
        drain()
    }

    func pick(_ number: UInt8) -> StreamKey? { streams.isEmpty ? nil : streams[Int(number) % streams.count] }

    func data(_ stream: StreamKey, _ bytes: [UInt8]) {
        node.receive(.data(stream: stream.stream, bytes), from: stream.link, now: now)
        drain()
    }

    func finish(_ stream: StreamKey) {
        node.receive(.finished(stream: stream.stream), from: stream.link, now: now)
        drain()
    }

    func end(_ stream: StreamKey, _ error: StreamError?) {
        streams.removeAll { $0 == stream }
        node.receive(.streamClosed(stream: stream.stream, error), from: stream.link, now: now)
        drain()
    }

    func close(_ link: UInt32) {
        guard links.contains(link) else { return }
        links.removeAll { $0 == link }
        for stream in streams where stream.link == link { end(stream, .connection(.link(errno: 0))) }
        node.receive(.closed(.link(errno: 0)), from: link, now: now)
        drain()
    }

    func wait(_ power: UInt8) {
        now = now + Interval(nanoseconds: 1 << UInt64(20 + power % 24))
        node.advance(to: now)
        drain()
    }

    func reserve() {
        node.reserve(request: UInt32(nextLink), relayAddress: relayAddress, now: now)
        drain()
    }

    /// Does what the node asks for, as a shell would. Dials fail, but those of the relay.
    func drain() {
        var closing: [UInt32] = []
        var ready: [(StreamKey, [UInt8])] = []
        var dialled: [(UInt32, PeerID?)] = []
        while let output = node.pollOutput() {
            switch output {
            case .link(let link, .openStream(let stream, let protocolIDs, _)) where links.contains(link):
                streams.append(StreamKey(link: link, stream: stream))
                ready.append((StreamKey(link: link, stream: stream), protocolIDs[0]))
            case .link(let link, .reset(let stream)): streams.removeAll { $0 == StreamKey(link: link, stream: stream) }
            case .link(let link, .close): closing.append(link)
            case .dial(let link, let target): dialled.append((link, target.expecting))
            case .splice(_, let first, let second, _): streams.removeAll { $0 == first || $0 == second }
            case .circuit(let link, let over, _, _, _):
                streams.removeAll { $0 == over }
                closing.append(link)
                links.append(link)
            default: break
            }
        }
        for (link, peer) in dialled {
            links.append(link)
            if peer == keys[4].publicKey.peerID {
                node.linked(link: link, remote: relayAddress, local: local, now: now)
                node.receive(.established(peer: keys[4].publicKey.peerID, publicKey: keys[4].publicKey), from: link, now: now)
                drain()
            } else {
                close(link)
            }
        }
        for (stream, name) in ready where streams.contains(stream) {
            node.receive(.streamReady(stream: stream.stream, protocolID: name), from: stream.link, now: now)
            drain()
        }
        for link in closing { close(link) }
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzNode_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
