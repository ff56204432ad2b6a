import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import CausewayWebRTC
import Testing

// Nodes between whose NATs ICE finds no path: one gives each remote another port, and the other lets in only what it was sent to.

extension Site {
    fileprivate static let symmetricSequential: Site = {
        var nat = NAT(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent)
        nat.ports = .sequential
        return Site(description: "symmetric, one port after the other", nats: [nat])
    }()
}

/// Two nodes that are connected through a relay, with a second STUN server.
private struct HardPair {
    let pair: RelayedPair
    /// What both hosts had sent before anything began.
    private let before: Int
    private let start: Instant

    init(seed: UInt64, _ one: Site, _ other: Site, passes: (Bool, Bool) = (true, true)) throws {
        let second: [UInt8] = [5, 2, 0, 10]
        pair = try RelayedPair(seed: seed, one, other) { $0.stunServers = [.udp(ip: second, port: 3478)] }
        _ = try pair.simulation.addNode("second server", ip: second, webRTCPort: 3478) { _ in }
        pair.offerer.passesHardNATs = passes.0
        pair.answerer.passesHardNATs = passes.1
        try pair.meet()
        before = Self.sent(pair)
        start = pair.simulation.now
    }

    private static func sent(_ pair: RelayedPair) -> Int { pair.offerer.host.datagramsSent + pair.answerer.host.datagramsSent }

    /// Datagrams of both sides.
    var packets: Int { Self.sent(pair) - before }
    var took: Interval { pair.simulation.now - start }

    /// Runs until there is a direct connection, at most so long.
    func becomesDirect(within time: Interval) -> Bool {
        while !pair.isDirect, took < time { pair.simulation.run(for: .milliseconds(10)) }
        return pair.isDirect
    }

    /// What the outcomes of both sides say.
    var reports: [HardNATReport] {
        [pair.offerer, pair.answerer].flatMap { $0.dialAttempts.compactMap { $0.peerConnection?.hardNAT } }
    }

    /// The most sockets that one of them has open.
    var sockets: Int { max(pair.offerer.host.datagramSocketCount, pair.answerer.host.datagramSocketCount) }
}

/// Each side offers in half of the runs. Where they do not meet, both hear of it, and all sockets are closed.
@Test func randomPortsAreMet() throws {
    let seeds = seeds(100)
    var direct = 0
    for seed in seeds {
        let sides = seed % 2 == 0 ? (Site.symmetric, Site.portRestricted) : (Site.portRestricted, Site.symmetric)
        let hard = try HardPair(seed: seed, sides.0, sides.1)
        if hard.becomesDirect(within: .seconds(10)) {
            direct += 1
            #expect(hard.sockets <= 1 + HardNATLimits().usedSockets, hard.pair.comment)
            #expect(hard.reports.map(\.state) == [.passed, .passed], "\(hard.reports); \(hard.pair.simulation)")
            #expect(hard.reports.allSatisfy { (1...1150).contains($0.packets) }, "\(hard.reports)")
            try hard.pair.echo(2000, from: hard.pair.offerer, to: hard.pair.answerer)
        } else {
            hard.pair.simulation.run(for: .seconds(6))
            #expect(hard.sockets == 0, hard.pair.comment)
            let (sockets, probes) = (HardNATReport(.unanswered, .sockets, packets: 256), HardNATReport(.unanswered, .probes, packets: 1150))
            let reports = hard.reports
            #expect(reports == [sockets, probes] || reports == [probes, sockets], "\(reports); \(hard.pair.simulation)")
        }
        #expect(hard.packets <= 1500, hard.pair.comment)
    }
    #expect(direct * 100 >= 95 * seeds.count, "\(direct) of \(seeds.count)")
}

@Test func portsThatFollowOneAnotherArePredicted() throws {
    for seed in seeds(20) {
        let sides =
            seed % 2 == 0 ? (Site.symmetricSequential, Site.portRestricted) : (Site.portRestricted, Site.symmetricSequential)
        let hard = try HardPair(seed: seed, sides.0, sides.1)
        #expect(hard.becomesDirect(within: .seconds(2)), hard.pair.comment)
        #expect(hard.packets <= 250, hard.pair.comment)
    }
}

/// Where others behind the NAT take hundreds of ports meanwhile, many sockets help.
@Test func portsThatAreTakenByOthersAreMetAllTheSame() throws {
    for seed in seeds(10) {
        let hard = try HardPair(seed: seed, .symmetricSequential, .portRestricted)
        let other = try hard.pair.offerer.host.bind()
        for round in 0..<20 {
            for port in 0..<100 {
                try other.send([1], to: SimulatedAddress(ip: [5, 9, 0, UInt8(round)], port: UInt16(1024 + port)))
            }
            hard.pair.simulation.run(for: .milliseconds(25))
        }
        other.close()
        #expect(hard.becomesDirect(within: .seconds(10)), hard.pair.comment)
        #expect(hard.packets <= 2000 + 1500, hard.pair.comment)
        #expect(hard.reports.map(\.state) == [.passed, .passed], "\(hard.reports); \(hard.pair.simulation)")
    }
}

/// It is not done by one side alone, and by default by none.
@Test(arguments: [(false, false), (true, false), (false, true)]) func nothingIsSentUnlessBothSidesAllowIt(passes: (Bool, Bool)) throws {
    for other in [Site.symmetric, .symmetricSequential] {
        let hard = try HardPair(seed: 7, .portRestricted, other, passes: passes)
        #expect(!hard.becomesDirect(within: .seconds(14)), hard.pair.comment)
        #expect(hard.packets < 100, "\(hard.packets)")
        hard.pair.simulation.run(for: .seconds(3))
        #expect(hard.reports == (passes == (false, false) ? [] : [HardNATReport(.remoteDeclines)]), "\(hard.reports)")
    }
}

/// Where nothing can be done, the outcome says so, and nothing is sent.
@Test func twoNATsThatGiveEachRemoteAnotherPortAreLeftAlone() throws {
    let hard = try HardPair(seed: 8, .symmetric, .symmetricSequential)
    #expect(!hard.becomesDirect(within: .seconds(16)), hard.pair.comment)
    #expect(hard.reports == [HardNATReport(.bothDependent), HardNATReport(.bothDependent)], "\(hard.reports)")
    #expect(hard.packets < 100, "\(hard.packets)")
}
