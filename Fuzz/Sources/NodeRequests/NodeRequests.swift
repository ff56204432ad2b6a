import CausewayConnection
import CausewayIdentity
import FuzzDriver

@testable import CausewayNode

/// A whole node behind a shell that is the input: connections and streams that come and go, bytes on them, requests, names, time, in any
/// order. However it goes, every request is answered exactly once, and nothing is left when all have gone.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let script = Script([UInt8](UnsafeBufferPointer(start: start, count: count)))
    script.run()
    script.end()
    return 0
}

private let keys = (0..<6).map { try! PrivateKey(ed25519Seed: [UInt8](repeating: UInt8($0 + 1), count: 32)) }
private let addresses = [
    "/ip4/192.0.2.1/tcp/1", "/ip6/2001:db8::1/tcp/1/ws", "/ip4/10.0.0.1/tcp/1", "/dnsaddr/example.com", "/dns4/example.com/tcp/443/wss",
    "/ip4/192.0.2.3/udp/1/quic-v1", "/ip4/192.0.2.3/tcp/1/p2p/\(keys[1].publicKey.peerID.description)/p2p-circuit",
    "/ip4/127.0.0.1/tcp/1",
].map { try! Multiaddr($0) }

private final class Script {
    private var input: ArraySlice<UInt8>
    private let node: Node
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var links: [UInt32] = []
    private var streams: [StreamKey] = []
    private var lookUps: [UInt32] = []
    private var circuits: [UInt32] = []
    private var lastLink: UInt32 = 1
    private var lastStream: UInt32 = 1
    private var requests: UInt32 = 0
    private var answered: [UInt32: Bool] = [:]

    init(_ bytes: [UInt8]) {
        input = bytes[...]
        var configuration = NodeConfiguration(identity: keys[0], seed: 1, unixEpoch: 1_800_000_000_000_000_000)
        configuration.relay = RelayLimits()
        configuration.discovery = [.json, .protobuf]
        configuration.limits.connections = 8
        configuration.limits.connectionsPerAddress = 6
        configuration.limits.connectionsPerPeer = 3
        configuration.limits.pendingConnections = 4
        configuration.limits.dials = 3
        configuration.limits.storedPeers = 4
        node = Node(configuration, now: now)
        node.listening([addresses[0]], now: now)
        node.subscribe([1], now: now)
    }

    func run() {
        while let action = input.popFirst() {
            step(action % 16, input.popFirst() ?? 0)
            drain()
            precondition((node.services.admission?.pendingCount ?? 0) <= 4 && node.services.dialer.byLink.count <= 64)
        }
    }

    private func step(_ action: UInt8, _ argument: UInt8) {
        switch action {
        case 0: accept(argument)
        case 1: if let link = pick(links, argument) { establish(link, input.popFirst() ?? 0) }
        case 2: if let link = pick(links, argument) { close(link) }
        case 3: if let link = pick(links, argument) { open(on: link, input.popFirst() ?? 0) }
        case 4: if let stream = pick(streams, argument) { settled(stream) }
        case 5, 6: if let stream = pick(streams, argument) { tell(.data(stream: stream.stream, message()), stream.link) }
        case 7: if let stream = pick(streams, argument) { tell(.finished(stream: stream.stream), stream.link) }
        case 8: if let stream = pick(streams, argument) { tell(.streamClosed(stream: stream.stream, .reset(code: 0)), stream.link) }
        case 9: advance(.milliseconds(1 << UInt64(argument % 18)))
        case 10: connect(argument, input.popFirst() ?? 0)
        case 11: if let lookUp = pick(lookUps, argument) { node.resolved(request: lookUp, addresses: some(argument), code: 0, now: now) }
        case 12: node.cancel(request: UInt32(argument), now: now)
        case 13: ask(argument)
        case 14: if let link = pick(links, argument) { node.linked(link: link, remote: addresses[0], local: addresses[1], now: now) }
        default:
            if let circuit = pick(circuits, argument) { node.spliceEnded(circuit: circuit, sent: 1, returned: .max, limit: nil, now: now) }
        }
    }

    // MARK: Actions

    private func accept(_ argument: UInt8) {
        node.accepted(link: lastLink, remote: addresses[Int(argument) % addresses.count], local: addresses[0], now: now)
        links.append(lastLink)
        lastLink += 2
    }

    private func establish(_ link: UInt32, _ argument: UInt8) {
        let key = keys[Int(argument) % keys.count].publicKey
        tell(.established(peer: key.peerID, publicKey: key), link)
    }

    private func close(_ link: UInt32) {
        tell(.closed(.link(errno: 104)), link)
        links.removeAll { $0 == link }
        streams.removeAll { $0.link == link }
    }

    private func open(on link: UInt32, _ argument: UInt8) {
        let entries = node.protocolTable.entries
        tell(.streamOpened(stream: lastStream, protocolID: entries[Int(argument) % entries.count].name), link)
        streams.append(StreamKey(link: link, stream: lastStream))
        lastStream += 2
    }

    private func settled(_ stream: StreamKey) {
        let entries = node.protocolTable.entries
        tell(.streamReady(stream: stream.stream, protocolID: entries[Int(input.popFirst() ?? 0) % entries.count].name), stream.link)
    }

    private func connect(_ argument: UInt8, _ mask: UInt8) {
        requests += 1
        node.connect(
            request: requests, peer: keys[Int(argument) % keys.count].publicKey.peerID, addresses: some(mask),
            allowsLimited: argument > 127,
            now: now)
    }

    private func ask(_ argument: UInt8) {
        requests += 1
        let peer = keys[Int(argument >> 2) % keys.count].publicKey.peerID
        switch argument % 4 {
        case 0: node.ping(request: requests, peer: peer, now: now)
        case 1: node.reserve(request: requests, relayAddress: addresses[0].appending(peer), now: now)
        case 2: node.publish(request: requests, topic: [1], data: message(), now: now)
        default:
            requests -= 1
            node.hangUp(peer, now: now)
            node.listening([addresses[Int(argument) % 3]], now: now)
        }
    }

    // MARK: Bookkeeping

    private func tell(_ event: LinkEvent, _ link: UInt32) { node.receive(event, from: link, now: now) }

    private func advance(_ interval: Interval) {
        let end = now + interval
        var steps = 0
        while node.nextDeadline <= end {
            now = max(now, node.nextDeadline)
            node.advance(to: now)
            drain()
            steps += 1
            precondition(steps < 100_000, "a deadline that does not move")
        }
        now = end
    }

    private func drain() {
        while let output = node.pollOutput() {
            switch output {
            case .event(.answered(let request, _)):
                precondition(request <= requests && answered.updateValue(true, forKey: request) == nil, "answered twice")
            case .dial(let link, _), .circuit(let link, _, _, _, _): links.append(link)
            case .resolve(let request, _): lookUps.append(request)
            case .splice(let circuit, _, _, _): circuits.append(circuit)
            case .link(let link, .openStream(let stream, _, _)): streams.append(StreamKey(link: link, stream: stream))
            case .cancelResolve(let request): lookUps.removeAll { $0 == request }
            case .link, .protocols, .endSplice, .peerConnection, .event: break
            }
        }
    }

    private func some(_ mask: UInt8) -> [Multiaddr] { addresses.indices.filter { mask >> UInt8($0) & 1 == 1 }.map { addresses[$0] } }

    private func message() -> [UInt8] {
        let bytes = [UInt8](input.prefix(Int(input.popFirst() ?? 0)))
        input = input.dropFirst(bytes.count)
        return bytes
    }

    private func pick<T>(_ list: [T], _ argument: UInt8) -> T? { list.isEmpty ? nil : list[Int(argument) % list.count] }

    func end() {
        for key in keys { node.release(relay: key.publicKey.peerID, now: now) }
        node.shutdown(now: now)
        drain()
        for link in links { tell(.closed(.closed(.shutdown)), link) }
        advance(.seconds(120))
        precondition(answered.count == Int(requests), "a request without an answer")
        precondition(
            node.context.connections.order.isEmpty && node.context.owners.count == 0 && (node.services.admission?.pendingCount ?? 0) == 0)
        precondition(node.services.dialer.byLink.isEmpty && node.services.dialer.dials.isEmpty)
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzNodeRequests_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
