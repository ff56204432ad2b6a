import CausewayConnection
import CausewayNode
import Testing

@testable import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

private func verdict(_ facts: CheckFacts) -> CheckVerdict { CheckReport(facts, unixSeconds: checkTime).verdict }

@Suite("What a check concludes") struct CheckVerdictTests {
    private static let cone = family([7000, 7000, 7000])
    private static let symmetric = family([7000, 7001, 7002])
    private static let silent = family([nil, nil, nil])
    private static let full = relay(place: .refused(.refused(status: 201)))
    private static let noRelay = relay(place: .refused(.stream(.unsupportedProtocol)), protocols: [])
    private static let sixth = untranslated([0x2a, 0x05] + [UInt8](repeating: 1, count: 14))
    private static let public4 = untranslated([203, 0, 113, 77])

    struct Case: Sendable, CustomTestStringConvertible {
        let facts: CheckFacts
        let finding: CheckFinding
        let testDescription: String

        init(_ name: String, _ finding: CheckFinding, _ facts: CheckFacts) {
            testDescription = name
            self.finding = finding
            self.facts = facts
        }
    }

    static let network: [Case] = [
        Case("no address", .noNetwork, CheckFacts()),
        Case("no relay", .nobodyAsked, facts(FamilyFacts.at([192, 168, 1, 2])) { $0.relays = [] }),
        Case("a STUN server alone", .directMostly, facts(cone) { $0.relays = [] }),
        Case("nobody answers", .relayUnreachable, facts(FamilyFacts.at([192, 168, 1, 2])) { $0.relays = [unreached()] }),
        Case(
            "one of two relays is enough", .directMostly,
            facts(cone) { $0.relays = [unreached(.failed(.link(errno: ECONNREFUSED))), relay(2)] }),
        Case(
            "no relay at all", .noRelay, facts(cone) { $0.relays = [noRelay] }),
        Case("full", .noPlace, facts(cone) { $0.relays = [full] }),
        Case("no answer about a place", .noPlace, facts(cone) { $0.relays = [relay(place: .notAnswered)] }),
        Case(
            "full, and nobody needs it", .publicAddressOnly, facts(public4) { $0.relays = [full] }),
        Case("a second relay has a place", .directMostly, facts(cone) { $0.relays = [relay(place: .notAnswered), relay(2)] }),
        Case(
            "a clock is wrong", .clockWrong,
            facts(cone) {
                let over = Reservation(relay: peerID(1), expires: UInt64(checkTime) - 60, addresses: [], limit: nil)
                $0.relays = [relay(place: .granted(over))]
            }),
        Case("no STUN", .udpUnasked, facts(FamilyFacts.at([192, 168, 1, 2]))),
        Case("UDP blocked", .udpBlocked, facts(silent)),
        Case("UDP blocked over IPv4 alone", .publicAddress, facts(silent) { $0.ipv6 = sixth }),
        Case("no NAT, and no relay wanted", .publicAddress, facts(public4) { $0.relays = [] }),
        Case("one server", .mappingUnknown, facts(family([7000]))),
        Case("two ports of one server that agree", .mappingUnknown, facts(family([7000, 7000]))),
        Case("two ports of one server that do not", .dependentMapping, facts(family([7000, 7001]))),
        Case("endpoint-independent", .directMostly, facts(cone)),
        Case("dependent", .dependentMapping, facts(symmetric)),
        Case("dependent, of the provider", .carrierMapping, facts(family([7000, 7001, 7002], source: [100, 70, 1, 2]))),
        Case(
            "dependent, and the router's outside is private", .carrierMapping,
            facts(symmetric) { $0.gateway = GatewayFacts(address: [192, 168, 1, 1], mapsBy: [], external: [10, 0, 0, 7]) }),
        Case(
            "dependent, and the router's outside is another", .carrierMapping,
            facts(symmetric) { $0.gateway = GatewayFacts(address: [192, 168, 1, 1], mapsBy: ["PCP"], external: [198, 51, 100, 9]) }),
        Case(
            "dependent, of the router itself", .dependentMapping,
            facts(symmetric) { $0.gateway = GatewayFacts(address: [192, 168, 1, 1], mapsBy: ["PCP"], external: [203, 0, 113, 77]) }),
        Case("no NAT", .publicAddress, facts(public4)),
        Case("a relay in the same network", .localOnly, facts(untranslated([192, 168, 1, 2]))),
        Case(
            "IPv6 alone", .publicAddress, facts(FamilyFacts()) { $0.ipv6 = sixth }),
    ]

    @Test(arguments: network) func ofTheNetwork(_ one: Case) {
        let verdict = verdict(one.facts)
        #expect(verdict.finding == one.finding)
        #expect(isSentence(verdict.sentence) && isSentence(verdict.remedy), "\(verdict)")
    }

    private static let relayed = connection(to: peerID(9), at: circuit, relayed: true)

    private static func failing(_ report: PeerConnectionReport) -> PeerFacts {
        asked {
            $0.connection = relayed
            $0.attempts = [
                outcome(.connected, at: circuit), outcome(.failed(.timedOut(.signalling)), at: "\(circuit)/webrtc", report: report),
            ]
        }
    }

    /// Candidates on both sides, and no answer.
    private static let fruitless = PeerConnectionReport(
        .checking, localCandidates: 3, remoteCandidates: 2, usableCandidates: 2, checkedPairs: 6)

    static let peers: [Case] = [
        Case(
            "direct", .peerDirect,
            facts(symmetric) { $0.peer = asked { $0.connection = connection(to: peerID(9), at: "/ip4/198.51.100.9/tcp/1") } }),
        Case("nothing has happened", .peerStillRelayed, facts(cone) { $0.peer = asked { $0.connection = relayed } }),
        Case(
            "the peer's software offers nothing", .peerOffersNoUpgrade,
            facts(cone) {
                $0.peer = asked {
                    $0.connection = relayed
                    $0.info = PeerInfo(peer: peerID(9))
                }
            }),
        Case("no answer to the offer", .peerAnswersNoOffer, facts(cone) { $0.peer = failing(PeerConnectionReport(.signalling)) }),
        Case(
            "no candidate", .peerNamesNoAddress,
            facts(cone) { $0.peer = failing(PeerConnectionReport(.checking, localCandidates: 3, remoteCandidates: 1)) }),
        Case("UDP is blocked here", .peerBlockedHere, facts(silent) { $0.peer = failing(fruitless) }),
        Case("this side's NAT", .peerBlockedByOwnNAT, facts(symmetric) { $0.peer = failing(fruitless) }),
        Case("the peer's side", .peerBlockedThere, facts(cone) { $0.peer = failing(fruitless) }),
        Case("the peer's side, from a public address", .peerBlockedThere, facts(public4) { $0.peer = failing(fruitless) }),
        Case("one server only", .peerBlocked, facts(family([7000])) { $0.peer = failing(fruitless) }),
        Case("no server", .peerBlocked, facts(FamilyFacts.at([192, 168, 1, 2])) { $0.peer = failing(fruitless) }),
        Case("DTLS fails", .peerPathBreaks, facts(cone) { $0.peer = failing(PeerConnectionReport(.securing, answeredPairs: 1)) }),
        Case(
            "it still goes on", .peerBlockedThere,
            facts(cone) {
                $0.peer = asked {
                    $0.connection = relayed
                    $0.pending = fruitless
                }
            }),
        Case(
            "not there", .peerUnreachable,
            facts(cone) { $0.peer = asked { $0.attempts = [outcome(.refusedByRelay(status: 204), at: circuit)] } }),
        Case("silent", .peerUnreachable, facts(cone) { $0.peer = asked { _ in } }),
        Case(
            "what is between us and the relay comes first", .relayUnreachable,
            facts(silent) {
                $0.relays = [unreached(.failed(.timedOut(.transport)))]
                $0.peer = asked { $0.attempts = [outcome(.cancelled, at: circuit)] }
            }),
        Case(
            "a peer that is reached without the relay counts", .peerDirect,
            facts(silent) {
                $0.relays = [unreached(.failed(.timedOut(.transport)))]
                $0.peer = asked { $0.connection = connection(to: peerID(9), at: "/ip4/198.51.100.9/tcp/1") }
            }),
    ]

    @Test(arguments: peers) func ofAPeer(_ one: Case) {
        let verdict = verdict(one.facts)
        #expect(verdict.finding == one.finding)
        #expect(isSentence(verdict.sentence) && isSentence(verdict.remedy), "\(verdict)")
    }

    @Test func everyFindingIsInTheTables() {
        #expect(Set((Self.network + Self.peers).map(\.finding)) == Set(CheckFinding.allCases))
    }

    @Test func findingsThatDifferAreToldApart() {
        let sentences = (Self.network + Self.peers).map { (verdict($0.facts).finding, verdict($0.facts).sentence) }
        for (finding, sentence) in sentences { #expect(sentences.allSatisfy { $0.0 == finding || $0.1 != sentence }, "\(sentence)") }
    }

    @Test func theDiagnosisOfAnUnreachableRelayIsToldOn() {
        let redirected = unreached(.failed(.peerFault(.webSocket, code: WebSocketFault.redirected.rawValue)))
        let verdict = verdict(facts(FamilyFacts.at([192, 168, 1, 2])) { $0.relays = [redirected] })
        #expect(verdict.diagnosis?.cause == .redirected && verdict.remedy.contains("browser") && verdict.summary == .red)
    }

    @Test func whatTheRelaySaysAndWhatTheRouterCanIsSaid() {
        let full = facts(Self.cone) { $0.relays = [relay(place: .refused(.refused(status: 201)))] }
        #expect(verdict(full).sentence.contains("RESOURCE_LIMIT_EXCEEDED"))
        let router = facts(Self.symmetric) { $0.gateway = GatewayFacts(address: [192, 168, 1, 1], mapsBy: ["NAT-PMP"], external: nil) }
        #expect(verdict(router).remedy.contains("NAT-PMP"))
        let home = facts(Self.symmetric) { $0.gateway = GatewayFacts(address: [192, 168, 1, 1], mapsBy: ["UPnP"], external: nil) }
        #expect(verdict(home).remedy.contains("forwards ports by UPnP: let this node use it"))
        let six = facts(Self.symmetric) { $0.ipv6 = Self.sixth }
        #expect(verdict(six).sentence.contains("IPv6"))
    }

    /// Machines in the same network see another endpoint than those outside.
    @Test func answersFromOutsideCountBeforeThoseFromInside() {
        var family = Self.cone
        let inside = Endpoint(ip: [192, 168, 1, 9], port: 4001)!
        family.answers.insert(STUNAnswer(server: inside, outcome: .mapped(Endpoint(ip: [192, 168, 1, 2], port: 5001)!)), at: 0)
        #expect(family.mapping == .endpointIndependent && family.mapped?.ip == [203, 0, 113, 77] && !family.isLocal)
    }

    @Test func ofAStrangersManyServersFewAreAsked() {
        var relay = relay(protocols: ["/causeway/stun/1"])
        let named = (1...9).map { multiaddr("/ip4/203.0.113.\($0)/udp/4001/webrtc-direct") }
        let local = ["/ip4/192.168.1.7/udp/1/webrtc-direct", "/ip4/127.0.0.1/udp/1/webrtc-direct", "\(circuit)/webrtc"].map {
            multiaddr($0)
        }
        relay.info = PeerInfo(peer: peerID(1), protocolIDs: [Array("/causeway/stun/1".utf8)], listenAddresses: local + named)
        #expect(relay.stunServers.count == RelayFacts.stunServers && relay.stunServers.allSatisfy { $0.ip[0] == 203 })
        relay.info = PeerInfo(peer: peerID(1), listenAddresses: named)
        #expect(relay.stunServers.isEmpty, "it does not offer it")
    }

    @Test func carriersAreFoundByEachSign() {
        #expect(facts(family([7000], source: [100, 64, 0, 1])).carrierGrade == .ownAddress)
        #expect(facts(family([7000], source: [100, 128, 0, 1])).carrierGrade == nil)
        let outside = { (ip: [UInt8]) in
            facts(Self.cone) { $0.gateway = GatewayFacts(address: [192, 168, 1, 1], mapsBy: [], external: ip) }
        }
        #expect(outside([100, 127, 0, 1]).carrierGrade == .gatewayAddress && outside([10, 0, 0, 1]).carrierGrade == .gatewayAddress)
        #expect(outside([198, 51, 100, 1]).carrierGrade == .differentAddress && outside([203, 0, 113, 77]).carrierGrade == nil)
    }
}

extension FamilyFacts {
    /// An address, and nothing asked.
    static func at(_ source: [UInt8]) -> FamilyFacts {
        var facts = FamilyFacts()
        facts.source = source
        return facts
    }
}

/// Whether a text is made of sentences: capital letter, full stop, one space between words.
func isSentence(_ text: String) -> Bool {
    text.first.map { $0.isUppercase || $0 == "`" } == true && text.last == "." && !text.contains("  ") && !text.contains("..")
}
