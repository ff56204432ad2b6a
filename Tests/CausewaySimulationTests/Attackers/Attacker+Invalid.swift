import CausewayIdentity
import CausewaySimulation

@testable import CausewayConnection
@testable import CausewayNode

extension Attacker {
    static let invalid: [Deed] = invalidFrames + invalidMessages

    /// Below the streams' protocols: most of it costs the attacker its connection.
    private static let invalidFrames: [Deed] = [
        { $1.sendRaw([0, 40] + $0.filler(40)) },
        { $1.sendRaw([0, 3, 1, 2, 3]) },
        { $1.sendSealed($0.filler(1 + $0.random.below(100))) },
        { $1.sendSealed([]) },
        { $1.sendFrame(.data, body: $0.filler(10)) },
        { $1.sendFrame(.data, .syn, stream: 2, body: $0.filler(10)) },
        { $1.sendFrame(.windowUpdate, .syn, stream: 0x8000_0001, length: 0) },
        { attacker, link in for _ in 0..<2 { link.sendFrame(.windowUpdate, .syn, stream: 0x7fff_ffff, length: 0) } },
        { $1.sendFrame(.data, stream: $1.open(echo), length: 1 << 24, body: $0.filler(100)) },
        { attacker, link in
            let stream = link.open(echo)
            for _ in 0..<2 { link.sendFrame(.windowUpdate, stream: stream, length: .max) }
        },
        { attacker, link in
            let stream = link.open(echo)
            link.sendFrame(.data, .fin, stream: stream, body: [1])
            link.sendFrame(.data, stream: stream, body: [2])
        },
        { $1.sendFrame(.data, stream: UInt32($0.random.below(200)), body: $0.filler(50)) },
        { $1.sendFrame(.ping, .ack, length: UInt32($0.random.below(1000))) },
        { $1.sendFrame(.goAway, length: 7) },
    ]

    private static let invalidMessages: [Deed] = [
        { $1.open(offering: [0xff, 0xff, 0xff, 0x7f] + $0.filler(20)) },
        { $1.open(offering: [3, 0x2f, 0x61, 0x62]) },
        { $1.open(offering: $0.filler(30)) },
        { $1.open(gossip, $0.unfinished(30, 30)) },
        { $1.open(gossip, $0.unfinished(1 << 30, 30)) },
        { attacker, link in link.open(gossip, (0..<8).flatMap { _ in attacker.message(by: link, topic: attacker.topic, forged: true) }) },
        {
            $1.open(
                gossip,
                MessageCodec.frame(
                    signed: MessageCodec.signedBytes(from: [], data: [1], sequence: [], topic: $0.topic), signature: [], key: []))
        },
        { $1.open(hop, $0.unfinished(40, 40)) },
        { $1.open(hop, $0.unfinished(9000, 400)) },
        { $1.open(hop, [2, 8, 9]) },
        { $1.open(hop, HopCodec.encode(.reserve) + $0.filler(2000)) },
        { $1.open(hop, HopCodec.encode(.connect(peer: $0.filler(38)))) },
        { $1.open(hop, HopCodec.encode(.connect(peer: $0.victim().bytes)) + $0.filler(200)) },
        { $1.open(HopCodec.stopID, HopCodec.encode(.connect(peer: $0.victim().bytes, limit: .unlimited))) },
        { $1.open(Identify.pushID, $0.unfinished(60, 60)) },
        { $1.open(Identify.protocolID, $0.filler(60)) },
        { $1.sendFrame(.data, .fin, stream: $1.open(ping, $0.filler(31)), body: []) },
    ]
}
