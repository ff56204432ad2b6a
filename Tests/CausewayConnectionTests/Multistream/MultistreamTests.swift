import CausewayIdentity
import Testing

@testable import CausewayConnection

@Suite struct MultistreamTests {
    private func text(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        Multistream.append([UInt8](text.utf8), to: &bytes)
        return bytes
    }

    /// What a listener makes of these bytes before it knows who speaks.
    private func listen(_ bytes: [UInt8], limits: ConnectionLimits = ConnectionLimits()) -> Side {
        let side = Side(Pair.configuration(initiator: false, limits: limits), now: Instant(nanoseconds: 1))
        side.receive(bytes, now: Instant(nanoseconds: 2))
        return side
    }

    private func code(_ fault: MultistreamFault) -> ConnectionError { .peerFault(.multistream, code: fault.rawValue) }

    @Test func theListenerSpeaksSecond() {
        let side = listen([])
        #expect(side.takeWire().isEmpty)
        side.receive(text("/multistream/1.0.0"), now: Instant(nanoseconds: 3))
        #expect(side.takeWire() == text("/multistream/1.0.0"))
        side.receive(text("/tls/1.0.0"), now: Instant(nanoseconds: 3))
        #expect(side.takeWire() == text("na"))
        side.receive(text("/noise"), now: Instant(nanoseconds: 3))
        #expect(side.takeWire() == text("/noise"))
    }

    @Test func prefixesThatAnnounceTooMuchAreRefused() {
        #expect(listen([0x81, 0x08]).closed == code(.messageTooLong))
        // A length of 2^63 and one that never ends.
        #expect(listen([UInt8](repeating: 0xff, count: 9) + [1]).closed == code(.messageTooLong))
        #expect(listen([UInt8](repeating: 0x80, count: 100)).closed == code(.messageTooLong))
    }

    @Test func messagesNeedTheirLineFeed() {
        #expect(listen([0]).closed == code(.missingLineFeed))
        #expect(listen([3, 0x61, 0x62, 0x63]).closed == code(.missingLineFeed))
    }

    @Test func anotherHeaderIsRefused() {
        #expect(listen(text("/multistream/2.0.0")).closed == code(.unexpectedHeader))
    }

    @Test(arguments: ["na", "ls", "/x"])
    func proposalsWithoutEndAreEnded(proposal: String) {
        var limits = ConnectionLimits()
        limits.multistreamRounds = 64
        var bytes = text("/multistream/1.0.0")
        for _ in 0..<200 { bytes += text(proposal) }
        let side = listen(bytes, limits: limits)
        #expect(side.closed == code(.tooManyRounds))
        let answered = side.takeWire().count
        #expect(answered <= 20 + 64 * 4)
    }

    @Test func aDiallerRefusesWrongAnswers() {
        for (answer, error) in [
            (text("/multistream/1.0.0") + text("/tls/1.0.0"), code(.unexpectedAnswer)),
            (text("/multistream/1.0.0") + text("na"), .noCommonProtocol(.noise)),
            (text("na"), code(.unexpectedHeader)),
        ] {
            let side = Side(Pair.configuration(initiator: true), now: Instant(nanoseconds: 1))
            side.receive(answer, now: Instant(nanoseconds: 2))
            #expect(side.closed == error)
        }
    }

    // On a stream, only the stream suffers.

    @Test func aStreamThatNeverSettlesIsReset() throws {
        let pair = Pair.established()
        pair.inject(YamuxHeader(kind: .windowUpdate, flags: .syn, stream: 1, length: 0))
        pair.inject(YamuxHeader(kind: .data, flags: [], stream: 1, length: 1), [19])
        #expect(pair.listener.machine.inboundStreams == 1)
        pair.listener.machine.advance(to: pair.now + .seconds(9))
        #expect(pair.listener.machine.inboundStreams == 1)
        pair.listener.machine.advance(to: pair.now + .seconds(11))
        #expect(pair.listener.machine.inboundStreams == 0)
        #expect(pair.listener.machine.deadline == .distantFuture)
        #expect(pair.listener.closed == nil)
    }

    @Test func aStreamOfOursThatIsNotAnsweredTimesOut() throws {
        let pair = Pair.established()
        let id = try pair.dialler.open("/echo/1", now: pair.now)
        _ = pair.dialler.takeWire()
        pair.dialler.machine.advance(to: pair.now + .seconds(11))
        pair.dialler.poll()
        #expect(pair.dialler.has(.streamFailed(id, .timedOut)))
    }

    @Test func faultsOnAStreamEndTheStream() throws {
        let pair = Pair.established()
        let neighbour = try pair.open()
        for (number, body) in [[0x80, 0x80, 0x80, 0x80], [0], [2, 0x61, 0x0a]].enumerated() {
            let id = UInt32(3 + 2 * number)
            pair.inject(YamuxHeader(kind: .data, flags: .syn, stream: id, length: UInt32(body.count)), body.map { UInt8($0) })
            #expect(!pair.listener.machine.hasStream(id))
        }
        try pair.dialler.write(neighbour, [1])
        pair.run()
        #expect(pair.listener.data[neighbour] == [1])
        #expect(pair.listener.opened == [neighbour])
    }
}
