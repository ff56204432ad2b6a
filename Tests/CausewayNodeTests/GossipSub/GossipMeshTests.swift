import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite struct GossipMeshTests {
    private func meshOnly() -> GossipSubConfiguration {
        var configuration = GossipSubConfiguration()
        configuration.floodPublish = false
        return configuration
    }

    @Test func meshesFormAndEveryMessageArrivesOnce() {
        let network = GossipNetwork(20, meshOnly(), subscribed: chat)
        network.run(.seconds(5))
        for host in network.hosts {
            let mesh = host.gossip.mesh(chat)
            #expect((5...12).contains(mesh.count))
            for peer in mesh { #expect(network.hosts.first { $0.peer == peer }?.gossip.mesh(chat).contains(host.peer) == true) }
            #expect(host.gossip.subscribers(chat).count == 19)
        }
        for host in network.hosts { host.gossip.publish(request: 1, topic: chat, data: [UInt8(host.index)], in: host.state) }
        network.run(.seconds(2))
        for host in network.hosts {
            let got = host.messages.map { $0.data[0] }.sorted()
            #expect(got == (0..<20).filter { $0 != host.index }.map { UInt8($0) })
        }
    }

    @Test func aMessageNamesItsAuthorAndTheNeighbourItCameFrom() throws {
        let network = GossipNetwork(3, subscribed: chat, connected: false)
        network.connect(0, 1)
        network.connect(1, 2)
        network.run(.seconds(1))
        network.hosts[0].gossip.publish(request: 7, topic: chat, data: [1, 2, 3], in: network.hosts[0].state)
        network.settle()
        #expect(network.hosts[0].events.contains(.answered(request: 7, .published(peers: 1))))
        let message = try #require(network.hosts[2].messages.first)
        #expect(message.author == network.hosts[0].peer)
        #expect(message.receivedFrom == network.hosts[1].peer)
        #expect(message.data == [1, 2, 3] && message.topicUTF8 == chat && message.sequenceNumber.count == 8)
        #expect(network.hosts[0].messages.isEmpty, "own messages do not come back")
    }

    @Test func twoRunsOfOneSeedAreEqual() {
        func run() -> [UInt8] {
            let network = GossipNetwork(12, meshOnly(), subscribed: chat)
            network.run(.seconds(3))
            for host in network.hosts { host.gossip.publish(request: 1, topic: chat, data: [UInt8(host.index)], in: host.state) }
            network.run(.seconds(3))
            return network.trace
        }
        #expect(run() == run())
    }

    @Test func aPublisherOutsideTheTopicReachesItsFanoutAtOnce() {
        let network = GossipNetwork(10, meshOnly())
        for host in network.hosts.dropFirst() { host.gossip.subscribe(chat, in: host.state) }
        network.run(.seconds(2))
        network.hosts[0].gossip.publish(request: 1, topic: chat, data: [9], in: network.hosts[0].state)
        network.settle()
        #expect(network.hosts[0].events.contains(.answered(request: 1, .published(peers: 6))))
        for host in network.hosts.dropFirst() { #expect(host.messages.count == 1) }
        #expect(network.hosts[0].gossip.topics.count == 1)
        network.run(.seconds(62))
        #expect(network.hosts[0].gossip.topics.isEmpty, "a fanout is forgotten after a minute without a message")
    }

    @Test func aThinMeshIsFilledUpForAPublishedMessage() {
        let network = GossipNetwork(4, meshOnly())
        for host in network.hosts.dropFirst() { host.gossip.subscribe(chat, in: host.state) }
        network.settle()
        let first = network.hosts[0]
        first.gossip.subscribe(chat, in: first.state)
        for peer in first.gossip.topics[0].mesh { first.gossip.topics[0].removeFromMesh(peer) }
        first.gossip.publish(request: 1, topic: chat, data: [1], in: first.state)
        network.settle()
        #expect(first.events.contains(.answered(request: 1, .published(peers: 3))))
        for host in network.hosts.dropFirst() { #expect(host.messages.count == 1) }
    }

    @Test func floodPublishingReachesSubscribersOutsideTheMesh() {
        let network = GossipNetwork(20, subscribed: chat)
        network.run(.seconds(3))
        let first = network.hosts[0]
        first.gossip.publish(request: 1, topic: chat, data: [1], in: first.state)
        network.settle()
        #expect(first.events.contains(.answered(request: 1, .published(peers: 19))))
    }

    @Test func publishingFailsWithItsReason() {
        var configuration = GossipSubConfiguration()
        configuration.requireSubscribers = true
        let host = GossipHost(0, configuration)
        #expect(throws: PublishError.noSubscribers) { try host.gossip.publish([1], on: chat, in: host.state) }
        #expect(throws: PublishError.badTopic) { try host.gossip.publish([1], on: [], in: host.state) }
        #expect(throws: PublishError.badTopic) { try host.gossip.publish([1], on: [UInt8](repeating: 65, count: 257), in: host.state) }
        let limit = GossipLimits().message
        let large = [UInt8](repeating: 0, count: limit + 1)
        #expect(throws: PublishError.tooLarge(limit: limit)) { try GossipHost(1).gossip.publish(large, on: chat, in: host.state) }
        #expect(!host.gossip.subscribe([], in: host.state))
    }

    @Test func leavingATopicIsHonouredForTenSeconds() {
        let network = GossipNetwork(2, subscribed: chat)
        network.run(.seconds(1))
        let (a, b) = (network.hosts[0], network.hosts[1])
        #expect(a.gossip.mesh(chat) == [b.peer] && b.gossip.mesh(chat) == [a.peer])
        a.gossip.unsubscribe(chat, in: a.state)
        network.settle()
        #expect(b.gossip.mesh(chat).isEmpty && b.gossip.subscribers(chat).isEmpty)
        a.gossip.subscribe(chat, in: a.state)
        network.run(.seconds(9))
        #expect(a.gossip.mesh(chat).isEmpty && b.gossip.mesh(chat).isEmpty, "neither side grafts inside the back-off")
        #expect(a.gossip.peers.first!.behaviour.faults == 0 && b.gossip.peers.first!.behaviour.faults == 0)
        network.run(.seconds(5))
        #expect(a.gossip.mesh(chat) == [b.peer] && b.gossip.mesh(chat) == [a.peer])
    }

    @Test func whatNeighboursSayOfTopicsIsToldOnce() {
        let network = GossipNetwork(2)
        let (a, b) = (network.hosts[0], network.hosts[1])
        for _ in 0..<2 { a.gossip.subscribe(chat, in: a.state) }
        network.settle()
        // Of a topic that is not ours, too.
        #expect(b.subscriptionChanges.map { $0.isSubscribed } == [true] && b.gossip.subscribers(chat) == [a.peer])
        for _ in 0..<2 { a.gossip.unsubscribe(chat, in: a.state) }
        network.settle()
        #expect(b.subscriptionChanges.map { $0.isSubscribed } == [true, false])
        #expect(b.subscriptionChanges.allSatisfy { $0.peer == a.peer && $0.topicUTF8 == chat } && a.subscriptionChanges.isEmpty)
    }

    @Test func crowdedMeshesArePrunedAndKeepThoseWeDialled() {
        var hub = GossipSubConfiguration()
        hub.parameters.meshHigh = 8
        let network = GossipNetwork([GossipHost(0, hub)] + (1...20).map { GossipHost($0) })
        for host in network.hosts { host.gossip.subscribe(chat, in: host.state) }
        for index in 1...20 { network.connect(index > 18 ? 0 : index, index > 18 ? index : 0) }
        network.run(.seconds(5))
        let mesh = network.hosts[0].gossip.mesh(chat)
        #expect(mesh.count <= 8)
        for index in 19...20 { #expect(mesh.contains(network.hosts[index].peer)) }
        network.hosts[3].gossip.publish(request: 1, topic: chat, data: [1], in: network.hosts[3].state)
        network.settle()
        for host in network.hosts where host.index != 3 && mesh.contains(host.peer) { #expect(host.messages.count == 1) }
    }

    @Test func anIdleNodeSetsNoTimer() {
        let network = GossipNetwork(2)
        network.run(.seconds(10))
        #expect(network.hosts[0].nextDeadline == .distantFuture)
        let host = network.hosts[0]
        host.gossip.subscribe(chat, in: host.state)
        network.run(.seconds(1))
        #expect(host.nextDeadline < .distantFuture)
        host.gossip.unsubscribe(chat, in: host.state)
        network.run(.seconds(30))
        #expect(host.nextDeadline == .distantFuture && host.gossip.topics.isEmpty)
    }

    @Test func nothingStaysOfPeersThatLeft() {
        let network = GossipNetwork(5, subscribed: chat)
        network.run(.seconds(2))
        for index in 1..<5 { network.disconnect(0, index) }
        let gossip = network.hosts[0].gossip
        #expect(gossip.peers.isEmpty && gossip.peersByID.isEmpty && gossip.peersByStream.isEmpty)
        #expect(gossip.mesh(chat).isEmpty && gossip.topics[0].subscribers.isEmpty && gossip.heldBytes == 0)
    }

    @Test func unsignedMeshesHaveNoAuthors() throws {
        var configuration = GossipSubConfiguration()
        configuration.signed = false
        let network = GossipNetwork(3, configuration, subscribed: chat)
        network.run(.seconds(1))
        let first = network.hosts[0]
        first.gossip.publish(request: 1, topic: chat, data: [1], in: first.state)
        first.gossip.publish(request: 2, topic: chat, data: [1], in: first.state)
        network.settle()
        let got = network.hosts[1].messages
        #expect(got.count == 1, "the same data is the same message")
        #expect(got.first?.author == nil && got.first?.sequenceNumber == [])
    }
}

@Suite struct GossipStreamTests {
    @Test func gossipKeepsOffLimitedConnectionsUnlessAllowed() {
        let limit = CircuitLimit(bytes: 1000, seconds: 60)
        let strict = GossipHost(0)
        strict.addLink(to: GossipHost.key(1).publicKey, relayed: true, limit: limit)
        #expect(strict.drain().isEmpty && strict.gossip.peers.isEmpty)
        #expect(strict.gossip.served.allSatisfy { !$0.allowsLimited })
        var configuration = GossipSubConfiguration()
        configuration.allowsLimited = true
        let open = GossipHost(0, configuration)
        open.addLink(to: GossipHost.key(1).publicKey, relayed: true, limit: limit)
        #expect(open.gossip.peers.count == 1)
        let unlimited = GossipHost(0)
        unlimited.addLink(to: GossipHost.key(1).publicKey, relayed: true)
        #expect(unlimited.gossip.peers.count == 1)
    }

    @Test func noStreamToAPeerThatDoesNotSpeakIt() {
        let host = GossipHost(0)
        host.addLink(to: GossipHost.key(1).publicKey, protocols: [[UInt8]("/ipfs/ping/1.0.0".utf8)])
        #expect(host.drain().isEmpty)
    }

    @Test func theStreamMovesToADirectConnection() {
        let network = GossipNetwork(2, subscribed: chat, connected: false)
        network.connect(0, 1, relayed: true)
        network.run(.seconds(1))
        let first = network.hosts[0].opened
        network.connect(0, 1)
        network.run(.seconds(1))
        for host in network.hosts {
            #expect(host.opened.count == 2 && host.opened[0].link != host.opened[1].link)
            #expect(host.gossip.peers.count == 1 && host.gossip.peers.first!.outbound == host.opened[1])
            #expect(host.gossip.mesh(chat).count == 1)
        }
        #expect(network.hosts[0].finishedStreams.contains(first[0]))
        network.hosts[0].gossip.publish(request: 1, topic: chat, data: [1], in: network.hosts[0].state)
        network.settle()
        #expect(network.hosts[1].messages.count == 1)
    }

    @Test func aNewerInboundStreamReplacesTheOlder() {
        let host = GossipHost(0)
        let link = host.addLink(to: GossipHost.key(1).publicKey)
        let (old, new) = (StreamKey(link: link, stream: 1), StreamKey(link: link, stream: 3))
        host.gossip.streamOpened(old, protocolID: GossipSub.protocolIDs[0], in: host.state)
        host.gossip.received([100, 1, 2], on: old, in: host.state)
        #expect(host.gossip.heldBytes == 3)
        host.gossip.streamOpened(new, protocolID: GossipSub.protocolIDs[0], in: host.state)
        #expect(host.outputs.contains(.link(link, .reset(stream: 1))))
        #expect(host.gossip.heldBytes == 0)
        host.gossip.received(GossipCodec.subscriptions([chat], subscribe: true), on: old, in: host.state)
        #expect(host.gossip.subscribers(chat).isEmpty, "the old one is not listened to")
        host.gossip.received(GossipCodec.subscriptions([chat], subscribe: true), on: new, in: host.state)
        #expect(host.gossip.subscribers(chat).count == 1)
    }

    @Test func aLostStreamIsOpenedAgainLater() {
        let host = GossipHost(0)
        host.gossip.subscribe(chat, in: host.state)
        host.addLink(to: GossipHost.key(1).publicKey)
        let stream = host.gossip.peers.first!.outbound
        host.gossip.closed(stream!, error: .reset(code: 0), in: host.state)
        #expect(host.gossip.peers.first!.outbound == nil)
        for tenth in 1...30 {
            host.state.now = Instant(nanoseconds: UInt64(tenth) * 100_000_000)
            host.advance()
        }
        #expect(host.gossip.peers.first!.outbound != nil)
    }

    @Test func rpcsArriveInPieces() {
        let network = GossipNetwork(2, subscribed: chat)
        network.run(.seconds(1))
        let (a, b) = (network.hosts[0], network.hosts[1])
        _ = try? a.gossip.publish([UInt8](repeating: 5, count: 3000), on: chat, in: a.state)
        _ = try? a.gossip.publish([6], on: chat, in: a.state)
        var bytes: [UInt8] = []
        for case .link(_, .send(_, let frame, _)) in a.drain() { bytes += frame }
        let stream = b.gossip.peers.first!.inbound!.stream
        for start in stride(from: 0, to: bytes.count, by: 7) {
            b.gossip.received([UInt8](bytes[start..<min(start + 7, bytes.count)]), on: stream, in: b.state)
        }
        network.settle()
        #expect(b.messages.map { $0.data.count } == [3000, 1])
        #expect(b.gossip.heldBytes == 0)
    }
}
