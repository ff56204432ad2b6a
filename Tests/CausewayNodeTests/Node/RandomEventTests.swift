import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// Inputs in any order, true or false: nothing traps, every request is answered exactly once, and nothing is kept in the end.
@Test(arguments: [UInt64](1...10)) func anyOrderOfInputsIsSurvived(seed: UInt64) {
    var random = RandomSource(seed: seed)
    let bench = NodeBench {
        $0.gossip = GossipSubConfiguration()
        $0.relay = RelayLimits()
        $0.discovery = [.json, .protobuf]
        $0.limits.connections = 24
        $0.limits.dials = 6
    }
    let names = bench.node.protocolTable.entries.map { $0.name } + [Array("/none".utf8)]
    let addresses = [
        "/ip4/203.0.113.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/dnsaddr/example.com", "/dns4/example.com/tcp/443/wss",
        "/ip4/203.0.113.2/udp/1/quic-v1",
        "/ip4/203.0.113.3/tcp/1/p2p/\(peer(9).description)/p2p-circuit", "/ip6/2001:db8::1/tcp/1/ws",
    ]
    var requests: UInt32 = 0
    var links: [UInt32] = []
    var seen = 0
    func someLink(_ random: inout RandomSource) -> UInt32 { links.isEmpty ? 99 : links[random.below(links.count)] }
    func someStream(_ random: inout RandomSource) -> UInt32 {
        random.below(2) == 0 ? UInt32(random.below(20)) : (1 << 31) + UInt32(random.below(60))
    }
    for _ in 0..<1000 {
        let number = UInt8(1 + random.below(12))
        let link = someLink(&random)
        switch random.below(17) {
        case 0: links.append(bench.accept(from: "/ip4/203.0.113.\(number)/tcp/1"))
        case 1: bench.establish(link, number)
        case 2 where random.below(3) == 0: bench.feed(.closed(.link(errno: 104)), link)
        case 3: bench.feed(.streamOpened(stream: someStream(&random), protocolID: names[random.below(names.count)]), link)
        case 4: bench.feed(.streamReady(stream: someStream(&random), protocolID: names[random.below(names.count)]), link)
        case 5, 6: bench.feed(.data(stream: someStream(&random), random.bytes(random.below(200))), link)
        case 7: bench.feed(.finished(stream: someStream(&random)), link)
        case 8: bench.feed(.streamClosed(stream: someStream(&random), .reset(code: 0)), link)
        case 9: bench.feed(.streamFailed(stream: someStream(&random), .unsupportedProtocol), link)
        case 10, 11:
            requests += 1
            let some = (0..<random.below(4)).map { _ in addresses[random.below(addresses.count)] }
            bench.connect(requests, number, some, limited: random.below(2) == 0)
        case 12:
            requests += 1
            bench.node.ping(request: requests, peer: peer(number), now: bench.now)
        case 13: bench.node.cancel(request: UInt32(random.below(Int(requests) + 1)), now: bench.now)
        case 14: bench.resolve(UInt32(random.below(20)), [addresses[random.below(addresses.count)]])
        case 15:
            requests += 1
            bench.node.reserve(request: requests, relayAddress: address("/ip4/203.0.113.3/tcp/1").appending(peer(number)), now: bench.now)
        default: bench.wait(.milliseconds(UInt64(random.below(3000))))
        }
        bench.drain()
        for output in bench.outputs[seen...] {
            if case .dial(let link, _) = output { links.append(link) }
            if case .circuit(let link, _, _, _, _) = output { links.append(link) }
        }
        seen = bench.outputs.count
    }
    for number in UInt8(1)...12 { bench.node.release(relay: peer(number), now: bench.now) }
    bench.node.shutdown(now: bench.now)
    bench.drain()
    for link in links { bench.feed(.closed(.closed(.shutdown)), link) }
    bench.wait(.seconds(60))
    var answers: [UInt32: Int] = [:]
    for output in bench.outputs { if case .event(.answered(let request, _)) = output { answers[request, default: 0] += 1 } }
    #expect(answers.count == Int(requests) && answers.values.allSatisfy { $0 == 1 })
    #expect(bench.node.connectionDescriptions.isEmpty)
    #expect(bench.node.context.owners.count == 0 && bench.node.services.dialer.byLink.isEmpty && bench.node.services.dialer.dials.isEmpty)
    #expect(bench.node.services.admission?.pendingCount == 0 && bench.node.services.admission?.placeCount == 0)
}
