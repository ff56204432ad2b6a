import CausewayIdentity
import Testing

@testable import CausewayConnection

extension Pair {
    /// Sends a frame from the dialler that its own machine would not send.
    func inject(_ header: YamuxHeader, _ body: [UInt8] = []) {
        var bytes = [UInt8](repeating: 0, count: Yamux.headerSize)
        bytes.withUnsafeMutableBytes { header.write(to: $0.baseAddress!) }
        injectRaw(bytes + body)
    }

    /// The same, of any bytes, cut into Noise frames.
    func injectRaw(_ bytes: [UInt8], frame: Int = 65_519) {
        var position = 0
        while position < bytes.count {
            let end = min(position + frame, bytes.count)
            dialler.connection.sendSealed([UInt8](bytes[position..<end]))
            position = end
        }
        listener.receive(dialler.takeWire(), now: now)
        dialler.receive(listener.takeWire(), now: now)
    }

    var fault: ConnectionError? { listener.closed }
}

@Suite struct YamuxAttackTests {
    private func code(_ fault: YamuxFault) -> ConnectionError { .peerFault(.yamux, code: fault.rawValue) }
    private func header(_ kind: YamuxHeader.Kind, _ flags: YamuxHeader.Flags, _ stream: UInt32, _ length: UInt32) -> YamuxHeader {
        YamuxHeader(kind: kind, flags: flags, stream: stream, length: length)
    }

    @Test func windowUpdatesMustNotOverflow() throws {
        let pair = Pair.established()
        let id = try pair.open()
        pair.inject(header(.windowUpdate, [], id, .max - 300_000))
        #expect(pair.fault == nil)
        pair.inject(header(.windowUpdate, [], id, 300_000))
        #expect(pair.fault == code(.windowOverflow))
        let fresh = Pair.established()
        fresh.inject(header(.windowUpdate, .syn, 1, .max))
        #expect(fresh.fault == code(.windowOverflow))
    }

    @Test func aFirstFrameBeyondTheWindowIsRefusedByItsHeader() {
        let pair = Pair.established()
        pair.inject(header(.data, .syn, 1, 262_145))
        #expect(pair.fault == code(.windowExceeded))
    }

    @Test func dataBeyondTheWindowAreRefused() throws {
        let pair = Pair.established()
        pair.listener.consumes = false
        let id = try pair.open()
        // Negotiating took 29 bytes of it.
        let left = pair.listener.connection.windows[id]!.receiveWindow
        pair.inject(header(.data, [], id, left - 1), [UInt8](repeating: 1, count: Int(left) - 1))
        #expect(pair.fault == nil)
        pair.inject(header(.data, [], id, 2), [1, 1])
        #expect(pair.fault == code(.windowExceeded))
        #expect(pair.listener.has(.streamClosed(id, .connection(code(.windowExceeded)))))
    }

    @Test func aFrameAsLargeAsTheWindowArrivesInPieces() throws {
        let pair = Pair.established()
        let id = try pair.open()
        let size = Int(pair.listener.connection.windows[id]!.receiveWindow)
        let body = [UInt8].pattern(size)
        var bytes = [UInt8](repeating: 0, count: Yamux.headerSize)
        bytes.withUnsafeMutableBytes { header(.data, .fin, id, UInt32(size)).write(to: $0.baseAddress!) }
        pair.injectRaw(bytes + body, frame: 10_001)
        #expect(pair.listener.data[id] == body)
        #expect(pair.listener.pieces[id]! > 20)
        #expect(pair.listener.has(.finished(id)))
    }

    @Test func headersMayBeCutAnywhere() throws {
        for size in [1, 5, 11, 12, 13] {
            let pair = Pair.established()
            let id = try pair.open()
            var bytes: [UInt8] = []
            for byte in 0..<20 as Range<UInt8> {
                var head = [UInt8](repeating: 0, count: Yamux.headerSize)
                head.withUnsafeMutableBytes { header(.data, [], id, 1).write(to: $0.baseAddress!) }
                bytes += head + [byte]
            }
            pair.injectRaw(bytes, frame: size)
            #expect(pair.listener.data[id] == [UInt8](0..<20))
        }
    }

    @Test func framesOfClosedStreamsAreIgnored() throws {
        let pair = Pair.established()
        let id = try pair.open()
        pair.listener.machine.reset(id)
        pair.listener.poll()
        pair.inject(header(.windowUpdate, [], id, .max))
        pair.inject(header(.data, [], id, 5), [1, 2, 3, 4, 5])
        pair.inject(header(.data, .fin, id, 0))
        pair.inject(header(.windowUpdate, .rst, id, 3))
        #expect(pair.fault == nil)
        #expect(pair.listener.machine.streams.count == 0)
        // The next stream's frames are found behind what was skipped.
        let next = try pair.open()
        #expect(pair.dialler.has(.streamReady(next, protocolID: Pair.echo.name)))
    }

    @Test func idsAreCheckedWhenStreamsOpen() throws {
        for (id, fault) in [(2, .wrongParity), (1 << 31 | 1, .idsExhausted), (0, .badStreamID)] as [(UInt32, YamuxFault)] {
            let pair = Pair.established()
            pair.inject(header(.windowUpdate, .syn, id, 0))
            #expect(pair.fault == code(fault))
        }
        let pair = Pair.established()
        let id = try pair.open()
        pair.inject(header(.data, .syn, id, 0))
        #expect(pair.fault == code(.duplicateStream))
    }

    @Test func whatIsUnknownIsRefused() {
        for (bytes, fault) in [
            ([1, 0, 0, 0], .unknownVersion), ([0, 4, 0, 0], .unknownType), ([0, 0, 0, 0x10], .unknownFlags),
            ([0, 0, 0x80, 1], .unknownFlags),
        ] as [([UInt8], YamuxFault)] {
            let pair = Pair.established()
            pair.injectRaw(bytes + [0, 0, 0, 1, 0, 0, 0, 0])
            #expect(pair.fault == code(fault))
        }
        let pair = Pair.established()
        pair.inject(header(.ping, .syn, 3, 0))
        #expect(pair.fault == code(.badStreamID))
    }

    @Test func dataBehindFinishAreRefused() throws {
        let pair = Pair.established()
        let id = try pair.open()
        pair.inject(header(.windowUpdate, .fin, id, 0))
        pair.inject(header(.data, [], id, 1), [1])
        #expect(pair.fault == code(.dataAfterFinish))
    }

    @Test(arguments: [0, 1, 2, 77] as [UInt32])
    func goAwayEndsTheConnection(value: UInt32) throws {
        let pair = Pair.established()
        let id = try pair.open()
        pair.inject(header(.goAway, [], 0, value))
        #expect(pair.fault == .goAway(code: value))
        #expect(pair.listener.has(.streamClosed(id, .connection(.goAway(code: value)))))
    }

    @Test func pingsAreBoundedWhileTheRemoteDoesNotRead() {
        let pair = Pair.established()
        var limits = 0
        for value in 0..<20_000 as Range<UInt32> {
            pair.dialler.connection.sendControl(.ping, .syn, stream: 0, length: value, in: pair.dialler.machine)
            pair.listener.receive(pair.dialler.takeWire(), now: pair.now)
            limits = max(limits, pair.listener.connection.wire.count)
            if pair.fault != nil { break }
        }
        #expect(pair.fault == .limit(.pendingControlFrames, value: 1024))
        #expect(limits < 420 << 10)
    }

    @Test func strayAnswersToPingsAreIgnored() {
        let pair = Pair.established()
        let before = pair.listener.outputs.count
        pair.inject(header(.ping, .ack, 0, 12345))
        pair.inject(header(.ping, [], 0, 1))
        #expect(pair.fault == nil)
        #expect(pair.listener.outputs.count == before)
    }

    @Test func streamsThatNobodyNegotiatesAreBoundedAndEnd() {
        let pair = Pair.established()
        for number in 0..<3000 as Range<UInt32> { pair.inject(header(.windowUpdate, .syn, 2 * number + 1, 0)) }
        #expect(pair.fault == nil)
        #expect(pair.listener.machine.streams.count == 1024)
        pair.listener.machine.advance(to: pair.now + .seconds(11))
        pair.listener.poll()
        #expect(pair.listener.machine.streams.count == 0)
        #expect(pair.listener.machine.inboundStreams == 0)
        #expect(pair.fault == nil)
    }

    private let fruitless = ConnectionError.limit(.fruitlessStreams, value: 2048)

    /// Opens streams and resets them in a row, with what their first frame says, until the connection is lost. Answers how many they were.
    private func openAndReset(_ pair: Pair, _ body: [UInt8], atMost count: UInt32 = 3000) -> UInt32 {
        for number in 0..<count {
            pair.inject(header(.data, .syn, 2 * number + 1, UInt32(body.count)), body)
            pair.inject(header(.windowUpdate, .rst, 2 * number + 1, 0))
            if pair.fault != nil { return number }
        }
        return count
    }

    private func proposal(_ name: String) -> [UInt8] {
        var bytes: [UInt8] = []
        Multistream.append(Multistream.header, to: &bytes)
        Multistream.append([UInt8](name.utf8), to: &bytes)
        return bytes
    }

    @Test(arguments: ["", "/echo/1"]) func streamsOpenedAndResetInARowCostTheConnection(name: String) {
        let pair = Pair.established()
        #expect(openAndReset(pair, name.isEmpty ? [] : proposal(name)) == 2048)
        #expect(pair.fault == fruitless)
        #expect(pair.listener.machine.streams.count == 0)
        #expect(pair.dialler.closed == .goAway(code: 2))
    }

    @Test func streamsOpenedAndResetNowAndThenDoNot() {
        let pair = Pair.established()
        for number in 0..<10_000 as Range<UInt32> {
            pair.now = pair.now + .milliseconds(8)
            pair.inject(header(.windowUpdate, .syn, 2 * number + 1, 0))
            pair.inject(header(.windowUpdate, .rst, 2 * number + 1, 0))
        }
        #expect(pair.fault == nil)
        #expect(pair.listener.machine.deadline == .distantFuture)
    }

    @Test func refusedProtocolsInARowCostTheConnection() {
        let pair = Pair.established()
        var number: UInt32 = 0
        while pair.fault == nil, number < 3000 {
            let body = proposal("/nobody/1")
            pair.inject(header(.data, .syn, 2 * number + 1, UInt32(body.count)), body)
            pair.inject(header(.data, .fin, 2 * number + 1, 0))
            number += 1
        }
        #expect(pair.fault == fruitless)
        #expect(number <= 2049)
    }

    /// As rust-libp2p ends a stream whose answer it has: not a fault, however often.
    @Test func streamsResetOnceWeAreDoneDoNotCount() throws {
        let pair = Pair.established()
        for _ in 0..<5000 {
            let id = try pair.open()
            pair.listener.machine.finish(id)
            pair.run()
            pair.dialler.machine.reset(id)
            pair.run()
        }
        #expect(pair.fault == nil)
        #expect(pair.listener.machine.streams.count == 0)
    }

    /// What an application has not read of a stream that is over counts on: nobody forgets it.
    @Test func anUnreadStreamStaysUntilItIsRead() throws {
        let pair = Pair.established()
        pair.listener.consumes = false
        let id = try pair.open()
        try pair.dialler.write(id, .pattern(100_000))
        pair.dialler.machine.finish(id)
        pair.listener.machine.finish(id)
        pair.run()
        #expect(pair.listener.has(.finished(id)))
        #expect(pair.listener.machine.inboundStreams == 1)
        #expect(pair.listener.machine.unread == 100_000)
        pair.listener.machine.consumed(id, 99_999)
        pair.listener.poll()
        #expect(pair.listener.machine.streams.count == 1)
        pair.listener.machine.consumed(id, 1)
        pair.listener.poll()
        #expect(pair.listener.machine.streams.count == 0)
        #expect(pair.listener.has(.streamClosed(id, nil)))
    }

    @Test func refusedStreamsAreAnsweredByAReset() throws {
        var limits = ConnectionLimits()
        limits.inboundStreams = 2
        let pair = Pair.established(limits: limits)
        let ids = try (0..<3).map { _ in try pair.open() }
        #expect(pair.dialler.has(.streamReady(ids[1], protocolID: Pair.echo.name)))
        #expect(pair.dialler.has(.streamFailed(ids[2], .reset(code: 0))))
    }

    @Test func streamsThatTheRemoteDoesNotAcceptAreBounded() throws {
        let pair = Pair.established()
        for _ in 0..<256 { _ = try pair.dialler.open("/echo/1", now: pair.now) }
        #expect(throws: StreamError.limit(.streamsAwaitingAccept, value: 256)) { try pair.dialler.open("/echo/1", now: pair.now) }
        pair.run()
        _ = try pair.dialler.open("/echo/1", now: pair.now)
    }

    @Test func errorsNameTheOffenderAndTellIt() throws {
        let pair = Pair.established()
        let id = try pair.open()
        pair.dialler.connection.sendSealed([9, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
        pair.run()
        #expect(pair.listener.closed == code(.unknownVersion))
        #expect(pair.dialler.closed == .goAway(code: 1))
        #expect(pair.dialler.has(.streamClosed(id, .connection(.goAway(code: 1)))))
    }
}
