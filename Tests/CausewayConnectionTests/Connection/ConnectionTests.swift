import CausewayIdentity
import Testing

@testable import CausewayConnection

@Suite struct ConnectionTests {
    @Test(arguments: [false, true])
    func handshakeProvesBothSides(webSocket: Bool) {
        let pair = Pair.established(webSocket: webSocket)
        let (one, two) = (Pair.identity(1).key.publicKey, Pair.identity(2).key.publicKey)
        #expect(pair.dialler.outputs.first == .established(two.peerID, two))
        #expect(pair.listener.outputs.first == .established(one.peerID, one))
        #expect(pair.dialler.connection.roundTrip != nil)
        #expect(pair.listener.connection.roundTrip != nil)
    }

    @Test(arguments: [1, 2, 7, 100], [false, true])
    func cutsDoNotMatter(chunk: Int, webSocket: Bool) throws {
        for prepares in [false, true] {
            let pair = Pair(webSocket: webSocket)
            pair.chunk = chunk
            pair.dialler.prepares = prepares
            pair.listener.prepares = prepares
            pair.run()
            let id = try pair.open()
            let sent = [UInt8].pattern(3000)
            #expect(try pair.dialler.write(id, sent) == sent.count)
            pair.run()
            #expect(pair.listener.data[id] == sent)
            #expect(try pair.listener.write(id, sent) == sent.count)
            pair.dialler.machine.finish(id)
            pair.listener.machine.finish(id)
            pair.run()
            #expect(pair.dialler.data[id] == sent)
            #expect(pair.dialler.has(.streamClosed(id, nil)))
            #expect(pair.listener.has(.streamClosed(id, nil)))
            #expect(pair.dialler.connection.stashed == 0)
        }
    }

    @Test func threeRoundTripsToTheFirstAnswer() throws {
        let pair = Pair()
        // TCP's own is the first; this is the second: header, proposal and Noise's first message at once.
        pair.listener.receive(pair.dialler.takeWire(), now: pair.now)
        pair.dialler.receive(pair.listener.takeWire(), now: pair.now)
        #expect(pair.dialler.isEstablished)
        let id = try pair.dialler.open("/echo/1", now: pair.now)
        try pair.dialler.write(id, [1, 2, 3])
        // The third.
        pair.listener.receive(pair.dialler.takeWire(), now: pair.now)
        #expect(pair.listener.data[id] == [1, 2, 3])
    }

    @Test func aWriteStaysOnePiece() throws {
        let pair = Pair.established()
        let id = try pair.open()
        try pair.dialler.write(id, .pattern(32 << 10))
        pair.run()
        #expect(pair.listener.pieces[id] == 1)
    }

    @Test func halfCloseLeavesTheOtherDirection() throws {
        let pair = Pair.established()
        let id = try pair.open()
        pair.dialler.machine.finish(id)
        pair.run()
        #expect(pair.listener.has(.finished(id)))
        #expect(throws: StreamError.closed) { try pair.dialler.write(id, [1]) }
        try pair.listener.write(id, [9, 9])
        pair.listener.machine.finish(id)
        pair.run()
        #expect(pair.dialler.data[id] == [9, 9])
        #expect(pair.dialler.has(.streamClosed(id, nil)))
        #expect(!pair.dialler.machine.hasStream(id))
        #expect(!pair.listener.machine.hasStream(id))
    }

    @Test func finishWaitsForTheProtocol() throws {
        let pair = Pair.established()
        let id = try pair.dialler.open("/echo/1", now: pair.now)
        try pair.dialler.write(id, [5])
        pair.dialler.machine.finish(id)
        // What goes out before the answer holds no FIN.
        pair.listener.receive(pair.dialler.takeWire(), now: pair.now)
        #expect(pair.listener.data[id] == [5])
        #expect(!pair.listener.has(.finished(id)))
        pair.run()
        #expect(pair.listener.has(.finished(id)))
    }

    @Test func resetEndsBothDirections() throws {
        let pair = Pair.established()
        let id = try pair.open()
        pair.listener.machine.reset(id, code: 7)
        pair.run()
        #expect(pair.dialler.has(.streamClosed(id, .reset(code: 7))))
        #expect(pair.listener.has(.streamClosed(id, .resetLocally)))
    }

    @Test func proposalsAreTriedInTurn() throws {
        let pair = Pair.established()
        let id = try pair.dialler.open("/none/1", "/none/2", "/echo/1", now: pair.now)
        #expect(try pair.dialler.write(id, [1]) == 0)
        pair.run()
        #expect(pair.dialler.has(.streamReady(id, protocolID: Pair.echo.name)))
        #expect(pair.dialler.has(.writable(id)))
        #expect(try pair.dialler.write(id, [1]) == 1)

        let none = try pair.dialler.open("/none/1", now: pair.now)
        pair.run()
        #expect(pair.dialler.has(.streamFailed(none, .unsupportedProtocol)))
        #expect(pair.dialler.closed == nil)
    }

    @Test func limitedConnectionsServeWhatAllowsIt() throws {
        let pair = Pair.established()
        pair.listener.machine.isLimited = true
        let direct = try pair.open("/direct/1")
        #expect(pair.dialler.has(.streamFailed(direct, .unsupportedProtocol)))
        let echo = try pair.open("/echo/1")
        #expect(pair.dialler.has(.streamReady(echo, protocolID: Pair.echo.name)))
    }

    @Test func manyStreamsBothWays() throws {
        let pair = Pair.established()
        pair.chunk = 1000
        var (there, back): ([UInt32], [UInt32]) = ([], [])
        for number in 0..<200 {
            there.append(try pair.dialler.open("/echo/1", now: pair.now))
            back.append(try pair.listener.open("/echo/1", now: pair.now))
            try pair.dialler.write(there[number], .pattern(number))
            try pair.listener.write(back[number], .pattern(number, 1))
        }
        pair.run()
        for number in 0..<200 {
            #expect(pair.listener.data[there[number]] ?? [] == .pattern(number))
            #expect(pair.dialler.data[back[number]] ?? [] == .pattern(number, 1))
            pair.dialler.machine.finish(there[number])
            pair.listener.machine.finish(there[number])
            pair.listener.machine.reset(back[number])
        }
        pair.run()
        for side in [pair.dialler, pair.listener] {
            #expect(side.machine.streams.count == 0)
            #expect(side.machine.inboundStreams == 0)
            #expect(side.machine.unacknowledgedStreams == 0)
            #expect(side.machine.timedStreams == 0)
            let left = side.connection.wire.count
            #expect(left == 0)
        }
    }

    @Test func closingTellsBothSides() throws {
        let pair = Pair.established()
        let id = try pair.open()
        try pair.dialler.write(id, [1, 2])
        pair.dialler.machine.close(.application)
        pair.run()
        #expect(pair.dialler.has(.streamClosed(id, .connection(.closed(.application)))))
        #expect(pair.dialler.outputs.last == .closed(.closed(.application)))
        #expect(pair.listener.data[id] == [1, 2])
        #expect(pair.listener.has(.streamClosed(id, .connection(.goAway(code: 0)))))
        #expect(pair.listener.outputs.last == .closed(.goAway(code: 0)))
        #expect(throws: StreamError.notConnected) { try pair.dialler.open("/echo/1", now: pair.now) }
    }

    @Test func wrongPeerIsRefused() {
        let expected = Pair.identity(9).key.publicKey.peerID
        let pair = Pair(expecting: expected)
        pair.run()
        #expect(pair.dialler.closed == .wrongPeer(expected: expected, actual: Pair.identity(2).key.publicKey.peerID))
        #expect(!pair.listener.isEstablished)
    }

    @Test func theLinksEndEndsStreams() throws {
        let pair = Pair.established()
        let id = try pair.open()
        pair.dialler.machine.linkClosed(errno: 104)
        pair.dialler.poll()
        #expect(pair.dialler.has(.streamClosed(id, .connection(.link(errno: 104)))))
        #expect(pair.dialler.closed == .link(errno: 104))
        #expect(pair.dialler.machine.nextDeadline == .distantFuture)
    }
}
