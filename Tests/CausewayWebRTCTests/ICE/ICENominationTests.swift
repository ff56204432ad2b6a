import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private let high = AgentBench.remote(1)
private let low = AgentBench.remote(2)

/// A controlled agent with two pairs.
private func controlled() -> AgentBench {
    let bench = AgentBench(.controlled)
    bench.name(high, priority: 2000)
    bench.name(low, priority: 1000)
    return bench
}

@Suite("Nomination") struct ICENominationTests {
    @Test func aControlledAgentWaitsForIt() {
        let bench = controlled()
        bench.wait(5)
        #expect(bench.path == high && !bench.events.contains(.completed))
        bench.check(from: high, nominating: true)
        #expect(bench.events.contains(.completed))
    }

    /// Firefox nominates with every check: of those that work, the best counts, in whichever order they come.
    @Test(arguments: [[0, 1], [1, 0]]) func ofAggressiveOnesTheBestCounts(_ order: [Int]) {
        let bench = controlled()
        for index in order {
            bench.check(from: [high, low][index], nominating: true)
            bench.wait(0.2)
        }
        bench.wait(1)
        #expect(bench.path == high && bench.events.filter { $0 == .completed }.count == 1)
    }

    /// The better pair is nominated and its check is still underway when the other one completes.
    @Test func aBetterOneMayFollowLate() {
        let bench = controlled()
        bench.check(from: high, nominating: true)
        bench.check(from: low, nominating: true)
        bench.wait(0.4) { $0.remote == low }
        #expect(bench.path == low && bench.events.contains(.completed))
        bench.wait(2)
        #expect(bench.path == high)
    }

    /// libwebrtc renominates: the last nomination counts, also of a worse pair.
    @Test func aRenominationIsFollowed() {
        let bench = controlled()
        bench.check(from: high, nominating: true)
        bench.wait(1)
        #expect(bench.path == high)
        for _ in 0..<3 {
            bench.check(from: low, nominating: true)
            bench.wait(1)
        }
        #expect(bench.path == low)
        // And back, to the better one at once.
        bench.check(from: high, nominating: true)
        bench.wait(0.1)
        #expect(bench.path == high)
    }

    /// The remote nominates what it sees; this side has no answer over it.
    @Test func whatDoesNotWorkIsNotUsed() {
        let bench = controlled()
        bench.check(from: high, nominating: true)
        bench.wait(60) { _ in false }
        #expect(bench.path == nil && bench.events.last == .failed(.noAnswer))
    }

    @Test func aControllingAgentTakesTheBest() throws {
        let bench = AgentBench(.controlling)
        bench.name(low, priority: 1000)
        bench.name(high, priority: 2000)
        let sent = bench.wait(2)
        #expect(bench.path == high && bench.events.contains(.completed))
        // One check each, and one that nominates.
        let nominations = try sent.map { try reading($0.bytes) { $0.has(.useCandidate) } }
        #expect(sent.map(\.path.remote) == [high, high] && nominations == [false, true], "the worse pair was not needed any more")
    }

    @Test func aBetterPairIsWaitedForShortly() {
        let bench = AgentBench(.controlling)
        bench.name(low, priority: 1000)
        bench.name(high, priority: 2000)
        bench.wait(0.3) { $0.remote == low }
        #expect(bench.path == low && !bench.events.contains(.completed))
        bench.wait(0.2) { $0.remote == low }
        #expect(bench.path == low && bench.events.contains(.completed))
    }

    /// The best pair stops working between its check and its nomination.
    @Test func anotherPairTakesThePlaceOfOneThatDied() {
        let bench = AgentBench(.controlling)
        bench.name(low, priority: 1000)
        bench.name(high, priority: 2000)
        var highAnswers = 0
        bench.wait(100) { path in
            if path.remote == low { return true }
            highAnswers += 1
            return highAnswers == 1
        }
        #expect(bench.path == low && bench.events.contains(.completed))
    }

    @Test func whoNeverNominatesIsToldSo() {
        let bench = controlled()
        bench.wait(100)
        #expect(bench.events.last == .failed(.notNominated))
    }

    /// An answer that comes from elsewhere proves no path.
    @Test func asymmetricAnswersProveNothing() {
        let bench = AgentBench(.controlling)
        bench.name(high, priority: 1)
        let check = bench.poll().sent[0]
        bench.answer(check, from: low)
        #expect(bench.path == nil && bench.agent.report.pairs[0].state == .failed)
    }

    /// RFC 8445, section 7.3.1.1: who has the larger tie-breaker has its way.
    @Test func conflictsAreDecidedByTheTieBreaker() throws {
        for (role, theirs, expected) in [
            (ICERole.controlling, UInt64.max, ICERole.controlled), (.controlling, 0, .controlling), (.controlled, 0, .controlling),
            (.controlled, .max, .controlled),
        ] {
            let bench = AgentBench(role)
            let outputs = bench.check(from: high, role: role, tieBreaker: theirs)
            #expect(bench.agent.role == expected)
            let answer = try #require(outputs.sent.first)
            try reading(answer.bytes) { #expect(($0.errorCode == .roleConflict) == (expected == role)) }
            #expect(outputs.sent.count == (expected == role ? 1 : 2), "a check that is not refused triggers one")
        }
    }

    @Test func anAgentThatIsRefusedChangesItsRole() throws {
        let bench = AgentBench(.controlling)
        bench.name(high, priority: 1)
        let check = bench.poll().sent[0]
        bench.answer(check, error: .roleConflict)
        #expect(bench.agent.role == .controlled)
        let again = bench.wait(0.1)
        try reading(try #require(again.first).bytes) { #expect($0.has(.iceControlled) && !$0.has(.iceControlling)) }
        #expect(bench.path == high)
    }
}
