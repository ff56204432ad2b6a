import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("Order and pace of checks") struct ICEPacingTests {
    /// One new check in each Ta, the best pair first, and none sent again before its time (RFC 8445, section 14).
    @Test func checksArePaced() throws {
        let network = ICETestNetwork(seed: 1)
        let peer = ICETestPeer(.controlling, [([198, 51, 100, 1], nil)], in: network, servers: [])
        peer.agent.setRemote(ICECredentials(secret: [1]), now: network.now)
        for number in 0..<30 {
            peer.agent.add(
                ICECandidate(
                    foundation: [UInt8](utf8: "1"), priority: UInt32(number + 1), address: .endpoint(AgentBench.remote(number)), kind: .host
                ))
        }
        network.run(seconds: 30)
        var first: [(remote: Endpoint, at: Instant)] = []
        for check in peer.sentChecks where !first.contains(where: { $0.remote == check.path.remote }) {
            first.append((check.path.remote, check.at))
        }
        #expect(first.map(\.remote) == (0..<30).reversed().map { AgentBench.remote($0) })
        for (one, next) in zip(first, first.dropFirst()) { #expect(next.at - one.at == .milliseconds(50)) }
        // The more are underway, the later they are sent again.
        let again = peer.sentChecks.filter { $0.path.remote == first[0].remote }.map { ($0.at - first[0].at).milliseconds }
        #expect(again == [0, 1500, 4500, 10_500, 22_500])
    }

    @Test func ipv6AndIPv4TakeTurns() {
        let six = (1...3).map { Endpoint(ip: [0x20, 1] + [UInt8](repeating: UInt8($0), count: 14), port: 1)! }
        let four = (1...3).map { Endpoint(ip: [198, 51, 100, UInt8($0)], port: 1)! }
        let bases = (four + six).enumerated().map { LocalBase(socket: UInt32($0), endpoint: $1) }
        let candidates = LocalCandidates(bases, limits: ICELimits()).all.sorted { $0.priority > $1.priority }
        #expect(candidates.map(\.address) == (0..<3).flatMap { [.endpoint(six[$0]), .endpoint(four[$0])] })
        #expect(Set(candidates.map(\.priority)).count == 6 && Set(candidates.map(\.foundation)).count == 6)
    }

    /// RFC 8445, sections 5.1.2.1 and 6.1.2.3.
    @Test func prioritiesAreThoseOfTheStandard() {
        #expect(ICECandidate.Kind.host.priority(65535) == 126 << 24 | 65535 << 8 | 255)
        let base = LocalBase(socket: 1, endpoint: AgentBench.ours)
        let pair = CandidatePair(base, AgentBench.remote(1), localPriority: 5, remotePriority: 3, remoteKind: .host)
        #expect(pair.priority(.controlling) == 3 << 32 + 10 + 1 && pair.priority(.controlled) == 3 << 32 + 10)
        let largest = CandidatePair(base, AgentBench.remote(1), localPriority: UInt32(Int32.max), remotePriority: .max, remoteKind: .host)
        #expect(largest.priority(.controlling) == UInt64(Int32.max) << 32 + UInt64(Int32.max) * 2, "what a remote names is no larger")
    }

    /// The remote's check makes ours come at once, and one of ours that is underway is not waited for.
    @Test func aCheckTriggersOne() {
        let bench = AgentBench(.controlled)
        for number in 0..<5 { bench.name(AgentBench.remote(number), priority: UInt32(100 - number)) }
        let first = bench.poll().sent
        #expect(first.map(\.path.remote) == [AgentBench.remote(0)])
        bench.check(from: AgentBench.remote(4))
        bench.check(from: AgentBench.remote(0))
        let next = bench.wait(0.1) { _ in false }
        #expect(next.map(\.path.remote) == [AgentBench.remote(4), AgentBench.remote(0)])
        // The answer to the first check counts all the same.
        bench.answer(first[0])
        #expect(bench.path == AgentBench.remote(0))
    }

    /// Checks that arrive before the answer wait for it, and questions to servers do not wait for them.
    @Test func earlyChecksDelayNoQuestion() throws {
        let network = ICETestNetwork(seed: 3)
        let peer = ICETestPeer(.controlling, (1...3).map { ([198, 51, 100, $0], nil) }, in: network)
        let early = checkDatagram(
            to: peer.agent.local.fragment, from: Array("else".utf8), password: peer.agent.local.password, role: .controlled)
        network.send(early, from: AgentBench.remote(1), behind: nil, to: peer.interfaces[0].base.endpoint)
        network.run(seconds: 0.3)
        #expect(peer.sentChecks.filter { $0.path.remote == stunServer }.map(\.path.socket) == [1, 2, 3])
        #expect(peer.agent.report.remote.map(\.candidate.kind) == [.peerReflexive])
    }

    /// The remote's check arrives before signalling names where it comes from.
    @Test func whatIsNamedLateIsWhatItIsNamed() {
        let bench = AgentBench(.controlled)
        bench.check(from: AgentBench.remote(1))
        #expect(bench.agent.report.remote.map(\.candidate.kind) == [.peerReflexive])
        for _ in 0..<2 { bench.name(AgentBench.remote(1), priority: 5) }
        #expect(bench.agent.report.remote.map(\.candidate.kind) == [.host, .host])
        #expect(bench.agent.report.remote.map(\.verdict) == [.used, .known] && bench.agent.report.pairs.count == 1)
    }

    /// Where there is no server, there is an end of candidates all the same.
    @Test func theEndOfCandidatesIsTold() {
        #expect(AgentBench(.controlling).poll().events.last == .endOfCandidates)
        let network = ICETestNetwork(seed: 2)
        let peer = ICETestPeer(.controlling, [([198, 51, 100, 1], nil)], in: network)
        network.run(seconds: 39)
        #expect(!peer.events.contains(.endOfCandidates), "the server may still answer")
        network.run(seconds: 1)
        #expect(peer.events.last == .endOfCandidates)
    }
}
