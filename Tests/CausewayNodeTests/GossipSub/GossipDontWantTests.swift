import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// IDONTWANT, and what else newer versions have in control.
@Suite struct GossipDontWantTests {
    private let large = [UInt8](repeating: 7, count: 1024)

    /// A node with a neighbour that the test plays and others in its mesh, all of which speak 1.2.
    private func mesh(_ others: Int, _ configuration: GossipSubConfiguration = GossipSubConfiguration()) -> GossipVictim {
        let victim = GossipVictim(configuration)
        var neighbours = [victim.peer]
        for index in 0..<others { neighbours.append(victim.addNeighbour(10 + index)) }
        for neighbour in neighbours {
            victim.host.gossip.streamReady(neighbour.outbound!, protocolID: GossipSub.protocolIDs[0], in: victim.host.state)
            victim.host.gossip.topics[0].addToMesh(neighbour)
        }
        _ = victim.host.drain()
        return victim
    }

    private func links(_ victim: GossipVictim, _ fits: ([UInt8]) -> Bool) -> [UInt32] {
        victim.host.drain().compactMap {
            if case .link(let link, .send(_, let bytes, _)) = $0, fits(bytes) { return link }
            return nil
        }
    }

    @Test func aLargeMessageIsAnnouncedBeforeItIsSentOn() {
        let victim = mesh(3)
        let id = GossipHost.key(2).publicKey.peerID.bytes + [0, 0, 0, 0, 0, 0, 0, 1]
        let message = signedMessage(author: 2, data: large)
        victim.receive(message)
        let frames = victim.frames()
        #expect(frames.count == 6 && frames.prefix(3).allSatisfy { controlIDs(5, $0) == [id] })
        #expect(frames.suffix(3).allSatisfy { $0 == message })
        victim.receive(signedMessage(author: 2, sequence: [0, 0, 0, 0, 0, 0, 0, 2], data: [UInt8](large.dropLast())))
        #expect(victim.frames().flatMap { controlIDs(5, $0) }.isEmpty, "small ones are not worth it")
    }

    @Test func aForgedMessageAnnouncesNothing() {
        let victim = mesh(3)
        victim.receive(signedMessage(author: 2, data: large, signature: [UInt8](repeating: 1, count: 64)))
        #expect(victim.frames().isEmpty, "else the real one would be kept from us")
    }

    @Test func olderVersionsAreToldNothingAndHeardAllTheSame() {
        let victim = mesh(2)
        let old = Array(victim.host.gossip.peers)[1]
        victim.host.gossip.streamReady(old.outbound!, protocolID: GossipSub.protocolIDs[1], in: victim.host.state)
        victim.receive(signedMessage(author: 2, data: large))
        #expect(links(victim) { !controlIDs(5, $0).isEmpty }.count == 1)
    }

    @Test func whoDoesNotWantAMessageIsSparedIt() {
        let author = GossipHost.key(2).publicKey
        let number: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1]
        for id in [author.peerID.bytes + number, author.protobuf + number, MessageID.rust(author.peerID.bytes + number)] {
            let victim = mesh(0)
            let sender = victim.addNeighbour(20)
            victim.host.gossip.topics[0].addToMesh(sender)
            victim.receive(GossipCodec.dontWant([id]))
            let message = signedMessage(author: 2, sequence: number, data: [1])
            victim.host.gossip.received(message, on: sender.inbound!.stream, in: victim.host.state)
            #expect(victim.host.outputs.count { if case .event(.message) = $0 { true } else { false } } == 1)
            #expect(victim.frames().isEmpty)
            // Asked for it, we send it; another message goes to everybody.
            victim.receive(GossipCodec.want([id]))
            #expect(victim.frames() == [message])
            victim.host.gossip.received(signedMessage(author: 3, data: [2]), on: sender.inbound!.stream, in: victim.host.state)
            #expect(victim.frames().count == 1)
        }
    }

    @Test func itHoldsForThreeHeartbeats() {
        let victim = mesh(0)
        let sender = victim.addNeighbour(20)
        let author = GossipHost.key(2).publicKey.peerID.bytes
        victim.receive(GossipCodec.dontWant([author + [0, 0, 0, 0, 0, 0, 0, 1]]))
        #expect(victim.peer.dontWantAge == GossipSub.dontWantAge)
        victim.pass(.milliseconds(3_500))
        #expect(victim.peer.dontWantAge == 0 && victim.host.gossip.dontWant.count == 0)
        _ = victim.host.drain()
        victim.host.gossip.received(signedMessage(author: 2, data: [1]), on: sender.inbound!.stream, in: victim.host.state)
        #expect(victim.frames().count == 1)
    }

    @Test func aHashThatIsNotWantedIsNotSent() {
        var configuration = GossipSubConfiguration()
        configuration.messageID = .sha256
        let victim = mesh(0, configuration)
        let sender = victim.addNeighbour(20)
        victim.receive(GossipCodec.dontWant([SHA256.hash([1])]))
        victim.host.gossip.received(signedMessage(author: 2, data: [1]), on: sender.inbound!.stream, in: victim.host.state)
        #expect(victim.frames().isEmpty)
    }

    @Test func floodsAreBounded() {
        var configuration = GossipSubConfiguration()
        configuration.limits.dontWant = 1500
        let victim = mesh(0, configuration)
        func ids(_ round: Int, _ count: Int) -> [[UInt8]] { (0..<count).map { [UInt8(round), UInt8($0 & 0xff), UInt8($0 >> 8)] } }
        for _ in 0..<3 { victim.receive(GossipCodec.dontWant(ids(0, 900))) }
        #expect(victim.host.gossip.dontWant.count == 900 && victim.peer.behaviour.dontWantIDs == 1000)
        #expect(victim.peer.behaviour.faults > 0, "no honest peer says so much between two heartbeats")
        for round in 1..<5 {
            victim.pass(.milliseconds(250))
            victim.receive(GossipCodec.dontWant(ids(round, 900)))
            #expect(victim.host.gossip.dontWant.count <= 1500)
        }
        // What is too long to be anybody's id is not kept.
        let quiet = mesh(0)
        quiet.receive(GossipCodec.dontWant([[UInt8](repeating: 1, count: GossipSub.foreignIDLength + 1), [1], []]))
        #expect(quiet.host.gossip.dontWant.count == 2)
        quiet.receive(GossipCodec.dontWant([[UInt8](repeating: 1, count: GossipLimits().messageID + 1)]))
        #expect(quiet.host.gossip.dontWant.count == 2 && quiet.peer.behaviour.faults == 0)
    }

    @Test func extensionsOfLaterVersionsAreSkipped() {
        let victim = mesh(0)
        // ControlExtensions is field 6 of control; RPCs have further fields from 10 on (gossipsub-v1.3.md, partial messages).
        let extensions: [UInt8] = [0x32, 0x05, 0x50, 0x01, 0xda, 0x01, 0x00]
        victim.receive(gossipRPC(3, extensions + [0x2a, 0x03, 0x0a, 0x01, 9]))
        victim.receive(gossipRPC(10, [0x0a, 0x01, 0x61]))
        victim.receive(gossipRPC(6_492_434, []))
        #expect(!victim.wasReset && victim.peer.behaviour.faults == 0)
        #expect(victim.host.gossip.dontWant.count == 1, "what stands behind an extension is read")
        victim.receive(signedMessage(author: 2))
        #expect(victim.delivered().count == 1)
    }

    @Test func itCanBeLeftOut() {
        var configuration = GossipSubConfiguration()
        configuration.parameters.dontWantSize = nil
        let host = GossipHost(0, configuration)
        #expect(host.gossip.served.map(\.name) == Array(GossipSub.protocolIDs.dropFirst()))
        let link = host.addLink(to: GossipHost.key(1).publicKey)
        let opened = host.drain().contains {
            if case .link(link, .openStream(_, let names, _)) = $0 { names == host.gossip.spoken } else { false }
        }
        #expect(opened)
    }

    @Test func theNewestCommonVersionIsProposed() {
        let host = GossipHost(0)
        #expect(host.gossip.served.map(\.name) == ["/meshsub/1.2.0", "/meshsub/1.1.0", "/meshsub/1.0.0"].map { [UInt8]($0.utf8) })
        for (index, name) in GossipSub.protocolIDs.enumerated() {
            let link = host.addLink(to: GossipHost.key(index + 1).publicKey, protocols: [name])
            let proposals = host.drain().compactMap { output -> [[UInt8]]? in
                if case .link(link, .openStream(_, let names, _)) = output { names } else { nil }
            }
            #expect(proposals == [[name]])
        }
    }
}
