import Testing

@testable import Causeway

/// Checks over loopback, with relays of ours and with what is none.
@Suite("A check", .timeLimit(.minutes(1))) struct CheckTests {
    private static let direct = "/ip4/127.0.0.1/udp/0/webrtc-direct"

    private func relayConfiguration(_ listen: [String] = [tcp, webSocket, direct], places: Int = 16) throws -> Configuration {
        try configuration(listen: listen) {
            var service = Configuration.RelayService()
            service.reservations = places
            $0.relayService = service
        }
    }

    @Test func findsEverythingAtTwoRelays() async throws {
        let relay = try relayConfiguration([tcp, Self.direct, Self.direct])
        try await withNodes([relay, relayConfiguration([tcp, Self.direct]), configuration()]) { nodes in
            let relays = [await nodes[0].addresses[0], await nodes[1].addresses[0]]
            let report = try await nodes[2].check(relays: relays)
            #expect(report.verdict.finding == .localOnly, "\(report)")
            let family = report.facts.ipv4
            #expect(family.source == [127, 0, 0, 1] && family.mapping == NATMapping.none && family.isTranslated == false)
            #expect(family.answers.count == 3 && family.answers.allSatisfy { $0.mapped == family.socket && $0.roundTrip != nil })
            #expect(family.tcpTried == 2 && family.tcpAccepted == 2 && report.facts.ipv6.answers.isEmpty)
            for (relay, address) in zip(report.facts.relays, relays) {
                #expect(relay.address == address && relay.hasPlace && relay.failures.isEmpty)
                #expect(relay.connectedIn != nil && relay.roundTrip != nil && relay.info?.agent == "causeway/\(causewayVersion)")
            }
            // Places that nobody wanted are given back.
            #expect(await nodes[2].addresses.isEmpty)
        }
    }

    @Test func listsNoMoreOwnAddressesThanItMay() async throws {
        let announced = (1...40).map { multiaddr("/ip4/198.51.100.\($0)/tcp/4001") }
        try await withNodes([configuration(listen: [tcp]) { $0.announce = announced }]) { nodes in
            #expect(await nodes[0].ownAddresses.count > CheckFacts.ownAddresses)
            let report = try await nodes[0].check()
            #expect(report.facts.ownAddresses.count == CheckFacts.ownAddresses)
        }
    }

    @Test func listsTheNodesOwnAddresses() async throws {
        try await withNodes([relayConfiguration(), configuration(listen: [tcp])]) { nodes in
            let own = await nodes[1].addresses
            let report = try await nodes[1].check(relays: [nodes[0].addresses[0]])
            let bound = try #require(report.facts.ownAddresses.first { $0.own.address.withoutPeerID == own[0].withoutPeerID })
            #expect(bound.isAdvertised && bound.reason == .bound, "\(report.facts.ownAddresses)")
            guard case .array(let listed)? = report.json.first(where: { $0.name == Array("ownAddresses".utf8) })?.value else {
                Issue.record("no ownAddresses in the JSON")
                return
            }
            #expect(listed.count == report.facts.ownAddresses.count)
        }
    }

    @Test func keepsThePlacesThatTheNodeWants() async throws {
        try await withNodes([relayConfiguration(), configuration()]) { nodes in
            let address = await nodes[0].addresses[0]
            try await nodes[1].reserve(at: address)
            let before = await nodes[1].addresses
            #expect(try await nodes[1].check(relays: [address]).facts.hasPlace)
            #expect(await nodes[1].addresses == before && !before.isEmpty)
        }
    }

    @Test func withoutARelayOnlyThisMachineIsLookedAt() async throws {
        try await withNodes([configuration()]) { nodes in
            let report = try await nodes[0].check()
            #expect([.nobodyAsked, .noNetwork].contains(report.verdict.finding) && report.facts.relays.isEmpty)
        }
    }

    @Test func asksTheSTUNServersOfTheConfiguration() async throws {
        try await withNodes([relayConfiguration()]) { relays in
            let server = try #require(await relays[0].addresses.first { $0.transport == .webRTCDirect }?.port)
            let asking = try configuration { $0.stunServers = [.udp(ip: [127, 0, 0, 1], port: server)] }
            try await withNodes([asking]) { nodes in
                let report = try await nodes[0].check()
                #expect(report.facts.ipv4.answers.map(\.server.port) == [server])
            }
        }
    }

    @Test func saysThatARelayIsFullOrNone() async throws {
        try await withNodes([relayConfiguration(places: 1), configuration(listen: [tcp]), configuration(), configuration()]) { nodes in
            try await nodes[2].reserve(at: nodes[0].addresses[0])
            // On loopback there is no NAT, so nobody needs the place.
            let full = try await nodes[3].check(relays: [nodes[0].addresses[0]])
            #expect(!full.facts.hasPlace && full.verdict.finding == .localOnly)
            guard case .refused(.refused)? = full.facts.relays.first?.place else { throw Timeout() }
            let none = try await nodes[3].check(relays: [nodes[1].addresses[0]])
            #expect(none.verdict.finding == .noRelay)
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\nContent-Length: 0\r\n\r\n", DialDiagnosis.Cause.redirected),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi", .noWebSocket),
        ("SSH-2.0-nobody\r\n", .noWebSocket),
    ]) func knowsWhatAnswersInPlaceOfTheRelay(_ answer: String, _ cause: DialDiagnosis.Cause) async throws {
        let port = try AnsweringPort(answer)
        defer { port.stop() }
        try await withNodes([configuration()]) { nodes in
            let report = try await nodes[0].check(relays: [multiaddr("/ip4/127.0.0.1/tcp/\(port.number)/ws/p2p/\(peerID(1))")])
            #expect(report.verdict.finding == .relayUnreachable && report.verdict.diagnosis?.cause == cause, "\(report)")
            // The transport stood.
            #expect(report.facts.ipv4.tcpTried == 1 && report.facts.ipv4.tcpAccepted == 1)
        }
    }

    @Test func endsInTimeWhateverIsSilent() async throws {
        let silent = try SilentPort(.mute)
        defer { silent.close() }
        let clock = ContinuousClock()
        try await withNodes([configuration { $0.stunServers = [.udp(ip: [127, 0, 0, 1], port: 9)] }]) { nodes in
            let relay = multiaddr("/ip4/127.0.0.1/tcp/\(silent.number)/p2p/\(peerID(1))")
            let took = try await clock.measure {
                let report = try await nodes[0].check(peerID(9), relays: Array(repeating: relay, count: Node.checkedRelays + 3))
                #expect(report.verdict.finding == .relayUnreachable && report.facts.relays.count == Node.checkedRelays)
                #expect(report.facts.ipv4.isSilent)
            }
            // A machine that runs other tests, too, is late.
            #expect(took < Node.checkTime.duration * 2)
        }
    }

    @Test func itsMomentsLeaveRoomWithinItsTime() {
        let moments = Moments()
        let end = moments.start + Node.checkTime.duration
        #expect(moments.start < moments.reached && moments.reached < moments.answered && moments.answered < moments.known)
        #expect(moments.known + .milliseconds(500) <= end)
        // STUN servers have so long to answer as a survey asks them.
        #expect(moments.known - moments.reached >= .milliseconds(2200))
    }

    @Test func endsWithItsTaskAndWithTheNode() async throws {
        let silent = try SilentPort(.mute)
        defer { silent.close() }
        let relay = multiaddr("/ip4/127.0.0.1/tcp/\(silent.number)/p2p/\(peerID(1))")
        let clock = ContinuousClock()
        let took = try await clock.measure {
            try await withNodes([configuration { $0.stunServers = [.udp(ip: [127, 0, 0, 1], port: 9)] }]) { nodes in
                let check = Task { try await nodes[0].check(relays: [relay]) }
                try await until { silent.accept() }
                check.cancel()
                guard case .failure = await check.result else { throw Timeout() }
                // The node stops at the end of the body, under the second one.
                _ = Task { try await nodes[0].check(relays: [relay]) }
            }
        }
        // Either check would go on for longer if nobody ended it.
        #expect(took < .seconds(4))
    }

    @Test func relaysAreNamedByTheirPeerIDs() async throws {
        try await withNodes([configuration()]) { nodes in
            await #expect(throws: NodeError.self) { try await nodes[0].check(relays: [multiaddr("/ip4/127.0.0.1/tcp/1")]) }
        }
    }

    // MARK: Peers

    @Test func aPeerThatBecomesDirect() async throws {
        let peer = try configuration { $0.webRTC = true }
        try await withNodes([relayConfiguration(), peer, peer]) { nodes in
            let relay = await nodes[0].addresses[0]
            try await nodes[1].reserve(at: relay)
            let report = try await nodes[2].check(nodes[1].peerID, relays: [relay])
            #expect(report.verdict.finding == .peerDirect, "\(report)")
            #expect(report.facts.peer?.connection?.path == .direct(.webRTC))
            #expect(report.facts.peer?.attempts.count ?? 99 <= PeerQuestion.attempts)
        }
    }

    @Test func aPeerWhoseSoftwareOffersNothing() async throws {
        try await withNodes([relayConfiguration(), configuration(), configuration { $0.webRTC = true }]) { nodes in
            let relay = await nodes[0].addresses[0]
            try await nodes[1].reserve(at: relay)
            let report = try await nodes[2].check(nodes[1].peerID, relays: [relay])
            #expect(report.verdict.finding == .peerOffersNoUpgrade && report.facts.peer?.offersUpgrade == false, "\(report)")
        }
    }

    @Test func aPeerThatIsNotThere() async throws {
        try await withNodes([relayConfiguration(), configuration()]) { nodes in
            let report = try await nodes[1].check(peerID(9), relays: [nodes[0].addresses[0]])
            #expect(report.verdict.finding == .peerUnreachable && report.verdict.diagnosis?.cause == .noReservation, "\(report)")
        }
    }

    @Test func aPeerAtItsOwnAddress() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let report = try await nodes[1].check(nodes[0].peerID, at: nodes[0].addresses)
            #expect(report.verdict.finding == .peerDirect && report.facts.peer?.connection?.path == .direct(.tcp), "\(report)")
        }
    }
}
