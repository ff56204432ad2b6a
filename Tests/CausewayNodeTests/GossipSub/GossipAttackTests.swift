import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite struct GossipSubscriptionAttacks {
    @Test func aFrameOfHundredsOfThousandsOfSubscriptions() {
        var configuration = GossipSubConfiguration()
        configuration.limits.message = 4 << 20
        let victim = GossipVictim(configuration)
        var body: [UInt8] = []
        for index in 0..<349_525 {
            let name: [UInt8] = [UInt8(index & 0x7f), UInt8(index >> 7 & 0x7f), UInt8(index >> 14 & 0x7f)]
            body += [0x0a, 0x07, 0x08, 0x01, 0x12, 0x03] + name
        }
        victim.receive(gossipFrame(Array(body.prefix(9 * 349_525))))
        #expect(victim.peer.topicCount <= 1024)
        #expect(victim.host.gossip.topics.count == 1, "nothing is kept of topics that only it names")
        #expect(victim.peer.behaviour.faults >= 10)
        victim.host.gossip.closed(victim.stream, error: .connection(.closed(.application)), in: victim.host.state)
    }

    @Test func anRPCFarOverTheLimitIsRefusedAtItsLength() {
        let victim = GossipVictim()
        var length: [UInt8] = []
        Varint.append(16 << 20 + 1, to: &length)
        victim.receive(length + [UInt8](repeating: 0, count: 1000))
        #expect(victim.wasReset && victim.host.gossip.heldBytes == 0 && victim.peer.inbound == nil)
        #expect(victim.host.gossip.mesh(chat).count == 1, "our own stream stays")
    }

    @Test func lengthsThatAreNone() {
        for bytes: [UInt8] in [
            [UInt8](repeating: 0xff, count: 10), [0x80, 0x00], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ] {
            let victim = GossipVictim()
            victim.receive(bytes)
            #expect(victim.wasReset)
        }
    }

    @Test func longNamesAndManyOfThem() {
        let victim = GossipVictim()
        victim.receive(GossipCodec.subscriptions([[UInt8](repeating: 65, count: 257), []], subscribe: true))
        #expect(victim.peer.topicCount == 1)
        for round in 0..<10 {
            let names = (0..<100).map { [UInt8](repeating: 65, count: 250) + [UInt8(round), UInt8($0)] }
            victim.receive(GossipCodec.subscriptions(names, subscribe: true))
        }
        #expect(victim.peer.topicCount <= (64 << 10) / 252 + 1)
        #expect(!victim.host.gossip.isIgnored(victim.peer), "many topics are no attack")
        #expect(victim.told.count == victim.peer.topicCount - 1, "only what is kept is told")
        victim.receive(GossipCodec.subscriptions([[UInt8](repeating: 65, count: 250) + [0, 0]], subscribe: false))
    }

    @Test func subscribingAgainAndAgainIsNotAnsweredWithoutEnd() throws {
        let victim = GossipVictim()
        for index in 0..<3000 { _ = try victim.host.gossip.publish([UInt8(index & 255)], on: chat, in: victim.host.state) }
        _ = victim.frames()
        for _ in 0..<5000 {
            victim.receive(GossipCodec.subscriptions([chat], subscribe: false))
            victim.receive(GossipCodec.subscriptions([chat], subscribe: true))
        }
        let sent = victim.frames()
        #expect(sent.count < 1100 && sent.reduce(0) { $0 + $1.count } < 400_000)
        #expect(victim.host.gossip.isIgnored(victim.peer))
    }

    @Test func garbage() {
        for bytes: [UInt8] in [
            [3, 0x0a, 5, 0], [2, 0x0b, 0], [4, 0x12, 2, 0x0a, 9], [4, 0x12, 2, 0x08, 1], [4, 0x1a, 2, 0x0a, 7], [1, 0x00],
            [4, 0x0a, 2, 0x0a, 0],
        ] {
            let victim = GossipVictim()
            victim.receive(bytes)
            #expect(victim.wasReset, "\(bytes)")
            #expect(victim.host.gossip.mesh(chat).count == 1)
        }
        var random = RandomSource(seed: 7)
        for _ in 0..<2000 {
            let victim = GossipVictim()
            let content = random.bytes(random.below(60))
            victim.receive(gossipFrame(content))
            victim.receive(gossipRPC(UInt32(1 + random.below(3)), content))
        }
    }

    @Test func unfinishedRPCsOfManyPeersAreBounded() {
        var configuration = GossipSubConfiguration()
        configuration.limits.heldBytes = 100_000
        let victim = GossipVictim(configuration)
        for index in 2..<20 {
            let link = victim.host.addLink(to: GossipHost.key(index).publicKey)
            let stream = StreamKey(link: link, stream: 1)
            victim.host.gossip.streamOpened(stream, protocolID: GossipSub.protocolIDs[0], in: victim.host.state)
            for _ in 0..<20 {
                victim.host.gossip.received([0xff, 0xff, 0x3f] + [UInt8](repeating: 1, count: 997), on: stream, in: victim.host.state)
            }
            #expect(victim.host.gossip.heldBytes <= 100_000)
        }
        for peer in victim.host.gossip.peers {
            if let stream = peer.inbound?.stream { victim.host.gossip.closed(stream, error: nil, in: victim.host.state) }
        }
        #expect(victim.host.gossip.heldBytes == 0)
    }
}

@Suite struct GossipMeshAttacks {
    @Test func graftsOfNovelTopicsLeaveNothing() {
        let victim = GossipVictim()
        for index in 0..<5000 { victim.receive(GossipCodec.graft([UInt8]("topic \(index)".utf8))) }
        for index in 0..<100 { victim.receive(GossipCodec.prune([UInt8]("topic \(index)".utf8), backoffSeconds: 60)) }
        #expect(victim.host.gossip.topics.count == 1 && victim.frames().isEmpty)
    }

    @Test func whoDoesNotSubscribeIsNotTakenIntoTheMesh() {
        let victim = GossipVictim(subscribes: false)
        victim.receive(GossipCodec.graft(chat))
        #expect(victim.host.gossip.mesh(chat).isEmpty)
        #expect(victim.frames() == [GossipCodec.prune(chat, backoffSeconds: 10)])
        victim.pass(.seconds(12))
        victim.receive(GossipCodec.subscriptions([chat], subscribe: true))
        #expect(victim.host.gossip.mesh(chat).count == 1)
    }

    @Test func backoffsWithoutEndEndAfterAnHour() {
        for seconds in [UInt64.max, UInt64.max / 1_000_000_000, 1 << 63, 86_400] {
            let victim = GossipVictim()
            victim.receive(GossipCodec.prune(chat, backoffSeconds: seconds))
            #expect(victim.host.gossip.mesh(chat).isEmpty)
            #expect(victim.host.gossip.topics[0].backoff(of: victim.peer.peer) == victim.host.state.now + .seconds(3600))
            victim.pass(.seconds(3599))
            #expect(victim.host.gossip.mesh(chat).isEmpty)
            victim.pass(.seconds(4))
            #expect(victim.host.gossip.mesh(chat).count == 1)
        }
    }

    @Test func timeNearItsEndDoesNotTrap() {
        let victim = GossipVictim()
        victim.host.state.now = Instant(nanoseconds: .max - 10)
        victim.receive(GossipCodec.prune(chat, backoffSeconds: .max))
        victim.host.advance()
        victim.receive(signedMessage())
        #expect(victim.host.gossip.nextDeadline == .distantFuture)
    }

    @Test func pruneWithoutBackoffMeansAMinute() {
        let victim = GossipVictim()
        victim.receive(GossipCodec.prune(chat, backoffSeconds: 0))
        victim.pass(.seconds(59))
        #expect(victim.host.gossip.mesh(chat).isEmpty)
    }

    @Test func graftingDuringTheBackoffIsRefusedAndCounted() {
        let victim = GossipVictim()
        victim.receive(GossipCodec.prune(chat, backoffSeconds: 30))
        for _ in 0..<200 { victim.receive(GossipCodec.graft(chat)) }
        #expect(victim.host.gossip.mesh(chat).isEmpty)
        #expect(victim.host.gossip.isIgnored(victim.peer))
        #expect(victim.frames().count <= 101)
    }

    @Test func backoffsOutliveTheConnection() {
        let victim = GossipVictim()
        victim.receive(GossipCodec.prune(chat, backoffSeconds: 60))
        let state = victim.host.state
        victim.host.gossip.closed(victim.peer.outbound!, error: .connection(.closed(.application)), in: state)
        victim.host.gossip.closed(victim.stream, error: .connection(.closed(.application)), in: state)
        victim.host.gossip.linkClosed(state.connections.remove(victim.link)!, in: state)
        #expect(victim.host.gossip.peers.isEmpty)
        let link = victim.host.addLink(to: GossipHost.key(1).publicKey)
        let stream = StreamKey(link: link, stream: 1)
        victim.host.gossip.streamOpened(stream, protocolID: GossipSub.protocolIDs[0], in: state)
        victim.host.gossip.received(GossipCodec.subscriptions([chat], subscribe: true), on: stream, in: state)
        #expect(victim.host.gossip.mesh(chat).isEmpty)
    }

    @Test func peerExchangeIsReadAndNotUsed() {
        let victim = GossipVictim()
        var info = ProtobufWriter()
        info.content(1, GossipHost.key(9).publicKey.peerID.bytes)
        info.content(2, [UInt8](repeating: 1, count: 5000))
        var prune = ProtobufWriter()
        prune.content(1, chat)
        for _ in 0..<100 { prune.content(2, info.bytes) }
        var control = ProtobufWriter()
        control.content(4, prune.bytes)
        victim.receive(gossipRPC(3, control.bytes))
        #expect(victim.host.gossip.mesh(chat).isEmpty && victim.host.gossip.peers.count == 1 && victim.host.drain().isEmpty)
    }

    @Test func aFullMeshTurnsStrangersAway() {
        let victim = GossipVictim()
        for index in 2...30 {
            let peer = victim.addNeighbour(index)
            victim.host.gossip.received(GossipCodec.graft(chat), on: peer.inbound!.stream, in: victim.host.state)
        }
        #expect(victim.host.gossip.mesh(chat).count == 12)
    }
}

@Suite struct GossipIDAttacks {
    private func ids(_ count: Int, from start: Int = 0) -> [[UInt8]] {
        let author = GossipHost.key(5).publicKey.peerID.bytes
        var ids: [[UInt8]] = []
        for number in start..<start + count {
            var sequence: [UInt8] = []
            for shift in 0..<8 { sequence.append(UInt8(truncatingIfNeeded: number >> (56 - 8 * shift))) }
            ids.append(author + sequence)
        }
        return ids
    }

    @Test func announcementsAreAskedForWithinLimits() {
        let victim = GossipVictim()
        for round in 0..<50 { victim.receive(GossipCodec.have(chat, ids: ids(1000, from: round * 1000))) }
        let asked = victim.frames()
        #expect(asked == (0..<5).map { GossipCodec.want(ids(1000, from: $0 * 1000)) })
        victim.pass(.seconds(2))
        for round in 0..<20 { victim.receive(GossipCodec.have(chat, ids: ids(1, from: round))) }
        #expect(victim.frames().count == 10, "ten announcements between two heartbeats")
        victim.receive(GossipCodec.have([1, 2], ids: ids(10)))
        #expect(victim.frames().isEmpty, "of topics that we are in")
    }

    @Test func manyAnnouncementsInOneRPCCountAsOneEach() {
        let victim = GossipVictim()
        var control = ProtobufWriter()
        for _ in 0..<100_000 { control.content(1, [0x0a, 0x04] + chat) }
        victim.receive(gossipRPC(3, control.bytes))
        #expect(victim.peer.behaviour.faults >= 10, "over the entries of one RPC")
    }

    @Test func oneMessageIsSentAgainThreeTimes() throws {
        let victim = GossipVictim()
        _ = try victim.host.gossip.publish([1], on: chat, in: victim.host.state)
        let id = victim.host.gossip.cache.recent(chat, windows: 1, limit: 1)[0].id
        _ = victim.frames()
        for _ in 0..<10 { victim.receive(GossipCodec.want([UInt8](repeating: 0, count: 100).map { _ in id })) }
        #expect(victim.frames().count == 3)
        victim.receive(GossipCodec.want([id] + ids(20_000)))
        #expect(victim.frames().isEmpty)
    }

    @Test func unknownKindsOfControlAreSkipped() {
        let victim = GossipVictim()
        var unknown = ProtobufWriter()
        for id in ids(5000) { unknown.content(1, id) }
        var control = ProtobufWriter()
        control.content(7, unknown.bytes)
        control.content(6, [1, 2, 3])
        victim.receive(gossipRPC(3, control.bytes))
        victim.receive(gossipRPC(10, [1, 2, 3]))
        #expect(victim.host.drain().isEmpty && !victim.wasReset && victim.peer.behaviour.faults == 0)
    }
}

@Suite struct GossipMessageAttacks {
    @Test func onlyRightlySignedMessagesPass() {
        let victim = GossipVictim()
        let neighbour = victim.addNeighbour(2)
        var tampered = signedMessage(data: [1, 2, 3, 4])
        tampered[tampered.count - 100] ^= 1
        let bad: [[UInt8]] = [
            tampered,
            signedMessage(signature: [UInt8](repeating: 0, count: 64)),
            signedMessage(signature: []),
            signedMessage(signature: [1]),
            signedMessage(author: 1, from: GossipHost.key(3).publicKey.peerID.bytes),
            signedMessage(author: 1, from: GossipHost.key(3).publicKey.peerID.bytes, key: GossipHost.key(1).publicKey.protobuf),
            signedMessage(key: GossipHost.key(3).publicKey.protobuf),
            signedMessage(key: [1, 2, 3]),
            signedMessage(from: [0x12, 0x20] + [UInt8](repeating: 1, count: 32)),
            signedMessage(from: [1, 2, 3]),
            signedMessage(sequence: []),
            signedMessage(sequence: [1, 2, 3]),
        ]
        for frame in bad {
            victim.receive(frame)
            victim.pass(.seconds(30))
        }
        #expect(victim.host.messages.isEmpty && victim.host.gossip.seen.count == 0 && victim.host.gossip.cache.isEmpty)
        _ = victim.host.drain()
        let good = signedMessage(key: GossipHost.key(1).publicKey.protobuf)
        victim.receive(good)
        let outputs = victim.host.drain()
        #expect(outputs.contains(.link(neighbour.outbound!.link, .send(stream: neighbour.outbound!.stream, good, droppable: true))))
        #expect(outputs.contains { if case .event(.message) = $0 { true } else { false } })
    }

    @Test func aBadCopyDoesNotKeepTheGoodOneOut() {
        let victim = GossipVictim()
        victim.receive(signedMessage(data: [1], signature: [UInt8](repeating: 0, count: 64)))
        victim.receive(signedMessage(data: [1]))
        victim.receive(signedMessage(data: [1]))
        #expect(victim.host.drain().filter { if case .event(.message) = $0 { true } else { false } }.count == 1)
    }

    @Test func whoFloodsWithBadMessagesIsIgnoredForAWhile() {
        let victim = GossipVictim()
        let neighbour = victim.addNeighbour(2)
        for index in 0..<100 {
            victim.receive(signedMessage(sequence: [0, 0, 0, 0, 0, 0, 1, UInt8(index)], signature: [UInt8](repeating: 0, count: 64)))
        }
        #expect(victim.host.gossip.isIgnored(victim.peer))
        victim.receive(signedMessage())
        #expect(!victim.host.drain().contains { if case .event(.message) = $0 { true } else { false } })
        victim.pass(.seconds(1))
        #expect(victim.host.gossip.mesh(chat) == [neighbour.peer], "it leaves the mesh, its neighbour stays")
        victim.host.gossip.received(signedMessage(author: 2), on: neighbour.inbound!.stream, in: victim.host.state)
        #expect(victim.host.drain().contains { if case .event(.message) = $0 { true } else { false } })
        victim.pass(.seconds(120))
        victim.receive(signedMessage())
        #expect(victim.host.drain().contains { if case .event(.message) = $0 { true } else { false } })
    }

    @Test func ourOwnMessagesAreNotOthers() {
        let victim = GossipVictim()
        victim.receive(signedMessage(author: 0))
        #expect(victim.host.drain().isEmpty)
    }

    @Test func messagesOfOtherTopicsAreNotLookedAt() {
        let victim = GossipVictim()
        victim.receive(signedMessage(topic: [UInt8]("other".utf8)))
        victim.receive(gossipRPC(2, [0x0a, 0x01, 0x01]))
        #expect(victim.host.drain().isEmpty && victim.host.gossip.seen.count == 0)
    }

    @Test func signedMessagesInAnUnsignedMeshAreRefused() {
        var configuration = GossipSubConfiguration()
        configuration.signed = false
        let victim = GossipVictim(configuration)
        victim.receive(signedMessage())
        #expect(victim.host.drain().isEmpty && victim.peer.behaviour.faults == 10)
        let bare = MessageCodec.frame(
            signed: MessageCodec.signedBytes(from: [], data: [1], sequence: [], topic: chat), signature: [], key: [])
        victim.receive(bare)
        #expect(victim.host.drain().count == 1)
        // Fields have to be absent, not just empty (pubsub/README.md, "StrictNoSign"): author, sequence number, signature and key.
        for field: UInt8 in [1, 3, 5, 6] {
            let faults = victim.peer.behaviour.faults
            victim.receive(gossipRPC(2, gossipContent(of: bare) + [0x12, 0x01, field, field << 3 | 2, 0x00]))
            #expect(victim.delivered().isEmpty && victim.peer.behaviour.faults == faults + 10, "field \(field)")
        }
    }

    @Test func fieldsBesideTheSignedOnesGoNoFurther() throws {
        let victim = GossipVictim()
        let neighbour = victim.addNeighbour(2)
        let frame = signedMessage()
        victim.receive(gossipRPC(2, gossipContent(of: frame) + [0x7a, 0x03, 1, 2, 3]))
        #expect(
            victim.host.drain().contains(.link(neighbour.outbound!.link, .send(stream: neighbour.outbound!.stream, frame, droppable: true)))
        )
    }

    @Test func cachesAreBoundedAndForget() {
        let seen = SeenCache(lifetime: .seconds(120), limit: 100)
        for index in 0..<1000 { seen.insert([UInt8(index & 255), UInt8(index >> 8)], now: Instant(nanoseconds: 0)) }
        #expect(seen.count == 100 && seen.contains([231, 3]) && !seen.contains([0, 0]))
        seen.forget(now: Instant(nanoseconds: 0) + .seconds(120))
        #expect(seen.count == 0 && !seen.contains([231, 3]))

        let cache = MessageCache(history: 5, limit: 10_000)
        for index in 0..<100 {
            cache.insert(CachedMessage(id: [UInt8(index)], key: [], topic: chat, frame: [UInt8](repeating: 0, count: 1000)))
            if index % 30 == 0 { cache.shift() }
        }
        #expect(cache.count == 10 && cache.bytes == 10_000 && cache[[99]] != nil && cache[[89]] == nil)
        #expect(cache.recent(chat, windows: 3, limit: 4).map { $0.id } == [[99], [98], [97], [96]])
        for _ in 0..<5 { cache.shift() }
        #expect(cache.isEmpty && cache.bytes == 0)
    }
}
