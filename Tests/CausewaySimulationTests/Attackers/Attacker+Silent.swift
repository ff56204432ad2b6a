import CausewayIdentity
import CausewaySimulation

@testable import CausewayConnection
@testable import CausewayNode

extension Attacker {
    static let silent: [Deed] = [
        { $1.sendFrame(.windowUpdate, .syn, stream: $1.nextStream(), length: 0) },
        { $1.sendSealed([0, 0, 0]) },
        { $1.sendRaw([0xff]) },
        { $1.sendRaw([0x40, 0]) },
        { $1.open(offering: [0x13, 0x2f]) },
        { $1.open(offering: [UInt8](HostileLink.proposal(of: echo).prefix(24))) },
        { $1.sendFrame(.data, stream: $1.open(echo), length: 20_000, body: $0.filler(10)) },
        { $1.send($0.unfinished(60_000, $0.random.below(60_000)), on: $1.open(gossip)) },
        { $1.open(gossip, $0.unfinished(60_000, 1)) },
        { $1.open(gossip, [0xff]) },
        { $1.open(hop, [0xff]) },
        { $1.open(hop, $0.unfinished(4000, 10)) },
        { $1.open(hop, [UInt8](HopCodec.encode(.connect(peer: $0.victim().bytes)).dropLast())) },
        { $1.open(ping, $0.filler(5)) },
        { $1.open(Identify.pushID, $0.unfinished(4000, 2000)) },
        { attacker, link in
            link.reads = false
            link.send(attacker.filler(100_000), on: link.open(echo))
        },
        { attacker, link in
            link.reads = false
            link.sendGossip(GossipCodec.subscriptions([attacker.topic], subscribe: true))
        },
    ]

    static let greedy: [Deed] = [
        { attacker, link in for _ in 0..<70 { link.open(echo) } },
        { attacker, link in for _ in 0..<70 { link.open(gossip) } },
        { attacker, link in for _ in 0..<20 { link.open(hop) } },
        { $1.send($0.filler(200_000), on: $1.open(echo)) },
        { $1.open(hop, HopCodec.encode(.reserve)) },
        { $1.open(hop, HopCodec.encode(.reserve)) },
        { attacker, link in for _ in 0..<6 { link.open(hop, HopCodec.encode(.connect(peer: attacker.victims[0].bytes))) } },
        { $1.open(hop, HopCodec.encode(.connect(peer: $0.victim().bytes))) },
        { attacker, link in
            let names = (0..<100).map { _ in attacker.random.bytes(20 + attacker.random.below(200)) }
            link.sendGossip(names.flatMap { GossipCodec.subscriptions([$0], subscribe: true) })
        },
        { $1.send($0.unfinished(90_000, $0.random.below(90_000)), on: $1.open(gossip)) },
        { $1.sendGossip(GossipCodec.subscriptions([$0.topic], subscribe: true) + GossipCodec.graft($0.topic)) },
        { $1.send([UInt8](repeating: 0, count: 100_000), on: $1.open(ping)) },
    ]
}
