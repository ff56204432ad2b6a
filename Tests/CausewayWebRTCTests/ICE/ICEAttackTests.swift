import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private let remote = AgentBench.remote(1)

/// The remote of a public relay names addresses in this side's own networks.
private func isPublic(_ endpoint: Endpoint) -> Bool { Multiaddr.tcp(ip: endpoint.ip, port: endpoint.port).reach == .public }

@Suite("Hostile ICE remotes") struct ICEAttackTests {
    @Test func thousandsOfCandidatesAreNotTried() throws {
        let limits = ICELimits()
        let bench = AgentBench(.controlling)
        for number in 0..<10_000 { bench.name(AgentBench.remote(number), priority: UInt32(number)) }
        #expect(bench.agent.report.remote.count == limits.remoteCandidates && bench.agent.report.pairs.count == limits.remoteCandidates)
        let sent = bench.wait(1) { _ in false }
        #expect(sent.count <= 21)
        let rest = bench.wait(600) { _ in false }
        #expect(rest.count <= limits.remoteCandidates * limits.retransmission.requests)
        #expect(bench.events.last == .failed(.noAnswer) && bench.agent.nextDeadline == .distantFuture)
        bench.name(remote, priority: 1)
        #expect(bench.poll().sent.isEmpty, "it has ended")
    }

    @Test func pairsAreBounded() {
        var list = CheckList(ICELimits())
        let base = LocalBase(socket: 1, endpoint: AgentBench.ours)
        let limit = ICELimits().pairs
        for number in 0..<limit * 3 {
            let priority = UInt32(number % 7 == 0 ? 1 : number)
            list.insert(
                CandidatePair(base, AgentBench.remote(number), localPriority: 9, remotePriority: priority, remoteKind: .host), .controlling)
            list.pairs.first?.state = .succeeded
            if let last = list.pairs.last { list.trigger(last) }
        }
        let priorities = list.pairs.map { $0.priority(.controlling) }
        #expect(list.pairs.count == limit && priorities == priorities.sorted(by: >))
        #expect(list.triggered.allSatisfy { one in list.pairs.contains { $0 === one } })
    }

    /// Nothing is ever sent to what the policy refuses, or to what is no address of a host.
    @Test func ownNetworksAreNotProbed() {
        let bench = AgentBench(.controlling, mayCheck: isPublic)
        for ip in [[127, 0, 0, 1], [10, 0, 0, 1], [192, 168, 1, 1], [169, 254, 1, 1], [100, 64, 0, 1], [172, 16, 0, 9]] as [[UInt8]] {
            bench.name(Endpoint(ip: ip, port: 80)!, priority: 5)
        }
        for ip in [[0, 0, 0, 0], [224, 0, 0, 1], [255, 255, 255, 255]] as [[UInt8]] { bench.name(Endpoint(ip: ip, port: 80)!, priority: 5) }
        bench.name(Endpoint(ip: [203, 0, 113, 1], port: 0)!, priority: 5)
        bench.name(Endpoint(ip: [0xfe, 0x80] + [UInt8](repeating: 1, count: 14), port: 80)!, priority: 5)
        bench.name(Endpoint(ip: [0x20, 1] + [UInt8](repeating: 1, count: 14), port: 80)!, priority: 5)
        #expect(bench.wait(60).isEmpty)
        let verdicts = bench.agent.report.remote.map(\.verdict)
        #expect(
            verdicts == [RemoteCandidate.Verdict](repeating: .refused, count: 6)
                + [RemoteCandidate.Verdict](repeating: .notAnAddress, count: 4)
                + [.refused, .unreachable])
        #expect(bench.events.last == .failed(.noRemoteCandidate))
    }

    /// An answer that comes twice, with other credentials the second time.
    @Test func aSecondDescriptionChangesNothing() throws {
        let bench = AgentBench(.controlling)
        let other = ICECredentials(secret: [UInt8](repeating: 99, count: 32))
        let known = try #require(bench.agent.remote)
        bench.agent.setRemote(other, isLite: true, now: bench.now)
        bench.agent.setRemote(other, now: bench.now)
        #expect(bench.agent.remote == known && bench.agent.role == .controlling)
    }

    @Test func whatIsNoUDPIsNotTried() {
        let bench = AgentBench(.controlling)
        var other = ICECandidate(foundation: [0x31], priority: 1, address: .endpoint(remote), kind: .host)
        other.transport = .tcp
        bench.agent.add(other)
        other.transport = .udp
        other.component = 2
        bench.agent.add(other)
        other.component = 1
        other.fragment = Array("older".utf8)
        bench.agent.add(other)
        other.fragment = bench.remote.fragment
        bench.agent.add(other)
        bench.agent.add(other)
        #expect(bench.agent.report.remote.map(\.verdict) == [.otherTransport, .otherComponent, .otherSession, .used, .known])
    }

    /// A remote that knows the password sends checks from a thousand ports.
    @Test func sourcesThatShowThemselvesAreBounded() {
        let limits = ICELimits()
        let bench = AgentBench(.controlled, mayCheck: isPublic)
        var answers = 0
        for number in 0..<1000 { answers += bench.check(from: AgentBench.remote(number)).sent.count }
        let report = bench.agent.report
        #expect(report.remote.count == limits.peerReflexiveCandidates && report.pairs.count == limits.peerReflexiveCandidates)
        #expect(answers <= limits.answersAtOnce + 1)
        let sent = bench.wait(600) { _ in false }
        #expect(sent.count <= limits.peerReflexiveCandidates * limits.retransmission.requests)
        #expect(bench.events.last == .failed(.noAnswer))
    }

    /// It claims the opposite role with every check, or answers every check by a conflict.
    @Test func conflictsEnd() {
        let flood = AgentBench(.controlled)
        for step in 0..<1000 { flood.check(from: remote, role: flood.agent.role, tieBreaker: step % 2 == 0 ? .max : 0) }
        flood.wait(200) { _ in false }
        #expect(flood.events.last == .failed(.noAnswer))

        let bench = AgentBench(.controlling)
        bench.name(remote, priority: 1)
        var checks = 0
        for _ in 0..<1000 {
            for check in bench.wait(0.06, answers: { _ in false }) {
                checks += 1
                bench.answer(check, error: .roleConflict)
            }
        }
        #expect(checks <= ICELimits().checksPerPair + 1 && bench.events.last == .failed(.noAnswer))
    }

    /// It nominates two paths in turns, a hundred times a second.
    @Test func nominationsDoNotShakeThePath() {
        let bench = AgentBench(.controlled)
        bench.name(remote, priority: 2)
        bench.name(AgentBench.remote(2), priority: 1)
        for step in 0..<1000 {
            bench.check(from: AgentBench.remote(1 + step % 2), nominating: true)
            bench.wait(0.01)
        }
        let paths = bench.events.filter { if case .path = $0 { true } else { false } }
        #expect(paths.count <= 10)
    }

    /// Whoever does not know the passwords changes nothing, with any one byte of theirs.
    @Test func forgeriesAreIgnored() throws {
        let bench = AgentBench(.controlled)
        bench.name(remote, priority: 1)
        let check = bench.poll().sent[0]
        let transaction = try reading(check.bytes) { $0.transaction }
        let success = written(.success, transaction) { writer in
            writer.append(mappedAddress: AgentBench.ours)
            return writer.finish(password: Array("wrong".utf8))
        }
        let conflict = written(.failure, transaction) { writer in
            writer.append(.roleConflict)
            return writer.finish()
        }
        let request = written(.request) { writer in
            writer.append(username: bench.agent.local.fragment, bench.remote.fragment)
            writer.append(.priority, UInt32(1))
            writer.append(.useCandidate)
            return writer.finish(password: bench.agent.local.password)
        }
        for index in request.indices where index != request.count - 8 && index != request.count - 7 {
            var changed = request
            changed[index] ^= 0x55
            #expect(bench.receive(changed, from: AgentBench.remote(2)).sent.isEmpty, "byte \(index)")
        }
        for bytes in [success, conflict] { _ = bench.receive(bytes, from: remote) }
        #expect(bench.path == nil && bench.agent.role == .controlled && bench.agent.report.pairs.count == 1)
        bench.answer(check)
        #expect(bench.path == remote)
    }

    @Test func randomBytesAreNothing() {
        var dice = Dice(seed: 3)
        let bench = AgentBench(.controlling)
        _ = bench.poll()
        for _ in 0..<10_000 {
            let outputs = bench.receive(dice.bytes(dice.below(150)), from: remote)
            #expect(outputs.sent.isEmpty && outputs.events.isEmpty)
        }
    }

    /// A tenth of all datagrams arrives with a changed byte.
    @Test func changedDatagramsOnlyCostTime() {
        for seed in 1...100 as ClosedRange<UInt64> {
            let network = ICETestNetwork(seed: seed)
            network.addServer(stunServer)
            network.damage = 10
            let a = ICETestLine.all[Int(seed) % 7]
            let b = ICETestLine.all[Int(seed) / 7 % 7]
            let first = ICETestPeer(.controlling, [a.interface(1, in: network)], in: network)
            let second = ICETestPeer(.controlled, [b.interface(2, in: network)], in: network)
            ICETestPeer.connect(first, second)
            let canConnect = ICETestLine.canConnect(a, b)
            network.run(seconds: canConnect ? 100 : 10) { first.isComplete && second.isComplete }
            #expect((first.isComplete && second.isComplete) == canConnect, "seed \(seed): \(a) and \(b)")
            if canConnect { #expect(ICETestPeer.canTalk(first, second), "seed \(seed)") }
        }
    }
}
