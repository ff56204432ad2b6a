import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite struct GossipReplayTests {
    /// Of the clock, so many seconds after the beginning of the test.
    private func clock(_ seconds: Int) -> [UInt8] { bytes(1_800_000_000_000_000_000 + UInt64(seconds) * 1_000_000_000) }

    private func bytes(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }

    private func victim(refusesReplays: Bool) -> GossipVictim {
        let victim = GossipVictim()
        victim.host.gossip.subscribe(chat, refusesReplays: refusesReplays, in: victim.host.state)
        return victim
    }

    @Test func aMessageIsNotTakenAgainWithinAnHour() {
        for refusesReplays in [true, false] {
            let victim = victim(refusesReplays: refusesReplays)
            let first = signedMessage(author: 2, sequence: clock(0), data: [1])
            let second = signedMessage(author: 2, sequence: clock(1), data: [2])
            victim.receive(first)
            victim.receive(second)
            #expect(victim.delivered() == [[1], [2]])
            for _ in 0..<29 {
                victim.pass(.seconds(121))
                victim.receive(second)
                victim.receive(first)
                #expect(victim.delivered().count == (refusesReplays ? 0 : 2))
                #expect(victim.peer.behaviour.faults == 0)
            }
        }
    }

    /// As long as the author speaks, its old messages stay old, after hours too.
    @Test func theLastNumberSaysItOfAllBefore() {
        let victim = victim(refusesReplays: true)
        let first = signedMessage(author: 2, sequence: clock(0), data: [1])
        victim.receive(first)
        for minute in 1..<180 {
            victim.pass(.seconds(60))
            victim.receive(signedMessage(author: 2, sequence: clock(60 * minute), data: [2]))
            if minute % 10 == 0 { victim.receive(first) }
        }
        #expect(victim.delivered() == [[1]] + [[UInt8]](repeating: [2], count: 179))
        #expect(victim.host.gossip.replays.count <= 2)
    }

    /// js-libp2p's numbers were random until 2026.
    @Test func nothingIsLostOfAuthorsWithRandomNumbers() {
        let victim = victim(refusesReplays: true)
        var random = RandomSource(seed: 5)
        var frames = (0..<300).map { signedMessage(author: 3, sequence: random.bytes(8), data: [UInt8($0 & 0xff)]) }
        // Also such as may be a clock's, in the wrong order.
        frames.append(signedMessage(author: 3, sequence: clock(5), data: [1]))
        frames.append(signedMessage(author: 3, sequence: clock(4), data: [2]))
        for frame in frames { victim.receive(frame) }
        #expect(victim.delivered().count == 302)
        victim.pass(.seconds(1800))
        for frame in frames { victim.receive(frame) }
        #expect(victim.delivered().isEmpty)
    }

    @Test func othersAndOtherTopicsAreNotTouched() {
        let victim = victim(refusesReplays: true)
        victim.host.gossip.subscribe([9], refusesReplays: true, in: victim.host.state)
        _ = victim.host.drain()
        victim.receive(signedMessage(author: 2, sequence: clock(10)))
        victim.receive(signedMessage(author: 3, sequence: clock(5)))
        victim.receive(signedMessage(author: 2, sequence: clock(5), topic: [9]))
        #expect(victim.delivered().count == 3)
        victim.host.gossip.unsubscribe(chat, in: victim.host.state)
        victim.host.gossip.subscribe(chat, in: victim.host.state)
        victim.pass(.seconds(121))
        _ = victim.host.drain()
        victim.receive(signedMessage(author: 2, sequence: clock(10)))
        #expect(victim.delivered().count == 1, "asked for once, not for ever")
    }

    @Test func theTableIsBounded() {
        var configuration = GossipSubConfiguration()
        configuration.limits.sequenceNumbers = 100
        let victim = GossipVictim(configuration)
        victim.host.gossip.subscribe(chat, refusesReplays: true, in: victim.host.state)
        for index in 0..<300 { victim.receive(signedMessage(author: index + 2, sequence: clock(index))) }
        for index in 0..<300 { victim.receive(signedMessage(author: 2, sequence: bytes(UInt64(index)))) }
        #expect(victim.host.gossip.replays.count <= 100)
        #expect(victim.delivered().count == 600)
    }

    @Test func announcementsAreNotTakenAgain() throws {
        let topic = DiscoveryTopic(name: [UInt8]("meet".utf8), form: .json)
        let host = GossipHost(0, discovery: [topic])
        host.advance()
        let link = host.addLink(to: GossipHost.key(1).publicKey)
        let stream = StreamKey(link: link, stream: 1)
        host.gossip.streamOpened(stream, protocolID: GossipSub.protocolIDs[0], in: host.state)
        let author = GossipHost.key(2)
        let announcement = Announcement.json(author.publicKey.peerID, [try Multiaddr("/ip4/192.0.2.7/tcp/1")])
        let frame = signedMessage(author: 2, sequence: clock(0), data: announcement, topic: topic.name)
        func heard() -> Int {
            host.gossip.received(frame, on: stream, in: host.state)
            return host.drain().filter { if case .event(.happened(.discovered)) = $0 { true } else { false } }.count
        }
        #expect(heard() == 1)
        host.state.now = host.state.now + .seconds(600)
        host.advance()
        host.gossip.seen.forget(now: host.state.now)
        #expect(heard() == 0)
    }
}
