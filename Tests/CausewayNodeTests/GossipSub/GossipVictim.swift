import CausewayConnection
import CausewayIdentity

@testable import CausewayNode

/// A node with one neighbour that the test plays, and honest ones beside it.
final class GossipVictim {
    let host: GossipHost
    let link: UInt32
    let stream: StreamKey
    var peer: GossipPeer { host.gossip.peersByID[GossipHost.key(1).publicKey.peerID.bytes]! }

    init(_ configuration: GossipSubConfiguration = GossipSubConfiguration(), agent: String = "go-libp2p", subscribes: Bool = true) {
        host = GossipHost(0, configuration)
        host.gossip.subscribe(chat, in: host.state)
        link = host.addLink(to: GossipHost.key(1).publicKey, agent: agent)
        stream = StreamKey(link: link, stream: 1)
        host.gossip.streamOpened(stream, protocolID: GossipSub.protocolIDs[0], in: host.state)
        if subscribes { receive(GossipCodec.subscriptions([chat], subscribe: true)) }
        _ = host.drain()
    }

    func receive(_ bytes: [UInt8]) {
        host.gossip.received(bytes, on: stream, in: host.state)
        host.workOff()
    }

    /// Names of topics that the application heard of.
    var told: [[UInt8]] {
        host.outputs.compactMap {
            if case .event(.happened(.subscriptionChanged(let change))) = $0, change.isSubscribed { change.topicUTF8 } else { nil }
        }
    }

    /// An honest neighbour that subscribes.
    func addNeighbour(_ index: Int) -> GossipPeer {
        let link = host.addLink(to: GossipHost.key(index).publicKey)
        let stream = StreamKey(link: link, stream: 1)
        host.gossip.streamOpened(stream, protocolID: GossipSub.protocolIDs[0], in: host.state)
        host.gossip.received(GossipCodec.subscriptions([chat], subscribe: true), on: stream, in: host.state)
        _ = host.drain()
        return host.gossip.peersByID[GossipHost.key(index).publicKey.peerID.bytes]!
    }

    func pass(_ interval: Interval) {
        let end = host.state.now + interval
        while host.nextDeadline <= end {
            host.state.now = max(host.state.now, host.nextDeadline)
            host.advance()
        }
        host.state.now = end
    }

    /// What went to the neighbours since the last look.
    func frames() -> [[UInt8]] {
        host.drain().compactMap {
            if case .link(_, .send(_, let bytes, _)) = $0 { return bytes }
            return nil
        }
    }

    /// What went to the first neighbour alone since the last look. What went to others is gone with it.
    func framesOfNeighbour() -> [[UInt8]] {
        host.drain().compactMap {
            if case .event(let event) = $0 { host.events.append(event) }
            guard case .link(link, .send(_, let bytes, _)) = $0 else { return nil }
            return bytes
        }
    }

    var wasReset: Bool { host.outputs.contains(.link(link, .reset(stream: 1))) }
}

/// A message as RPC frame, right but for what a test changes.
func signedMessage(
    author: Int = 1, sequence: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1], data: [UInt8] = [1], topic: [UInt8] = chat, from: [UInt8]? = nil,
    key: [UInt8] = [], signature: [UInt8]? = nil
) -> [UInt8] {
    let signer = GossipHost.key(author)
    let signed = MessageCodec.signedBytes(from: from ?? signer.publicKey.peerID.bytes, data: data, sequence: sequence, topic: topic)
    return MessageCodec.frame(signed: signed, signature: signature ?? (try! signer.sign(signed)), key: key)
}

func gossipRPC(_ field: UInt32, _ content: [UInt8]) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.content(field, content)
    return writer.framed
}

func gossipFrame(_ message: [UInt8]) -> [UInt8] { ProtobufWriter(behind: message).framed }

/// The ids in all of an RPC's entries of control of one kind: IHAVE (1), whose ids are behind the topic, IWANT (2) or IDONTWANT (5).
func controlIDs(_ kind: UInt32, _ frame: [UInt8]) -> [[UInt8]] {
    var inbox = MessageInbox()
    inbox.add(frame)
    guard var rpc = inbox.next(limit: 1 << 20) else { return [] }
    var ids: [[UInt8]] = []
    while rpc.advance() {
        guard rpc.number == 3 else { continue }
        let control = rpc.enter()
        while rpc.advance() {
            guard rpc.number == kind else { continue }
            let entry = rpc.enter()
            while rpc.advance() { if rpc.number == (kind == 1 ? 2 : 1) { ids.append(rpc.content()) } }
            rpc.leave(entry)
        }
        rpc.leave(control)
    }
    return rpc.fault == nil ? ids : []
}

/// The message in a frame that has just one.
func gossipContent(of frame: [UInt8]) -> [UInt8] {
    var inbox = MessageInbox()
    inbox.add(frame)
    guard var rpc = inbox.next(limit: 1 << 20), rpc.advance() else { return [] }
    return rpc.content()
}
