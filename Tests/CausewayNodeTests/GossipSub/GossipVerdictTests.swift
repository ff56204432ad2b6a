import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// The application judges a topic's messages.
@Suite struct GossipVerdictTests {
    private func victim(_ configure: (inout GossipLimits) -> Void = { _ in }) -> GossipVictim {
        var configuration = GossipSubConfiguration()
        configure(&configuration.limits)
        let victim = GossipVictim(configuration)
        victim.host.gossip.setJudged(chat, true)
        return victim
    }

    private func number(_ index: Int) -> [UInt8] { [0, 0, 0, 0, 0, 0, UInt8(index >> 8), UInt8(index & 0xff)] }

    /// The numbers of messages that wait since the last look, and nothing may have happened besides.
    private func asked(by victim: GossipVictim) -> [UInt32] {
        victim.host.drain().compactMap {
            switch $0 {
            case .event(.unjudged(let number, _)): return number
            case .event(.message), .link(_, .send): Issue.record("before a verdict: \($0)")
            default: break
            }
            return nil
        }
    }

    @Test func nothingIsDeliveredOrForwardedBeforeItIsAccepted() {
        let victim = victim()
        let other = victim.addNeighbour(10)
        victim.host.gossip.topics[0].addToMesh(other)
        let message = signedMessage(author: 2)
        victim.receive(message)
        let waiting = asked(by: victim)
        #expect(waiting.count == 1)
        // Neither is its id gossiped, nor is it there for those who guess it; and it is asked for or judged no second time.
        let id = GossipHost.key(2).publicKey.peerID.bytes + number(1)
        victim.receive(GossipCodec.want([id]))
        victim.receive(message)
        victim.receive(GossipCodec.have(chat, ids: [id]))
        victim.host.gossip.tell([other], of: victim.host.gossip.topics[0], in: victim.host.state)
        #expect(asked(by: victim).isEmpty)
        victim.host.gossip.judge(waiting[0], .accept, in: victim.host.state)
        let outputs = victim.host.drain()
        #expect(outputs.count { if case .event(.message) = $0 { true } else { false } } == 1)
        #expect(outputs.count { if case .link(_, .send(_, message, _)) = $0 { true } else { false } } == 1)
        #expect(victim.host.gossip.verdicts.accepted == 1 && victim.peer.behaviour.faults == 0)
        // A verdict counts once.
        victim.host.gossip.judge(waiting[0], .reject, in: victim.host.state)
        #expect(victim.host.drain().isEmpty && victim.peer.behaviour.faults == 0)
    }

    @Test func rejectingBlamesTheForwarderAndIgnoringNobody() {
        let victim = victim()
        for (index, verdict) in [MessageVerdict.ignore, .reject].enumerated() {
            victim.receive(signedMessage(author: 2, sequence: number(index)))
            for one in asked(by: victim) { victim.host.gossip.judge(one, verdict, in: victim.host.state) }
            #expect(victim.host.drain().isEmpty)
            #expect(victim.peer.behaviour.faults == 10 * index)
        }
        #expect(victim.host.gossip.verdicts.ignored == 1 && victim.host.gossip.verdicts.rejected == 1)
        for index in 2..<12 {
            victim.receive(signedMessage(author: 2, sequence: number(index)))
            for one in asked(by: victim) { victim.host.gossip.judge(one, .reject, in: victim.host.state) }
        }
        #expect(victim.host.gossip.isIgnored(victim.peer), "as after as many wrong signatures")
        victim.receive(signedMessage(author: 3, sequence: number(50)))
        #expect(asked(by: victim).isEmpty)
    }

    @Test func overdueVerdictsAreIgnoredAndCounted() {
        let victim = victim()
        victim.receive(signedMessage(author: 2))
        let waiting = asked(by: victim)
        victim.pass(.milliseconds(4_900))
        #expect(victim.host.gossip.unjudgedByNumber.count == 1)
        victim.pass(.milliseconds(200))
        let outputs = victim.host.drain()
        #expect(outputs.contains(.event(.overdue(waiting[0]))))
        #expect(!outputs.contains { if case .event(.message) = $0 { true } else { false } })
        #expect(victim.host.gossip.verdicts.overdue == 1 && victim.peer.behaviour.faults == 0 && victim.peer.unjudged == 0)
        #expect(victim.host.gossip.unjudged.isEmpty && victim.host.gossip.unjudgedBytes == 0)
        victim.host.gossip.judge(waiting[0], .accept, in: victim.host.state)
        #expect(victim.host.drain().isEmpty, "too late")
    }

    @Test func verdictsNeverGivenHoldNoMoreThanTheirBounds() {
        let victim = victim {
            $0.unjudged = 20
            $0.unjudgedPerPeer = 8
        }
        for index in 0..<50 { victim.receive(signedMessage(author: 2, sequence: number(index))) }
        #expect(asked(by: victim).count == 8 && victim.host.gossip.verdicts.refused == 42)
        // Others have their turn.
        let other = victim.addNeighbour(10)
        for index in 100..<150 {
            victim.host.gossip.received(signedMessage(author: 3, sequence: number(index)), on: other.inbound!.stream, in: victim.host.state)
        }
        #expect(asked(by: victim).count == 8)
        for neighbour in 11..<20 {
            let one = victim.addNeighbour(neighbour)
            let frame = signedMessage(author: 4, sequence: number(neighbour))
            victim.host.gossip.received(frame, on: one.inbound!.stream, in: victim.host.state)
            victim.host.workOff()
        }
        #expect(victim.host.gossip.unjudgedByNumber.count == 20)
        _ = victim.host.drain()
        // What was refused was not seen: it may come again.
        victim.pass(.seconds(6))
        _ = victim.host.drain()
        victim.receive(signedMessage(author: 2, sequence: number(30)))
        #expect(asked(by: victim).count == 1 && victim.peer.behaviour.faults == 0)
    }

    @Test func largeMessagesThatWaitAreBoundedInBytes() {
        let victim = victim {
            $0.message = 60_000
            $0.unjudgedBytes = 1
        }
        let data = [UInt8](repeating: 1, count: 30_000)
        for index in 0..<4 { victim.receive(signedMessage(author: 2, sequence: number(index), data: data)) }
        #expect(asked(by: victim).count == 2, "one of the full size has room, whatever the limit")
        #expect(victim.host.gossip.unjudgedBytes <= 64_096)
    }

    @Test func aTopicThatWasLeftGetsNothingMore() {
        let victim = victim()
        victim.receive(signedMessage(author: 2))
        let waiting = asked(by: victim)
        victim.host.gossip.unsubscribe(chat, in: victim.host.state)
        _ = victim.host.drain()
        victim.host.gossip.judge(waiting[0], .accept, in: victim.host.state)
        #expect(victim.host.drain().isEmpty)
        victim.host.gossip.setJudged(chat, false)
        victim.pass(.seconds(30))
        #expect(victim.host.gossip.topics.isEmpty, "nothing keeps the topic")
        #expect(!victim.host.gossip.setJudged([], true))
    }

    @Test func ownMessagesAndOtherTopicsAreNotJudged() throws {
        let victim = victim()
        _ = try victim.host.gossip.publish([1], on: chat, in: victim.host.state)
        victim.host.gossip.subscribe([1], in: victim.host.state)
        victim.receive(signedMessage(author: 2, topic: [1]))
        #expect(victim.delivered().count == 1)
    }

    /// A chain: what the middle does not accept does not reach its end.
    @Test func onlyWhatIsAcceptedSpreads() {
        let network = GossipNetwork(3, subscribed: chat, connected: false)
        network.connect(0, 1)
        network.connect(1, 2)
        network.run(.seconds(1))
        let (author, judge, reader) = (network.hosts[0], network.hosts[1], network.hosts[2])
        judge.gossip.setJudged(chat, true)
        for index in 0..<6 {
            author.gossip.publish(request: UInt32(index), topic: chat, data: [UInt8(index)], in: author.state)
            network.settle()
        }
        let verdicts: [MessageVerdict] = [.accept, .reject, .ignore]
        for case .unjudged(let number, let message) in judge.events {
            judge.gossip.judge(number, verdicts[Int(message.data[0]) % 3], in: judge.state)
        }
        network.run(.seconds(10))
        #expect(judge.messages.map(\.data) == [[0], [3]] && reader.messages.map(\.data) == [[0], [3]])
    }
}
