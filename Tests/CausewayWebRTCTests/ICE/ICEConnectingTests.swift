import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private func pair(
    _ a: ICETestLine, _ b: ICETestLine, seed: UInt64, roles: (ICERole, ICERole) = (.controlling, .controlled)
) -> (ICETestNetwork, ICETestPeer, ICETestPeer) {
    let network = ICETestNetwork(seed: seed)
    network.addServer(stunServer)
    let first = ICETestPeer(roles.0, [a.interface(1, in: network)], in: network)
    let second = ICETestPeer(roles.1, [b.interface(2, in: network)], in: network)
    return (network, first, second)
}

@Suite("Two ICE agents") struct ICEConnectingTests {
    @Test(arguments: ICETestLine.all) func connectWhereTheyCan(_ a: ICETestLine) {
        for b in ICETestLine.all {
            for seed in 1...3 as ClosedRange<UInt64> {
                let (network, first, second) = pair(a, b, seed: seed)
                ICETestPeer.connect(first, second)
                network.run(seconds: 8) { first.isComplete && second.isComplete }
                guard ICETestLine.canConnect(a, b) else {
                    #expect(first.path == nil && second.path == nil, "\(a) and \(b), seed \(seed)")
                    network.run(seconds: 31)
                    #expect(first.hasFailed == nil && second.hasFailed == nil, "both are patient")
                    network.run(seconds: 40)
                    #expect(first.hasFailed == .noAnswer && second.hasFailed == .noAnswer, "\(a) and \(b), seed \(seed)")
                    let report = first.agent.report
                    #expect(!report.pairs.isEmpty && report.pairs.allSatisfy { $0.state == .failed && $0.sent > 0 })
                    continue
                }
                #expect(first.isComplete && second.isComplete, "\(a) and \(b), seed \(seed): \(first.agent.report)")
                #expect(ICETestPeer.canTalk(first, second), "\(a) and \(b), seed \(seed)")
                #expect(first.agent.report.pairs.first { $0.isSelected }?.state == .succeeded)
            }
        }
    }

    /// Five hundred drawn pairs with loss and datagrams that overtake others.
    @Test func connectOnBadLines() {
        for seed in 1...500 as ClosedRange<UInt64> {
            var dice = Dice(seed: seed &* 77)
            let a = ICETestLine.all[dice.below(ICETestLine.all.count)]
            let b = ICETestLine.all[dice.below(ICETestLine.all.count)]
            let (network, first, second) = pair(a, b, seed: seed)
            network.loss = dice.below(12)
            network.latency = 5...(10 + dice.below(250))
            ICETestPeer.connect(first, second, offerTakes: UInt64(dice.below(500)), answerTakes: UInt64(dice.below(3000)))
            let canConnect = ICETestLine.canConnect(a, b)
            network.run(seconds: canConnect ? 60 : 10) { first.isComplete && second.isComplete }
            #expect((first.isComplete && second.isComplete) == canConnect, "seed \(seed): \(a) and \(b), \(network.loss) % lost")
            #expect((first.path != nil || second.path != nil) == canConnect, "seed \(seed)")
            if canConnect { #expect(ICETestPeer.canTalk(first, second), "seed \(seed)") }
        }
    }

    @Test(arguments: [ICERole.controlling, .controlled]) func agreeOnTheirRoles(_ role: ICERole) {
        for seed in 1...50 as ClosedRange<UInt64> {
            let (network, first, second) = pair(
                ICETestLine(maps: .independent), ICETestLine(maps: .independent), seed: seed, roles: (role, role))
            ICETestPeer.connect(first, second)
            network.run(seconds: 10) { first.isComplete && second.isComplete }
            #expect(first.isComplete && second.isComplete && first.agent.role != second.agent.role, "seed \(seed)")
            #expect(ICETestPeer.canTalk(first, second), "seed \(seed)")
        }
    }

    /// The answerer's candidates and checks are there before its answer.
    @Test func candidatesMayComeBeforeTheAnswer() {
        let (network, first, second) = pair(
            ICETestLine(maps: nil), ICETestLine(maps: .independent, filters: .addressAndPortDependent), seed: 4)
        ICETestPeer.connect(first, second, answerTakes: 2000)
        network.run(seconds: 1.9)
        #expect(first.agent.remote == nil && first.path == nil && !first.agent.report.remote.isEmpty)
        #expect(second.path != nil, "the offerer answers checks already")
        network.run(seconds: 1) { first.isComplete && second.isComplete }
        #expect(first.isComplete && second.isComplete)
    }

    @Test func twoInOneNetworkUseIt() {
        let network = ICETestNetwork(seed: 5)
        network.addServer(stunServer)
        let nat = ICETestNAT(ip: [203, 0, 113, 1], maps: .addressAndPortDependent, filters: .addressAndPortDependent)
        network.add(nat)
        let first = ICETestPeer(.controlling, [([192, 168, 1, 2], nat)], in: network)
        let second = ICETestPeer(.controlled, [([192, 168, 1, 3], nat)], in: network)
        ICETestPeer.connect(first, second)
        network.run(seconds: 5) { first.isComplete && second.isComplete }
        #expect(first.path?.remote.ip == [192, 168, 1, 3] && second.path?.remote.ip == [192, 168, 1, 2])
    }

    /// Browsers hide their addresses behind names that nobody may resolve. Here one side names nothing else.
    @Test func namesNeedNotBeResolved() {
        let (network, first, second) = pair(ICETestLine(maps: nil), ICETestLine(maps: .independent, filters: .addressDependent), seed: 6)
        second.describe = { candidate in
            var hidden = candidate
            hidden.address = .name(Array("0f3c9b6e-8d1e-4a5b-9c1d-2e3f4a5b6c7d.local".utf8), port: 5000)
            return candidate.kind == .host ? hidden : nil
        }
        ICETestPeer.connect(first, second)
        network.run(seconds: 5) { first.isComplete && second.isComplete }
        #expect(first.isComplete && ICETestPeer.canTalk(first, second))
        let report = first.agent.report
        #expect(report.remote.map(\.verdict) == [.unresolvedName, .used] && report.remote[1].candidate.kind == .peerReflexive)
    }

    @Test func whoNamesNothingIsWaitedFor() {
        let (network, first, second) = pair(ICETestLine(maps: nil), ICETestLine(maps: nil), seed: 7)
        second.describe = { _ in nil }
        first.describe = { _ in nil }
        ICETestPeer.connect(first, second)
        network.run(seconds: 39.4)
        #expect(first.hasFailed == nil && second.hasFailed == nil)
        network.run(seconds: 1)
        #expect(first.hasFailed == .noRemoteCandidate && second.hasFailed == .noRemoteCandidate)
        #expect(first.agent.nextDeadline == .distantFuture)
    }

    /// IPv6 leads nowhere, and costs no more than the time that a better pair is waited for.
    @Test func brokenIPv6CostsLittle() {
        let network = ICETestNetwork(seed: 8)
        network.addServer(stunServer)
        let six = { (number: UInt8) -> (ip: [UInt8], nat: ICETestNAT?) in
            ([0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: number, count: 12), nil)
        }
        let first = ICETestPeer(.controlling, [six(1), ([198, 51, 100, 1], nil)], in: network)
        let second = ICETestPeer(.controlled, [six(2), ([198, 51, 100, 2], nil)], in: network)
        // It does not even have a socket at the other end.
        second.describe = { candidate in
            guard case .endpoint(let endpoint) = candidate.address, !endpoint.isIPv4 else { return candidate }
            var wrong = candidate
            wrong.address = .endpoint(Endpoint(ip: six(9).ip, port: 1)!)
            return wrong
        }
        first.describe = { candidate in
            guard case .endpoint(let endpoint) = candidate.address else { return nil }
            return endpoint.isIPv4 ? candidate : nil
        }
        ICETestPeer.connect(first, second)
        network.run(seconds: 5) { first.isComplete && second.isComplete }
        #expect(first.path?.remote.ip == [198, 51, 100, 2])
        #expect(first.agent.report.timeToCompletion! < .milliseconds(800), "\(first.agent.report)")
    }
}
