import CausewayIdentity
import Testing

@testable import CausewayWebRTC

/// Two agents that have completed, each behind a NAT.
private func connected(seed: UInt64) -> (ICETestNetwork, ICETestPeer, ICETestPeer, [ICETestNAT]) {
    let network = ICETestNetwork(seed: seed)
    network.addServer(stunServer)
    let nats = (1...2).map { ICETestNAT(ip: [203, 0, 113, $0], maps: .independent, filters: .addressDependent) }
    for nat in nats { network.add(nat) }
    let first = ICETestPeer(.controlling, [([10, 0, 0, 1], nats[0])], in: network)
    let second = ICETestPeer(.controlled, [([10, 0, 0, 2], nats[1])], in: network)
    ICETestPeer.connect(first, second)
    network.run(seconds: 10) { first.isComplete && second.isComplete }
    #expect(first.isComplete && second.isComplete)
    return (network, first, second, nats)
}

@Suite("Consent") struct ICEConsentTests {
    /// RFC 7675, section 5.1: every 4 to 6 s, each a new question.
    @Test func isAskedForAtRandomIntervals() throws {
        let (network, first, _, _) = connected(seed: 1)
        let start = first.sentChecks.count
        network.run(seconds: 600)
        let questions = try first.sentChecks[start...].filter { try reading($0.bytes) { $0.kind == .request } }
        var seen: Set<TransactionID> = []
        for (question, next) in zip(questions, questions.dropFirst()) {
            #expect((Interval.seconds(4) ... .seconds(6)).contains(next.at - question.at))
            try reading(question.bytes) { #expect(seen.insert($0.transaction).inserted) }
        }
        #expect((100...150).contains(questions.count))
        #expect(first.hasFailed == nil && !first.events.contains(.disconnected))
    }

    @Test func isLostAndFound() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let (network, first, second, _) = connected(seed: seed)
            network.run(seconds: 7)
            network.isCut = true
            network.run(seconds: 21) { first.events.last == .disconnected || second.events.last == .disconnected }
            network.isCut = false
            network.run(seconds: 7)
            for peer in [first, second] where peer.events.contains(.disconnected) {
                #expect(peer.events.last == peer.path.map { .path($0) }, "seed \(seed)")
            }
            #expect(first.events.contains(.disconnected) || second.events.contains(.disconnected))
            #expect(first.hasFailed == nil && second.hasFailed == nil && ICETestPeer.canTalk(first, second), "seed \(seed)")
        }
    }

    @Test func endsAfterThirtySeconds() {
        let (network, first, second, _) = connected(seed: 3)
        network.run(seconds: 10)
        network.isCut = true
        network.run(seconds: 23.9)
        #expect(first.hasFailed == nil && second.hasFailed == nil)
        network.run(seconds: 7)
        for peer in [first, second] {
            #expect(peer.hasFailed == .consentExpired && peer.agent.report.failure == .consentExpired)
            #expect(peer.agent.nextDeadline == .distantFuture)
        }
        let sent = network.sent
        network.run(seconds: 60)
        #expect(network.sent == sent, "an agent that has ended is silent")
    }

    /// The machine slept, or its network changed: three seconds are enough then.
    @Test func endsSoonAfterAProbeThatNobodyAnswers() {
        let (network, first, second, _) = connected(seed: 5)
        network.run(seconds: 10)
        network.isCut = true
        first.agent.probe(now: network.now)
        network.run(seconds: 2.9)
        #expect(first.hasFailed == nil)
        network.run(seconds: 0.2)
        #expect(first.hasFailed == .consentExpired && second.hasFailed == nil)
    }

    /// The same before there is consent: a path that is being nominated has no more time than one that stands.
    @Test func anAgentThatIsConnectingEndsSoonAfterAProbeToo() {
        let network = ICETestNetwork(seed: 8)
        let first = ICETestPeer(.controlling, [([10, 0, 0, 1], nil)], in: network)
        let second = ICETestPeer(.controlled, [([10, 0, 0, 2], nil)], in: network)
        ICETestPeer.connect(first, second)
        network.run(seconds: 10) { first.path != nil }
        #expect(!first.isComplete)
        network.isCut = true
        first.agent.probe(now: network.now)
        network.run(seconds: 2.9)
        #expect(first.hasFailed == nil)
        network.run(seconds: 0.2)
        #expect(first.hasFailed != nil)
    }

    @Test func aProbeThatIsAnsweredChangesNothing() throws {
        let (network, first, second, _) = connected(seed: 6)
        network.run(seconds: 10)
        network.isCut = true
        first.agent.probe(now: network.now)
        network.run(seconds: 2)
        network.isCut = false
        network.run(seconds: 60)
        #expect(first.hasFailed == nil && ICETestPeer.canTalk(first, second))
        let start = first.sentChecks.count
        network.run(seconds: 60)
        let questions = try first.sentChecks[start...].filter { try reading($0.bytes) { $0.kind == .request } }
        #expect((10...15).contains(questions.count), "as rarely as before")
    }

    /// Some answers are lost. Nobody notices.
    @Test func survivesLoss() {
        let (network, first, second, _) = connected(seed: 4)
        network.loss = 5
        network.run(seconds: 600)
        #expect(first.hasFailed == nil && second.hasFailed == nil)
    }

    /// The NAT before one of them restarts and gives it a new port: the other follows its checks.
    @Test(arguments: [0, 1]) func followsARemoteWhosePortChanges(_ which: Int) {
        for seed in 1...20 as ClosedRange<UInt64> {
            let (network, first, second, nats) = connected(seed: seed)
            network.run(seconds: 3)
            nats[which].forget()
            network.run(seconds: 29)
            #expect(first.hasFailed == nil && second.hasFailed == nil, "seed \(seed)")
            network.run(seconds: 60)
            #expect(first.hasFailed == nil && second.hasFailed == nil, "seed \(seed)")
            #expect(ICETestPeer.canTalk(first, second), "seed \(seed)")
        }
    }

    /// The path was given up for lost, and the remote is back from another port: that is told once, and counts from then on.
    @Test func aNewPathBeginsAnew() {
        let bench = AgentBench(.controlled)
        let (before, after) = (AgentBench.remote(1), AgentBench.remote(2))
        bench.check(from: before, nominating: true)
        bench.wait(1)
        bench.wait(21) { _ in false }
        #expect(bench.events.last == .disconnected)
        bench.check(from: after)
        bench.wait(10) { $0.remote == after }
        #expect(bench.events.suffix(2) == [.disconnected, .path(ICEPath(socket: 1, remote: after))])
        bench.wait(22) { _ in false }
        #expect(bench.events.last == .disconnected)
    }

    @Test func onlyTheLastQuestionsCount() {
        var source = TransactionSource(.transactions, secret: [1])
        let limits = ICELimits()
        var consent = Consent(at: at(seconds: 1), limits: limits, &source)
        var questions: [TransactionID] = []
        for _ in 0..<Consent.questions + 2 {
            if let question = consent.ask(at: consent.nextAt, &source) { questions.append(question) }
        }
        #expect(questions.count == Consent.questions + 2)
        var results: [Bool] = []
        for question in questions { results.append(consent.answered(question, at: at(seconds: 9))) }
        #expect(results == [false, false] + [Bool](repeating: true, count: Consent.questions))
        #expect(consent.disconnectedAt == at(seconds: 29) && consent.endsAt == at(seconds: 39))
    }
}
