import CausewayConnection
import CausewayIdentity
import FuzzDriver

@testable import CausewayNode

/// Three neighbours speak gossip to a node as the input says: bytes as they are, RPCs framed rightly, lost streams, time, and what the
/// node's own application does, which judges the messages of some topics. Of topics that begin with "b" the node carries two. A step is a
/// byte (what, and who), a byte of length, and that many bytes. Whatever happens, the books balance.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    var scene = Scene()
    var position = 0
    while position + 1 < input.count {
        let end = min(position + 2 + Int(input[position + 1]), input.count)
        scene.step(input[position], [UInt8](input[position + 2..<end]))
        position = end
    }
    return 0
}

private struct Scene {
    private static let topics = [[UInt8]("chat".utf8), DiscoveryTopic.json.name, DiscoveryTopic.protobuf.name]

    private let node: Node
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var streams: [UInt32] = [1, 1, 1]

    init() {
        var configuration = NodeConfiguration(identity: Self.key(0), seed: 1, unixEpoch: 1_800_000_000_000_000_000)
        configuration.discovery = [.json, .protobuf]
        configuration.gossip?.carries = [try! TopicPattern("b*")]
        configuration.gossip?.limits.carried = 2
        configuration.gossip?.limits.unjudged = 3
        configuration.gossip?.parameters.dontWantSize = 16
        node = Node(configuration, now: now)
        node.subscribe(Self.topics[0], now: now)
        guard let address = try? Multiaddr("/ip4/127.0.0.1/tcp/1") else { return }
        for index in 0..<3 {
            let key = Self.key(index + 1).publicKey
            node.accepted(link: link(index), remote: address, local: address, now: now)
            node.receive(.established(peer: key.peerID, publicKey: key), from: link(index), now: now)
            open(index)
        }
        drain()
    }

    private static func key(_ index: Int) -> PrivateKey {
        guard let key = try? PrivateKey(ed25519Seed: [UInt8](repeating: UInt8(index), count: 32)) else { fatalError("a seed of 32 bytes") }
        return key
    }

    private func link(_ index: Int) -> UInt32 { UInt32(2 * index + 1) }

    private func open(_ index: Int) {
        node.receive(.streamOpened(stream: streams[index], protocolID: GossipSub.protocolIDs[0]), from: link(index), now: now)
    }

    mutating func step(_ kind: UInt8, _ bytes: [UInt8]) {
        let who = Int(kind >> 3) % 3
        let topic = Self.topics[Int(kind >> 5) % 3]
        switch kind & 7 {
        case 0, 1: node.receive(.data(stream: streams[who], bytes), from: link(who), now: now)
        case 2, 3: node.receive(.data(stream: streams[who], ProtobufWriter(behind: bytes).framed), from: link(who), now: now)
        case 4: receiveSigned(bytes, on: topic, by: who)
        case 5:
            streams[who] += 2
            open(who)
        case 6:
            now = now + .milliseconds(UInt64(bytes.first ?? 1) * 50)
            node.advance(to: now)
        default:
            if bytes.count.isMultiple(of: 2) {
                node.publish(request: 1, topic: topic, data: bytes, now: now)
            } else {
                act(bytes[0], on: topic)
            }
        }
        drain()
        check()
    }

    private func act(_ what: UInt8, on topic: [UInt8]) {
        switch what & 3 {
        case 0: node.subscribe(topic, now: now)
        case 1: node.unsubscribe(topic, now: now)
        case 2: node.setJudged(topic, what & 4 == 0, now: now)
        default: node.judge(UInt32(what >> 4), MessageVerdict(rawValue: what >> 2 & 3) ?? .ignore, now: now)
        }
    }

    private func receiveSigned(_ data: [UInt8], on topic: [UInt8], by who: Int) {
        let key = Self.key(who + 1)
        let number = [UInt8](repeating: 0, count: 7) + [UInt8(truncatingIfNeeded: data.count)]
        let signed = MessageCodec.signedBytes(from: key.publicKey.peerID.bytes, data: data, sequence: number, topic: topic)
        guard let signature = try? key.sign(signed) else { return }
        let frame = MessageCodec.frame(signed: signed, signature: signature, key: [])
        node.receive(.data(stream: streams[who], frame), from: link(who), now: now)
    }

    private func drain() {
        while node.pollOutput() != nil {}
    }

    private func check() {
        guard let gossip = node.services.gossip else { return }
        let live = gossip.peers.reduce(0) { $0 + ($1.inbound?.count ?? 0) }
        let gone = (0..<gossip.waiting.count).reduce(0) { $0 + (gossip.waiting[$1].map { $0.isGone ? $0.count : 0 } ?? 0) }
        precondition(gossip.heldBytes == live + gone)
        precondition(gossip.topics.count == gossip.topicsByName.count && gossip.topics.count { $0.isJoined } <= 5)
        precondition(gossip.topics.count { $0.isCarried } == gossip.carriedCount && gossip.carriedCount <= 2)
        precondition(gossip.peers.reduce(0) { $0 + $1.carried } == gossip.carriedCount)
        precondition(gossip.unjudgedByNumber.count <= 3 && gossip.unjudged.isEmpty == gossip.unjudgedByNumber.isEmpty)
        precondition(gossip.unjudgedByNumber.values.reduce(0) { $0 + $1.size } == gossip.unjudgedBytes)
        precondition(gossip.dontWant.count <= gossip.configuration.limits.dontWant)
        for topic in gossip.topics {
            precondition(topic.isJoined || topic.mesh.isEmpty)
            for peer in topic.mesh { precondition(peer.isReachable && peer.subscribes(to: topic.name)) }
            for peer in topic.subscribers { precondition(peer.subscribes(to: topic.name)) }
        }
        for peer in gossip.peers { precondition(peer.topicCount <= gossip.configuration.limits.subscriptions) }
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzGossip_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
