import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite struct GossipRepairTests {
    /// Messages themselves are lost on the way to the last host, so that only gossip can bring them; those that were asked for arrive.
    private func network(agents: String, _ configuration: GossipSubConfiguration = GossipSubConfiguration()) -> GossipNetwork {
        let network = GossipNetwork(10, configuration, subscribed: chat, connected: false)
        for a in 0..<10 { for b in 0..<a { network.connect(a, b, agents: (agents, agents)) } }
        network.run(.seconds(3))
        let last = network.hosts[9]
        network.loses = { _, to, bytes, _ in to === last && bytes.count > 2000 && bytes.count < 10_000 }
        return network
    }

    @Test(arguments: ["go-libp2p/0.51", "js-libp2p/3.3.11 node/20"])
    func gossipRepairsWhatTheMeshLost(agent: String) {
        let network = network(agents: agent)
        let (first, last) = (network.hosts[0], network.hosts[9])
        first.gossip.publish(request: 1, topic: chat, data: [UInt8](repeating: 1, count: 3000), in: first.state)
        network.settle()
        #expect(last.messages.isEmpty)
        network.loses = { _, _, _, _ in false }
        network.run(.seconds(4))
        #expect(last.messages.count == 1)
        for host in network.hosts.dropFirst() { #expect(host.messages.count == 1) }
    }

    @Test func idsGoOutInTheFormThatThePeerUses() throws {
        let host = GossipHost(0)
        host.gossip.subscribe(chat, in: host.state)
        func announcement(agent: String, _ peer: Int) throws -> [[UInt8]] {
            host.addLink(to: GossipHost.key(peer).publicKey, agent: agent)
            let gossiper = Array(host.gossip.peers)[peer - 1]
            _ = host.drain()
            _ = try host.gossip.publish([1], on: chat, in: host.state)
            host.gossip.tell([gossiper], of: host.gossip.topics[0], in: host.state)
            let outputs = host.drain()
            let frame = try #require(
                outputs.compactMap {
                    if case .link(_, .send(_, let bytes, true)) = $0 { return bytes }
                    return nil
                }.last)
            return haveIDs(frame)
        }
        let go = try announcement(agent: "kubo/0.40", 1)
        #expect(go.last?.count == 46 && go.last?.prefix(2) == [0x00, 0x24])
        let js = try announcement(agent: "js-libp2p/3.3.11", 2)
        #expect(js.last?.count == 44 && js.last?.prefix(4) == [0x08, 0x01, 0x12, 0x20])
        #expect(js.first == go.first.map { [UInt8]($0.dropFirst(2)) }, "the same message")
    }

    @Test func aPeersOwnIdsTeachUsItsForm() {
        let host = GossipHost(0)
        host.gossip.subscribe(chat, in: host.state)
        let link = host.addLink(to: GossipHost.key(1).publicKey, agent: "somebody's app")
        let stream = StreamKey(link: link, stream: 1)
        host.gossip.streamOpened(stream, protocolID: GossipSub.protocolIDs[0], in: host.state)
        let peer = host.gossip.peers.first!
        let js: [UInt8] = GossipHost.key(5).publicKey.protobuf + [0, 0, 0, 0, 0, 0, 0, 1]
        host.gossip.received(GossipCodec.have(chat, ids: [js]), on: stream, in: host.state)
        #expect(host.gossip.idForm(of: peer) == .js)
        #expect(
            host.outputs.contains { $0 == .link(link, .send(stream: peer.outbound!.stream, GossipCodec.want([js]), droppable: true)) }
        )
        let go = GossipHost.key(5).publicKey.peerID.bytes + [0, 0, 0, 0, 0, 0, 0, 1]
        host.gossip.received(GossipCodec.want([go]), on: stream, in: host.state)
        #expect(host.gossip.idForm(of: peer) == .js, "who asks repeats what it was told")
        host.gossip.received(GossipCodec.have(chat, ids: [go]), on: stream, in: host.state)
        #expect(host.gossip.idForm(of: peer) == .go)
    }

    @Test func bothFormsAreAnsweredAndKnownMessagesNotAskedFor() throws {
        let host = GossipHost(0)
        host.gossip.subscribe(chat, in: host.state)
        let link = host.addLink(to: GossipHost.key(1).publicKey)
        let stream = StreamKey(link: link, stream: 1)
        host.gossip.streamOpened(stream, protocolID: GossipSub.protocolIDs[0], in: host.state)
        _ = try host.gossip.publish([1], on: chat, in: host.state)
        let message = host.gossip.cache.recent(chat, windows: 1, limit: 1)[0]
        for id in [message.id, [UInt8](message.id.dropFirst(2))] {
            _ = host.drain()
            host.gossip.received(GossipCodec.have(chat, ids: [id]), on: stream, in: host.state)
            #expect(host.drain().isEmpty)
            host.gossip.received(GossipCodec.want([id]), on: stream, in: host.state)
            #expect(host.drain() == [.link(link, .send(stream: host.gossip.peers.first!.outbound!.stream, message.frame, droppable: true))])
        }
    }

    @Test func whoComesLateHearsWhatWasJustSaid() {
        let network = GossipNetwork(2, connected: false)
        for host in network.hosts { host.gossip.subscribe(chat, in: host.state) }
        let first = network.hosts[0]
        first.gossip.publish(request: 1, topic: chat, data: [1], in: first.state)
        network.run(.seconds(1))
        network.connect(0, 1)
        network.settle()
        #expect(network.hosts[1].messages.count == 1)
    }

    /// Until its back-off is over, gossip alone brings a reader that came back its messages. Then it is grafted between two heartbeats, the
    /// second of which gossips to others only.
    @Test func nothingIsMissedAroundAGraft() throws {
        let network = GossipNetwork(8, connected: false)
        let (hub, reader) = (network.hosts[0], network.hosts[7])
        for other in network.hosts.dropLast() { other.gossip.subscribe(chat, in: other.state) }
        // The reader's heart beats between the hub's.
        network.run(.milliseconds(500))
        reader.gossip.subscribe(chat, in: reader.state)
        for number in 1..<8 { network.connect(0, number) }
        network.run(.seconds(3))
        reader.gossip.unsubscribe(chat, in: reader.state)
        network.settle()
        network.run(.milliseconds(400))
        reader.gossip.subscribe(chat, in: reader.state)
        network.settle()
        let author = network.hosts[1]
        for number in 0..<500 {
            author.gossip.publish(request: UInt32(number), topic: chat, data: [UInt8(number & 0xff), UInt8(number >> 8)], in: author.state)
            network.settle()
            network.run(.milliseconds(30))
        }
        network.run(.seconds(4))
        #expect(hub.messages.count == 500)
        #expect(reader.messages.count == 500)
    }

    @Test func idsOfHashedKeys() {
        let key = [UInt8]([0x08, 0x00, 0x12, 0x40]) + [UInt8](repeating: 7, count: 64)
        let sequence: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let go = [0x12, 0x20] + SHA256.hash(key) + sequence
        #expect(MessageID.canonical(key + sequence) == go)
        #expect(MessageID.canonical(go) == go)
        #expect(MessageID.js(go, key: key) == key + sequence)
        #expect(MessageID.form(of: key + sequence) == .js)
        #expect(MessageID.form(of: go) == .go)
        #expect(MessageID.form(of: [UInt8]("12D3KooW1234567890".utf8)) == nil)
        for count in 0..<14 { #expect(MessageID.canonical([UInt8](repeating: 8, count: count)).count == count) }
    }

    private func haveIDs(_ frame: [UInt8]) -> [[UInt8]] { controlIDs(1, frame).reversed() }
}
