import CausewayIdentity
import CausewaySimulation

@testable import CausewayConnection
@testable import CausewayNode

extension Attacker {
    static let wasteful: [Deed] = [
        { $1.sendGossip(rpc((0..<500).flatMap { _ in [0x12, 0] as [UInt8] })) },
        { $1.sendGossip(rpc((0..<500).flatMap { _ in [0x0a, 0] as [UInt8] })) },
        { $1.sendGossip([UInt8](repeating: 0, count: 1000)) },
        { attacker, link in
            let message = attacker.message(by: link, topic: attacker.topic)
            link.sendGossip([[UInt8]](repeating: message, count: 30).flatMap { $0 })
        },
        { attacker, link in link.sendGossip((0..<10).flatMap { _ in attacker.message(by: link, topic: [UInt8](utf8: "nowhere")) }) },
        { $1.sendGossip($0.message(by: $1, topic: $0.topic)) },
        { attacker, link in
            for subscribes in [true, false, true] { link.sendGossip(GossipCodec.subscriptions([attacker.topic], subscribe: subscribes)) }
        },
        { attacker, link in link.sendGossip((0..<20).flatMap { _ in GossipCodec.graft(attacker.topic) }) },
        { $1.sendGossip(GossipCodec.prune($0.topic, backoffSeconds: .max)) },
        { attacker, link in link.sendGossip(GossipCodec.have(attacker.topic, ids: (0..<200).map { _ in attacker.random.bytes(46) })) },
        { attacker, link in link.sendGossip(GossipCodec.want((0..<200).map { _ in attacker.random.bytes(46) })) },
        { attacker, link in
            var frames: [UInt8] = []
            for _ in 0..<50 {
                let stream = link.nextStream()
                frames += HostileLink.frame(.windowUpdate, .syn, stream: stream, length: 0)
                frames += HostileLink.frame(.windowUpdate, .rst, stream: stream, length: 0)
            }
            link.sendSealed(frames)
        },
        { attacker, link in for _ in 0..<10 { link.reset(link.open(gossip)) } },
        { attacker, link in for _ in 0..<10 { link.open([UInt8](utf8: "/nobody/speaks/this/1")) } },
        { attacker, link in
            var names: [UInt8] = HostileLink.proposal(of: [UInt8](utf8: "/a"))
            for _ in 0..<80 { Multistream.append([UInt8](utf8: "/b"), to: &names) }
            link.open(offering: names)
        },
        { $1.sendSealed((0..<100).flatMap { HostileLink.frame(.ping, .syn, length: UInt32($0)) }) },
        { $1.open(ping, $0.filler(32 * 40)) },
        { attacker, link in
            let stream = link.open(echo)
            link.sendSealed((0..<200).flatMap { _ in HostileLink.frame(.windowUpdate, stream: stream, length: 1) })
        },
        { attacker, link in
            let stream = link.open(echo)
            link.sendSealed((0..<200).flatMap { _ in HostileLink.frame(.data, stream: stream, body: [7]) })
        },
        { attacker, link in for _ in 0..<10 { link.open(hop, HopCodec.encode(.reserve)) } },
        { attacker, link in for _ in 0..<5 { link.open(hop, HopCodec.encode(.connect(peer: link.key.publicKey.peerID.bytes))) } },
        { attacker, link in for _ in 0..<5 { link.open(Identify.protocolID) } },
    ]

    /// One RPC with its length.
    private static func rpc(_ content: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        Varint.append(UInt64(content.count), to: &bytes)
        return bytes + content
    }
}
