import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayLocalNetwork

private typealias Kind = DNSMessage.RecordType

private func isAnswer(_ datagram: SimulatedLAN.Datagram) -> Bool { datagram.bytes[2] & 0x80 != 0 }

/// What a peer would answer that says these strings of itself.
private func answer(_ name: String, _ strings: [String], lifetime: UInt32 = 120) -> [UInt8] {
    var writer = DNSWriter(isAnswer: true)
    let instance = DNSName.child(Array(name.utf8), of: DNSName.service)
    writer.add(DNSName.service, type: Kind.pointer, lifetime: lifetime, isOurs: false, instance + [0])
    let data = strings.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    writer.add(instance, type: Kind.text, lifetime: lifetime, isOurs: true, data)
    return writer.bytes
}

private func question(_ name: [UInt8] = DNSName.service, _ type: UInt16 = Kind.pointer) -> [UInt8] {
    var writer = DNSWriter(isAnswer: false)
    writer.ask(name, type: type)
    return writer.bytes
}

/// Of a node that asks at its own times alone. It answers its own questions, too.
private var unmoved: MulticastDiscoveryLimits {
    var limits = MulticastDiscoveryLimits()
    limits.questionGap = .seconds(1 << 30)
    return limits
}

@Suite("Multicast discovery") struct MulticastDiscoveryTests {
    private let third = SimulatedLAN.peer(3)

    @Test func allFindAllAtOnce() {
        var lan = SimulatedLAN()
        for _ in 0..<5 { lan.join() }
        lan.pass(.milliseconds(200))
        let seen = lan.take()
        for who in 0..<5 {
            for other in 0..<5 where other != who {
                let sight = seen.filter { $0.who == who && $0.peer == SimulatedLAN.peer(UInt8(other + 1)) }
                #expect(sight.map(\.addresses) == [SimulatedLAN.addresses(other)])
            }
        }
        #expect(seen.count == 20)
    }

    @Test func whoComesLaterIsFoundAtOnceAndFindsAll() {
        var lan = SimulatedLAN()
        for _ in 0..<3 { lan.join() }
        lan.pass(.seconds(100))
        _ = lan.take()
        lan.join()
        // Those that have just answered wait for a second before they do it again.
        lan.pass(.milliseconds(1200))
        let seen = lan.take()
        #expect(Set(seen.filter { $0.who == 3 }.map(\.peer)) == Set((1...3).map { SimulatedLAN.peer($0) }))
        #expect((0..<3).allSatisfy { who in seen.contains { $0.who == who && $0.peer == SimulatedLAN.peer(4) } })
    }

    @Test func lostDatagramsOnlyDelay() {
        var lan = SimulatedLAN()
        var random = RandomSource(seed: 5)
        lan.isLost = { _ in random.below(2) == 0 }
        for _ in 0..<3 { lan.join() }
        lan.pass(.seconds(60))
        let seen = lan.take()
        for who in 0..<3 { #expect(Set(seen.filter { $0.who == who }.map(\.peer)).count == 2) }
    }

    @Test func questionsBecomeRare() {
        var lan = SimulatedLAN()
        lan.join()
        lan.pass(.seconds(3600))
        let questions = lan.sent.filter { !isAnswer($0) }
        let gaps = zip(questions, questions.dropFirst()).map { $1.at - $0.at }
        #expect(gaps.prefix(7) == [1, 2, 4, 8, 16, 32, 60].map { .seconds($0) }[...])
        #expect(gaps.dropFirst(7).allSatisfy { $0 == .seconds(60) })
        // It answers its own questions, so that others hear of it that only listen.
        #expect(lan.sent.filter(isAnswer).count >= questions.count - 1)
    }

    @Test func aQuestionMakesOneOthersAskForAll() {
        var lan = SimulatedLAN()
        for _ in 0..<20 { lan.join() }
        lan.pass(.seconds(6))
        let before = lan.sent.count
        lan.send(question())
        lan.pass(.milliseconds(130))
        #expect(lan.sent[before...].filter { !isAnswer($0) }.count == 1)
        // Whoever asks without end makes them ask no more often.
        let later = lan.sent.count
        for _ in 0..<1000 {
            lan.send(question())
            lan.pass(.milliseconds(10))
        }
        let gap = MulticastDiscoveryLimits().questionGap.seconds
        #expect(lan.sent[later...].filter { !isAnswer($0) }.count <= 20 * Int(10 / gap + 1))
    }

    @Test func whoListensNowhereOnlyAsks() {
        var lan = SimulatedLAN()
        lan.join()
        lan.join(tells: false)
        lan.pass(.seconds(10))
        #expect(lan.take().map(\.who) == [1])
        lan.end(1)
        #expect(lan.sent.filter { $0.from == 1 }.allSatisfy { !isAnswer($0) })
    }

    @Test func newAddressesAreToldAtOnce() {
        var lan = SimulatedLAN()
        for _ in 0..<2 { lan.join() }
        lan.pass(.seconds(10))
        _ = lan.take()
        let moved = [Multiaddr.tcp(ip: SimulatedLAN.ip(0), port: 9)]
        lan.machines[0].setAddresses(moved, ips: [SimulatedLAN.ip(0)], now: lan.now)
        lan.pass(.seconds(1))
        #expect(lan.take() == [.init(who: 1, peer: SimulatedLAN.peer(1), addresses: moved)])
    }

    @Test func anAnswerHasWhatOthersLookFor() throws {
        var lan = SimulatedLAN()
        lan.join()
        lan.pass(.milliseconds(150))
        let bytes = try #require(lan.sent.first(where: isAnswer)).bytes
        // js-libp2p reads the answers alone: two of them, and SRV and A behind them, without which go-libp2p drops the peer.
        #expect(Array(bytes[4..<12]) == [0, 0, 0, 2, 0, 0, 0, 2])
        let message = try DNSMessage(bytes, limits: MulticastDiscoveryLimits())
        let instance = lan.machines[0].instance
        #expect(message.pointers == [.init(instance: instance, lifetime: 120)])
        #expect(instance.first == 32 && DNSName.isChild(instance, of: DNSName.service))
        let texts = message.texts.flatMap(\.strings).map { String(decoding: $0, as: UTF8.self) }
        let peer = SimulatedLAN.peer(1)
        #expect(texts == ["dnsaddr=/ip4/192.168.1.1/tcp/4001/p2p/\(peer)", "dnsaddr=/ip4/192.168.1.1/tcp/4002/ws/p2p/\(peer)"])
    }

    @Test func anAnswerHasTheAddressesOfBothFamilies() throws {
        let machine = MulticastDiscovery(SimulatedLAN.peer(1), seed: 1, now: Instant(nanoseconds: 0))
        let six: [UInt8] = [0xfd, 0x77] + [UInt8](repeating: 0, count: 13) + [1]
        machine.setAddresses([Multiaddr.tcp(ip: six, port: 1)], ips: [SimulatedLAN.ip(0), six], now: Instant(nanoseconds: 0))
        machine.advance(to: Instant(nanoseconds: 1_000_000_000))
        var answers: [[UInt8]] = []
        while case .send(let bytes)? = machine.pollOutput() { if bytes[2] & 0x80 != 0 { answers.append(bytes) } }
        let answer = try #require(answers.first)
        // SRV, A and AAAA.
        #expect(Array(answer[10..<12]) == [0, 3] && answer.suffix(18).elementsEqual([0, 16] + six))
    }

    /// One machine's question comes by the groups of both families: it is asked who it is, as if its question had come once. If another
    /// machine asks meanwhile, that one asks for all.
    @Test(arguments: [1, 30] as [UInt64]) func aQuestionThatComesTwiceIsOne(milliseconds: UInt64) {
        var asked = 0
        for seed in 1...20 {
            var lan = SimulatedLAN()
            for _ in 0..<seed { lan.join(tells: false) }
            lan.pass(.seconds(70))
            let machine = lan.machines[seed - 1]
            let before = lan.sent.count
            machine.received(question(), from: SimulatedLAN.endpoint(200), now: lan.now)
            lan.pass(.milliseconds(milliseconds))
            machine.received(question(), from: SimulatedLAN.endpoint(201), now: lan.now)
            lan.pass(.milliseconds(200))
            asked += lan.sent[before...].contains { $0.from == seed - 1 } ? 1 : 0
        }
        #expect(milliseconds == 1 ? asked == 20 : asked < 10, "\(asked) of 20")
    }

    @Test func anAnswerFitsIntoOneFrame() throws {
        let machine = MulticastDiscovery(SimulatedLAN.peer(1), seed: 1, now: Instant(nanoseconds: 0))
        let hashes = [[0x12, 0x20] + [UInt8](repeating: 7, count: 32)]
        let many = (1...100 as ClosedRange<UInt16>).map { port in
            Multiaddr.udp(ip: [192, 168, 1, 1], port: port).appending(code: MultiaddrCode.webRTCDirect).naming(certificates: hashes)
        }
        let sixes = (0..<20).map { [UInt8](repeating: 0xfd, count: 15) + [$0] }
        machine.setAddresses(many, ips: [[192, 168, 1, 1]] + sixes, now: Instant(nanoseconds: 0))
        machine.advance(to: Instant(nanoseconds: 1_000_000_000))
        var answers: [[UInt8]] = []
        while case .send(let bytes)? = machine.pollOutput() { if bytes[2] & 0x80 != 0 { answers.append(bytes) } }
        #expect(answers.count == 1 && answers[0].count <= MulticastDiscoveryLimits().answerSize)
        let message = try DNSMessage(answers[0], limits: MulticastDiscoveryLimits())
        #expect(message.texts.flatMap(\.strings).count >= 4)
        #expect(message.texts.flatMap(\.strings).count <= MulticastDiscoveryLimits().ownAddresses)
    }

    @Test func everyQuestionThatConcernsItIsAnswered() {
        let names: (MulticastDiscovery) -> [([UInt8], UInt16, Bool)] = {
            [
                (DNSName.service, Kind.pointer, true), (DNSName.service, Kind.any, true), (DNSName.services, Kind.pointer, true),
                ($0.instance, Kind.text, true), ($0.instance, Kind.server, true), ($0.host, Kind.a, true), ($0.host, Kind.aaaa, true),
                (DNSName.service, Kind.a, false),
                (DNSName.local, Kind.pointer, false), (Array("\u{3}foo".utf8) + DNSName.service, Kind.text, false),
            ]
        }
        var lan = SimulatedLAN()
        lan.join(limits: unmoved)
        lan.pass(.seconds(70))
        for (name, type, isAnswered) in names(lan.machines[0]) {
            let before = lan.sent.count
            lan.send(question(name, type))
            lan.pass(.milliseconds(1200))
            #expect(lan.sent[before...].contains(where: isAnswer) == isAnswered, "\(name) \(type)")
        }
    }

    @Test func whoKnowsItIsNotTold() {
        var lan = SimulatedLAN()
        lan.join(limits: unmoved)
        lan.pass(.seconds(70))
        let instance = lan.machines[0].instance
        for (lifetime, isAnswered) in [(120, false), (60, false), (59, true)] as [(UInt32, Bool)] {
            var writer = DNSWriter(isAnswer: false)
            writer.ask(DNSName.service, type: Kind.pointer)
            writer.add(DNSName.service, type: Kind.pointer, lifetime: lifetime, isOurs: false, instance + [0])
            let before = lan.sent.count
            lan.send(writer.bytes)
            lan.pass(.milliseconds(1200))
            #expect(lan.sent[before...].contains(where: isAnswer) == isAnswered, "\(lifetime)")
        }
    }

    @Test func aFarewellIsNoSighting() {
        var lan = SimulatedLAN()
        for _ in 0..<2 { lan.join() }
        lan.pass(.seconds(10))
        _ = lan.take()
        lan.end(0)
        lan.send(answer("x", ["dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/\(third)"], lifetime: 0))
        #expect(lan.take().isEmpty)
        #expect(lan.sent.last.map { $0.from == 0 && isAnswer($0) } == true)
    }

    @Test func aPeerIsReportedAgainAfterItsTime() {
        var lan = SimulatedLAN()
        lan.join(tells: false)
        let bytes = answer("x", ["dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/\(third)"])
        for _ in 0..<5 { lan.send(bytes) }
        #expect(lan.take().count == 1)
        lan.pass(.seconds(121))
        lan.send(bytes)
        #expect(lan.take().count == 1)
    }

    @Test func recordsOfOneAddressEachAreOnePeer() {
        var lan = SimulatedLAN()
        lan.join(tells: false)
        // As js-libp2p writes them.
        var writer = DNSWriter(isAnswer: true)
        let instance = DNSName.child(Array("js".utf8), of: DNSName.service)
        writer.add(DNSName.service, type: Kind.pointer, lifetime: 120, isOurs: false, instance + [0])
        for port in [1, 2] {
            let text = Array("dnsaddr=/ip4/192.168.1.9/tcp/\(port)/p2p/\(third)".utf8)
            writer.add(instance, type: Kind.text, lifetime: 120, isOurs: false, [UInt8(text.count)] + text)
        }
        lan.send(writer.bytes)
        #expect(lan.take().map(\.addresses.count) == [2])
    }

    @Test(arguments: [
        [], ["dnsaddr="], ["dnsaddr=/ip4/192.168.1.9/tcp/1"], ["/ip4/192.168.1.9/tcp/1/p2p/PEER"],
        ["dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/PEER"],
        ["dnsaddr=/ip4/0.0.0.0/tcp/1/p2p/PEER"], ["dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/PEER", "dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/OTHER"],
        ["dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/SELF"], ["dnsaddr=/p2p/PEER"], ["dnsaddr=/ip4/192.168.1.9/tcp/99999/p2p/PEER"],
    ]) func whatMakesNoSenseIsNoPeer(strings: [String]) {
        var lan = SimulatedLAN()
        lan.join(tells: false)
        let names = ["PEER": third, "OTHER": SimulatedLAN.peer(4), "SELF": SimulatedLAN.peer(1)]
        let written = strings.map { string in
            guard let name = names.keys.first(where: { string.hasSuffix($0) }) else { return string }
            return string.dropLast(name.count) + names[name]!.description
        }
        lan.send(answer("x", written))
        #expect(lan.take().isEmpty)
    }

    @Test func otherPortsAreNotListenedTo() {
        var lan = SimulatedLAN()
        lan.join()
        lan.pass(.seconds(70))
        let before = lan.sent.count
        let stranger = Endpoint(ip: [192, 168, 1, 9], port: 40_000)!
        lan.send(answer("x", ["dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/\(third)"]), from: stranger)
        lan.send(question(), from: stranger)
        lan.pass(.seconds(5))
        #expect(lan.take().isEmpty && lan.sent.count == before)
    }

    // MARK: Floods

    @Test func questionsWithoutEndGetAnAnswerASecond() {
        var lan = SimulatedLAN()
        lan.join()
        lan.pass(.seconds(70))
        let before = lan.sent.count
        for round in 0..<10_000 {
            lan.send(question(), from: SimulatedLAN.endpoint(round % 250))
            lan.pass(.milliseconds(1))
        }
        #expect(lan.sent[before...].filter(isAnswer).count <= 11)
    }

    @Test(arguments: [1, 250]) func peersWithoutEndAreBounded(senders: Int) throws {
        var lan = SimulatedLAN()
        lan.join(tells: false)
        let limits = MulticastDiscoveryLimits()
        let addresses = ["dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/", "dnsaddr=/ip4/192.168.1.9/tcp/2/p2p/"]
        for number in 0..<5000 {
            let digest = (0..<32).map { UInt8(truncatingIfNeeded: number >> (8 * ($0 % 2))) ^ UInt8($0) }
            let peer = try PeerID([0x12, 0x20] + digest)
            lan.send(answer("x\(number)", addresses.map { "\($0)\(peer)" }), from: SimulatedLAN.endpoint(number % senders))
        }
        // All in one instant.
        #expect(lan.take().count == (senders == 1 ? limits.reportsPerSender.atOnce : limits.reports.atOnce))
        #expect(lan.machines[0].found.count <= limits.peers)
        #expect(lan.machines[0].senders.count <= limits.senders)
    }

    @Test func manyPeersOverTimePushOutTheOldest() throws {
        var lan = SimulatedLAN()
        lan.join(tells: false)
        let limits = MulticastDiscoveryLimits()
        for number in 0..<2000 {
            let digest = (0..<32).map { UInt8(truncatingIfNeeded: number >> (8 * ($0 % 2))) ^ UInt8($0) }
            let peer = try PeerID([0x12, 0x20] + digest)
            lan.send(answer("x", ["dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/\(peer)"]), from: SimulatedLAN.endpoint(number % 250))
            lan.pass(.milliseconds(130))
        }
        #expect(lan.machines[0].found.count == limits.peers)
        #expect(lan.take().count > 1500)
    }

    @Test func addressesOfOnePeerAreBounded() {
        var lan = SimulatedLAN()
        lan.join(tells: false)
        lan.send(answer("x", (1...100).map { "dnsaddr=/ip4/192.168.1.9/tcp/\($0)/p2p/\(third)" }))
        #expect(lan.take().map(\.addresses.count) == [MulticastDiscoveryLimits().addresses])
    }

    @Test func aLoudSenderDoesNotSilenceOthers() {
        var lan = SimulatedLAN()
        lan.join(tells: false)
        for _ in 0..<10_000 { lan.send([0], from: SimulatedLAN.endpoint(7)) }
        lan.send(answer("x", ["dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/\(third)"]), from: SimulatedLAN.endpoint(8))
        #expect(lan.take().count == 1)
    }
}
