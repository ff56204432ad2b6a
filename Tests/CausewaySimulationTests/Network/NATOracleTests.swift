import CausewayConnection
import CausewaySimulation
import Testing

private func compare(_ cell: String, over transport: TransportProtocol, _ make: () -> Meeting) throws {
    let (found, meeting) = try Meeting.path(make, over: transport)
    let expected = NATOracle.path(from: meeting.hosts[0], to: meeting.hosts[1], over: transport)
    #expect(found == expected, "\(transport), \(cell): packets say \(found), the oracle \(expected); \(meeting.simulation)")
}

/// Every pair of networks, both ways round, by both protocols.
@Test(arguments: Site.every) func packetsDoWhatTheOracleSays(one: Site) throws {
    for other in Site.every {
        for transport in TransportProtocol.allCases {
            try compare("\(one) - \(other)", over: transport) { Meeting(seed: 7, one, other) }
        }
    }
}

/// Hosts in one network, homes of one carrier: with hairpinning and without, kept apart and not.
@Test(arguments: Site.everyNAT) func packetsDoWhatTheOracleSaysBehindOneNAT(site: Site) throws {
    for homes in [Site.open, .portRestricted, .symmetric] {
        for (hairpins, isolates) in [(false, false), (false, true), (true, false), (true, true)] {
            for transport in TransportProtocol.allCases {
                try compare("\(homes) behind one \(site), hairpins: \(hairpins), isolates: \(isolates)", over: transport) {
                    Meeting(seed: 7) { simulation in
                        var nat = site.nats[0]
                        nat.hairpinning = hairpins
                        let router = simulation.addRouter("shared", ip: [5, 99, 0, 1], nat: nat)
                        router.isolatesHosts = isolates
                        return (
                            homes.host("one", 1, in: simulation, behind: router), homes.host("two", 2, in: simulation, behind: router)
                        )
                    }
                }
            }
        }
    }
}

/// Whether two networks can meet at all by UDP. Another oracle, which replays ICE's checks against tables of its own, says the same of each
/// of these cells. Rows and columns: the nine NATs, mapping by mapping, then no router, then a firewall.
@Test func theOracleKnowsWhoMeetsByUDP() {
    expectMeetings(
        Site.everyNAT + [.open, .firewalled], over: .udp,
        [
            "11111111111",
            "11111111111",
            "11100000011",
            "11011011010",
            "11010010010",
            "11000000010",
            "11011000010",
            "11010000010",
            "11000000010",
            "11111111111",
            "11100000011",
        ])
}

/// The same by TCP, for the common kinds: go-libp2p's hole punching behind NATs in network namespaces has come to these results.
@Test func theOracleKnowsWhoMeetsByTCP() {
    expectMeetings(
        [.open, .fullCone, .restrictedCone, .portRestricted, .symmetric, .firewalled], over: .tcp,
        [
            "111111",
            "111111",
            "111111",
            "111101",
            "111000",
            "111101",
        ])
}

private func expectMeetings(_ sites: [Site], over transport: TransportProtocol, _ expected: [String]) {
    for (one, row) in zip(sites, expected) {
        for (other, cell) in zip(sites, row) {
            let meeting = Meeting(seed: 1, one, other)
            let path = NATOracle.path(from: meeting.hosts[0], to: meeting.hosts[1], over: transport)
            #expect((path != .none) == (cell == "1"), "\(one) - \(other): \(path)")
        }
    }
}

@Test func theOracleSaysHow() {
    func path(_ one: Site, _ other: Site, _ transport: TransportProtocol = .udp) -> DirectPath {
        let meeting = Meeting(seed: 1, one, other)
        return NATOracle.path(from: meeting.hosts[0], to: meeting.hosts[1], over: transport)
    }
    #expect(path(.symmetric, .open) == .direct)
    #expect(path(.open, .symmetric) == .reversed)
    #expect(path(.portRestricted, .portRestricted) == .holePunched)
    #expect(path(.symmetric, .restrictedCone) == .holePunched)
    // Nobody can be reached at an outside port that is another one for each remote, but by TCP: an answer takes its question's way back.
    #expect(path(.portRestricted, Site(.addressAndPortDependent, .endpointIndependent)) == .none)
    #expect(path(.portRestricted, Site(.addressAndPortDependent, .endpointIndependent), .tcp) == .direct)
    // An IPv6 firewall on each side is no obstacle where their NATs are one.
    let home = Site.every.first { $0.hasIPv4 && $0.hasIPv6 }!
    #expect(path(home, home) == .holePunched && path(.symmetric, .symmetric) == .none)
    #expect(path(Site.every.first { $0.blocksUDP }!, .open) == .none)
    #expect(path(Site.every.first { $0.blocksUDP }!, .open, .tcp) == .direct)
}

@Test func aMeetingRepeatsItself() throws {
    func trace(_ seed: UInt64) throws -> SimulationTrace {
        let meeting = Meeting(seed: seed, keepsLines: true, .portRestricted.behind(.restrictedCone), .fullCone)
        for host in meeting.hosts { host.line.loss = 0.2 }
        _ = try meeting.datagramsMeet([0, 1])
        _ = try meeting.connects([0, 1])
        return meeting.simulation.trace
    }
    let first = try trace(3)
    let second = try trace(3)
    #expect(first.lines == second.lines && first.hash == second.hash && first.lines.count > 20)
    #expect(try trace(4).hash != first.hash)
}
