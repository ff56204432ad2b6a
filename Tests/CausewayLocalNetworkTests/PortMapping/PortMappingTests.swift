import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayLocalNetwork

private let ways: [GatewayProtocol] = [.pcp, .natPMP]

private func external(_ ip: [UInt8] = [5, 1, 2, 3], _ port: UInt16 = 4001) -> Endpoint { Endpoint(ip: ip, port: port)! }

extension PortMappingChange.State {
    fileprivate var mapped: Endpoint? { if case .mapped(let at, _) = self { at } else { nil } }
    fileprivate var renewed: Endpoint? { if case .renewed(let at, _) = self { at } else { nil } }
}

@Suite("Port mapping") struct PortMappingTests {
    private func run(_ by: GatewayProtocol, _ limits: PortMappingLimits = PortMappingLimits()) -> MappingRun {
        let run = MappingRun(limits)
        run.gateway.speaks = [by]
        return run
    }

    @Test(arguments: ways) func portsAreMappedAndRenewedAtHalfTheirTime(by: GatewayProtocol) {
        var run = run(by)
        run.map()
        run.pass(.seconds(1))
        #expect(run.take().map(\.mapped) == [external(), external()])
        #expect(run.gateway.mappings.count == 2)
        run.pass(.seconds(598))
        #expect(run.take().isEmpty)
        run.pass(.seconds(2))
        #expect(run.take().map(\.renewed) == [external(), external()])
        run.pass(.seconds(86_400))
        #expect(run.take().allSatisfy { $0.renewed != nil })
        // Two ports for 145 times ten minutes, and NAT-PMP asks for the address, too.
        #expect(run.gateway.requests.count < 700)
    }

    @Test func pcpIsPreferred() {
        var run = MappingRun()
        run.map([MappingRun.tcp])
        run.pass(.seconds(5))
        #expect(run.gateway.requests.contains { $0[0] == 2 && $0[1] == 1 })
        #expect(!run.gateway.requests.contains { $0[0] == 0 && $0[1] != 0 })
    }

    @Test(arguments: ways) func anotherPortIsTaken(by: GatewayProtocol) {
        var run = run(by)
        run.gateway.shift = 17
        run.map([MappingRun.tcp])
        run.pass(.seconds(1))
        #expect(run.take().map(\.mapped) == [external([5, 1, 2, 3], 4018)])
        // The port that it has now is asked for again.
        run.pass(.seconds(600))
        let last = run.gateway.requests.last!
        let asked = by == .pcp ? last[42..<44] : last[6..<8]
        #expect(Array(asked) == [4018 >> 8, 4018 & 0xff])
    }

    @Test(arguments: ways) func aSilentGatewayIsLeftInPeace(by: GatewayProtocol) {
        var run = run(by)
        run.gateway.isSilent = true
        run.map()
        run.pass(.seconds(599))
        #expect(run.take() == [.refused(.silent), .refused(.silent)])
        #expect(run.gateway.requests.count == 6)
        run.gateway.isSilent = false
        run.pass(.seconds(5))
        #expect(run.take().map(\.mapped) == [external(), external()])
    }

    @Test func aGatewayWhereNobodyListensIsNotWaitedFor() {
        var run = MappingRun()
        run.gateway.isSilent = true
        run.map()
        run.unreachable()
        // Then it is looked for by UPnP.
        run.pass(.seconds(3))
        #expect(run.take() == [.refused(.silent), .refused(.silent)])
        #expect(run.gateway.requests.count == 2)
    }

    @Test(arguments: ways) func aMappingEndsWithItsTime(by: GatewayProtocol) {
        var run = run(by)
        run.map()
        run.pass(.seconds(100))
        _ = run.take()
        run.gateway.isSilent = true
        run.pass(.seconds(1098))
        #expect(run.take().isEmpty)
        run.pass(.seconds(10))
        #expect(run.take() == [.lost(.silent), .lost(.silent)])
        // It may be that only the answers of one hour were lost.
        run.gateway.isSilent = false
        run.pass(.seconds(610))
        #expect(run.take().map(\.mapped) == [external(), external()])
    }

    @Test(
        arguments: ways,
        [[100, 64, 3, 4], [192, 168, 0, 2], [10, 1, 1, 1], [169, 254, 1, 1], [127, 0, 0, 1], [0, 0, 0, 0]] as [[UInt8]])
    func anAddressThatIsNotPublicIsSaid(by: GatewayProtocol, ip: [UInt8]) {
        var run = run(by)
        run.gateway.external = ip
        run.map([MappingRun.tcp])
        run.pass(.seconds(500))
        #expect(run.take() == [.refused(.notPublic(ip))])
        #expect(run.gateway.mappings.isEmpty)
    }

    @Test(arguments: ways) func aNewAddressOfTheGatewayIsToldWithTheNextRenewal(by: GatewayProtocol) {
        var run = run(by)
        run.map([MappingRun.udp])
        run.pass(.seconds(100))
        _ = run.take()
        run.gateway.external = [5, 9, 9, 9]
        run.pass(.seconds(510))
        #expect(run.take().compactMap(\.mapped) == [external([5, 9, 9, 9])])
        run.gateway.external = [100, 64, 0, 9]
        run.pass(.seconds(610))
        #expect(run.take() == [.lost(.notPublic([100, 64, 0, 9]))])
    }

    @Test(arguments: ways) func aRefusalIsSaidOnceAndTheGatewayAskedAgain(by: GatewayProtocol) {
        var run = run(by)
        run.gateway.refusal = 2
        run.map([MappingRun.tcp])
        run.pass(.seconds(2000))
        #expect(run.take() == [.refused(.refused(by, code: 2))])
        run.gateway.refusal = 0
        run.pass(.seconds(601))
        #expect(run.take().map(\.mapped) == [external()])
    }

    @Test(arguments: ways, [0, 1, 59] as [UInt32]) func aMappingForNoTimeIsNone(by: GatewayProtocol, lifetime: UInt32) {
        var run = run(by)
        run.gateway.lifetime = lifetime
        run.map([MappingRun.tcp])
        run.pass(.seconds(599))
        #expect(run.take() == [.refused(.nonsense(by))])
    }

    @Test(arguments: ways) func aMappingForEverIsADay(by: GatewayProtocol) {
        var run = run(by)
        run.gateway.lifetime = .max
        run.map([MappingRun.tcp])
        run.pass(.seconds(1))
        guard case .mapped(_, let until)? = run.take().first else { return #expect(Bool(false), "not mapped") }
        #expect((until - run.now).seconds <= UInt64(PortMappingLimits().longestLifetime))
    }

    @Test(arguments: ways) func portZeroIsNonsense(by: GatewayProtocol) {
        var run = run(by)
        run.gateway.shift = 0 &- 4001
        run.map([MappingRun.tcp])
        run.pass(.seconds(1))
        #expect(run.take() == [.refused(.nonsense(by))])
    }

    @Test(arguments: ways) func allIsMappedAgainWhenTheGatewayHasRestarted(by: GatewayProtocol) {
        var run = run(by)
        run.map([MappingRun.tcp])
        run.pass(.seconds(300))
        // The second port is asked for later, so that its answer tells of the restart before the first is renewed.
        run.gateway.restart(at: run.now)
        run.map([MappingRun.tcp, MappingRun.udp])
        run.pass(.seconds(1))
        #expect(run.gateway.mappings.count == 2)
        _ = run.take()
    }

    @Test(arguments: ways) func anAnnouncementHasAllMappedAgain(by: GatewayProtocol) {
        var run = run(by)
        run.map()
        run.pass(.seconds(300))
        _ = run.take()
        run.announce(run.gateway.announcement(at: run.now))
        run.pass(.seconds(3))
        // It has not restarted.
        #expect(run.take().isEmpty)
        run.gateway.restart(at: run.now)
        run.announce(run.gateway.announcement(at: run.now))
        run.pass(PortMappingLimits().longestDelay)
        #expect(run.take().map(\.renewed) == [external(), external()] && run.gateway.mappings.count == 2)
    }

    @Test func anAnnouncedAddressIsAskedFor() {
        var run = run(.natPMP)
        run.map([MappingRun.tcp])
        run.pass(.seconds(100))
        _ = run.take()
        // Somebody's lie.
        var lie = run.gateway.announcement(at: run.now)
        lie.replaceSubrange(8..<12, with: [6, 6, 6, 6])
        run.announce(lie)
        run.pass(.seconds(40))
        #expect(run.take().map(\.renewed) == [external()])
        run.gateway.external = [5, 9, 9, 9]
        run.announce(run.gateway.announcement(at: run.now))
        run.pass(PortMappingLimits().longestDelay)
        #expect(run.take().compactMap(\.mapped) == [external([5, 9, 9, 9])])
    }

    @Test(arguments: ways) func aGatewayThatAnnouncesItselfIsAskedAgain(by: GatewayProtocol) {
        var run = run(by)
        run.gateway.isSilent = true
        run.map([MappingRun.tcp])
        run.pass(.seconds(20))
        #expect(run.take() == [.refused(.silent)])
        run.gateway.isSilent = false
        run.announce(run.gateway.announcement(at: run.now))
        run.pass(.seconds(3))
        #expect(run.take().map(\.mapped) == [external()])
    }

    @Test(arguments: ways) func announcementsMakeNoStorm(by: GatewayProtocol) {
        var run = run(by)
        run.map()
        var random = RandomSource(seed: 7)
        for _ in 0..<3600 {
            var bytes = run.gateway.announcement(at: run.now)
            let place = by == .pcp ? 8 : 4
            for index in place..<place + 4 { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
            run.announce(bytes)
            run.announce([UInt8](repeating: 2, count: 60))
            run.pass(.seconds(1))
        }
        // Two ports twice in a minute; NAT-PMP asks for the address, too.
        #expect(run.gateway.requests.count < 120 * 4 + 50)
    }

    @Test(arguments: ways) func aClockThatJumpsMakesNoStorm(by: GatewayProtocol) {
        var run = run(by)
        var seconds: UInt32 = 7
        run.gateway.epoch = {
            seconds = seconds &* 1_664_525 &+ 1_013_904_223
            return seconds
        }
        run.map()
        run.pass(.seconds(3600))
        // Not more often than the gap between two restarts allows.
        #expect(run.gateway.requests.count < 800)
    }

    @Test(arguments: ways) func theGatewayEndsMappingsAtTheEnd(by: GatewayProtocol) {
        var run = run(by)
        run.map()
        run.pass(.seconds(1))
        #expect(run.gateway.mappings.count == 2)
        run.release()
        #expect(run.isReleased && run.gateway.mappings.isEmpty)
        run.pass(.seconds(10_000))
        #expect(run.mapping.nextDeadline == .distantFuture)
    }

    @Test(arguments: ways) func theEndIsBounded(by: GatewayProtocol) {
        var run = run(by)
        run.map()
        run.pass(.seconds(1))
        run.gateway.isSilent = true
        run.release()
        #expect(!run.isReleased)
        run.pass(PortMappingLimits().release)
        #expect(run.isReleased)
    }

    @Test func nothingIsWaitedForIfNothingIsMapped() {
        var run = MappingRun()
        run.gateway.isSilent = true
        run.map()
        run.release()
        #expect(run.isReleased)
    }

    @Test(arguments: ways) func aPortThatIsNotWantedIsEnded(by: GatewayProtocol) {
        var run = run(by)
        run.map()
        run.pass(.seconds(1))
        _ = run.take()
        run.map([MappingRun.udp])
        #expect(run.take() == [.lost(.networkChanged)])
        #expect(Array(run.gateway.mappings.keys) == [MappingRun.udp])
    }

    @Test func onlySoManyPortsAreMapped() {
        var run = MappingRun()
        run.map((1...100).map { MappedPort(.tcp, $0) })
        run.pass(.seconds(10))
        #expect(run.gateway.mappings.count == PortMappingLimits().ports)
    }

    /// Answers that others make up, or that were on their way for long.
    @Test(arguments: ways) func answersToNothingChangeNothing(by: GatewayProtocol) {
        var run = run(by)
        run.map([MappingRun.tcp])
        run.pass(.seconds(1))
        _ = run.take()
        var answers = run.gateway.requests.flatMap { run.gateway.answer(to: $0, at: run.now) }
        // Whoever speaks as the gateway may give it another address: that is another test.
        if by == .natPMP { answers.removeAll { $0[1] == 128 } }
        for length in [0, 1, 7, 8, 11, 15, 23, 24, 59, 1101] { answers.append([UInt8](repeating: by == .pcp ? 2 : 0, count: length)) }
        for answer in answers {
            run.receive(answer)
            // Another one's nonce, port or protocol.
            for index in answer.indices where by == .pcp ? index >= 24 && index < 42 : index >= 8 {
                var other = answer
                other[index] ^= 0x55
                run.receive(other)
            }
        }
        #expect(run.take().isEmpty)
    }

    /// The nonce, the IP protocol, the internal port.
    @Test(arguments: [24, 35, 36, 41]) func anAnswerToAnotherRequestIsNotWaitedFor(bent: Int) {
        var run = run(.pcp)
        run.gateway.twist = { answer in
            var other = answer
            if answer.count > bent { other[bent] ^= 1 }
            return other
        }
        run.map([MappingRun.tcp])
        run.pass(.seconds(1))
        #expect(run.take().isEmpty && !run.gateway.mappings.isEmpty)
        run.gateway.twist = { $0 }
        run.pass(.seconds(3))
        #expect(run.take().map(\.mapped) == [external()])
    }

    @Test(arguments: ways, 0..<200 as Range<UInt64>) func bentAnswersDoNoHarm(by: GatewayProtocol, seed: UInt64) {
        var run = run(by)
        var random = RandomSource(seed: seed)
        run.gateway.twist = { answer in
            var bent = answer
            for _ in 0..<1 + random.below(4) { bent[random.below(bent.count)] = UInt8(truncatingIfNeeded: random.next()) }
            if random.below(4) == 0 { bent.removeLast(random.below(bent.count)) }
            return bent
        }
        run.map()
        run.pass(.seconds(7200))
        // Two hours' requests, those again that got no answer, and all of them whenever the clock seemed to jump.
        #expect(run.gateway.requests.count < 4000)
        run.release()
        run.pass(.seconds(1))
        #expect(run.isReleased)
    }

    /// A forged address moves no mapping past its end, and the true one takes its place.
    @Test func anAddressIsBelievedUntilTheNextOne() {
        var run = run(.natPMP)
        run.map([MappingRun.tcp])
        run.pass(.seconds(1))
        _ = run.take()
        run.receive([0, 128, 0, 0, 0, 0, 3, 0xe9, 6, 6, 6, 6])
        #expect(run.take().compactMap(\.mapped) == [external([6, 6, 6, 6])])
        run.pass(.seconds(610))
        #expect(run.take().compactMap(\.mapped) == [external()])
    }
}

@Suite("What a gateway speaks") struct GatewayInquiryTests {
    private let start = Instant(nanoseconds: 5_000_000_000)

    private func inquire(_ gateway: SimulatedGateway) -> (GatewayInquiry, Interval) {
        var (inquiry, now) = (GatewayInquiry(from: MappingRun.client, now: start), start)
        while !inquiry.isOver(at: now) {
            now = max(now, inquiry.nextDeadline)
            for request in inquiry.advance(to: now) {
                for answer in gateway.answer(to: request, at: now) { inquiry.received(answer, now: now) }
            }
        }
        return (inquiry, now - start)
    }

    @Test func isFoundOutInTime() {
        for speaks in [[], [.pcp], [.natPMP], [.pcp, .natPMP]] as [Set<GatewayProtocol>] {
            let gateway = SimulatedGateway()
            gateway.speaks = speaks
            let (inquiry, time) = inquire(gateway)
            #expect(inquiry.speaksPCP == speaks.contains(.pcp))
            #expect(inquiry.speaksNATPMP == speaks.contains(.natPMP))
            #expect((inquiry.external == [5, 1, 2, 3]) == speaks.contains(.natPMP))
            #expect(time <= .milliseconds(1400))
            #expect(gateway.requests.count <= 2 * GatewayInquiry.requests && gateway.mappings.isEmpty)
        }
    }
}
