import CausewayIdentity
import Testing

@testable import CausewayConnection

/// Two connections of data channels, and the channels between them.
final class ChannelPair {
    final class End {
        let connection: DataChannelConnection
        /// The other end's number of a channel, by ours.
        var other: [UInt32: UInt32] = [:]
        var nextInbound: UInt32 = 2
        var log: [ConnectionOutput] = []
        var data: [UInt32: [UInt8]] = [:]
        var sent = 0
        var consumes = true

        init(_ seed: UInt8, protocols: [String], limits: ConnectionLimits) {
            let key = try! PrivateKey(ed25519Seed: [UInt8](repeating: seed, count: 32)).publicKey
            let table = ProtocolTable(
                protocols.map { ProtocolTable.Entry(name: [UInt8]($0.utf8), owner: .application, allowsLimited: true) })
            connection = DataChannelConnection(
                peer: key.peerID, publicKey: key, protocols: table, limits: limits, now: Instant(nanoseconds: 0))
        }
    }

    let a: End
    let b: End
    var now = Instant(nanoseconds: 0)
    /// Channels report what they passed on.
    var drains = true
    /// How many bytes a piece has at most on its way.
    var piece = Int.max

    init(protocols: [String] = ["/echo"], limits: ConnectionLimits = ConnectionLimits()) {
        a = End(1, protocols: protocols, limits: limits)
        b = End(2, protocols: protocols, limits: limits)
        run()
    }

    func run() {
        var isBusy = true
        while isBusy {
            let moved = [move(from: a, to: b), move(from: b, to: a)]
            isBusy = moved.contains(true)
        }
    }

    private func move(from: End, to: End) -> Bool {
        var hasMoved = false
        while let output = from.connection.pollOutput() {
            hasMoved = true
            if case .data(let stream, let start, let count) = output {
                from.data[stream, default: []] += [UInt8](from.connection.payload(start, count))
                if from.consumes { from.connection.consumed(stream, count) }
            } else {
                from.log.append(output)
            }
        }
        for action in from.connection.takeActions() {
            hasMoved = true
            switch action {
            case .open(let channel):
                from.other[channel] = to.nextInbound
                to.other[to.nextInbound] = channel
                to.connection.channelOpened(to.nextInbound, now: now)
                to.nextInbound += 2
                from.connection.channelReady(channel, now: now)
            case .send(let channel, let bytes):
                #expect(bytes.count <= DataChannelFraming.messageSize)
                from.sent += bytes.count
                guard let target = from.other[channel] else { continue }
                var rest = bytes[...]
                while !rest.isEmpty {
                    rest.prefix(piece).withUnsafeBytes { to.connection.received(target, $0, now: now) }
                    rest = rest.dropFirst(piece)
                }
                if drains { from.connection.channelDrained(channel, buffered: 0, now: now) }
            case .close(let channel):
                guard let target = from.other.removeValue(forKey: channel) else { continue }
                to.other[target] = nil
                to.connection.channelClosed(target, now: now)
            }
        }
        return hasMoved
    }

    func open(_ names: [String] = ["/echo"]) throws -> UInt32 {
        try a.connection.openStream(names.map { [UInt8]($0.utf8) }, now: now)
    }

    func write(_ end: End, _ stream: UInt32, _ bytes: [UInt8]) throws -> Int {
        try bytes.withUnsafeBytes { try end.connection.write(stream, $0) }
    }

    func advance(_ interval: Interval) {
        now = now + interval
        a.connection.advance(to: now)
        b.connection.advance(to: now)
        run()
    }
}

@Suite struct DataChannelConnectionTests {
    private func ends(_ end: ChannelPair.End) -> [ConnectionOutput] {
        end.log.filter {
            switch $0 {
            case .streamClosed, .streamFailed, .finished: true
            default: false
            }
        }
    }

    @Test(arguments: [Int.max, 1, 7]) func streamsCarryBytesBothWaysAndEnd(piece: Int) throws {
        let pair = ChannelPair()
        pair.piece = piece
        let stream = try pair.open()
        let message = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try pair.write(pair.a, stream, message) == message.count)
        pair.run()
        #expect(pair.b.data[2] == message)
        #expect(pair.a.log.contains(.streamReady(stream, protocolID: [UInt8]("/echo".utf8))))
        pair.a.connection.finish(stream)
        #expect(!pair.a.log.contains(.delivered(stream, nil)))
        pair.run()
        #expect(ends(pair.b) == [.finished(2)])
        #expect(pair.a.log.last == .delivered(stream, nil))
        #expect(throws: StreamError.closed) { try pair.write(pair.a, stream, [1]) }
        // The other half stays open.
        #expect(try pair.write(pair.b, 2, [1, 2, 3]) == 3)
        pair.b.connection.finish(2)
        pair.run()
        #expect(pair.a.data[stream] == [1, 2, 3])
        #expect(ends(pair.a) == [.finished(stream), .streamClosed(stream, nil)])
        #expect(ends(pair.b) == [.finished(2), .streamClosed(2, nil)])
        #expect(pair.a.connection.streams.isEmpty && pair.b.connection.streams.isEmpty)
        #expect(pair.a.other.isEmpty)
    }

    @Test(arguments: [true, false]) func theAcknowledgementOfFINIsWaitedForTenSecondsAtMost(remoteFinishes: Bool) throws {
        let connection = ChannelPair().a.connection
        let echo = [UInt8]("/echo".utf8)
        let start = Instant(nanoseconds: 0)
        let stream = try connection.openStream([echo], now: start)
        connection.channelReady(stream, now: start)
        var answer: [UInt8] = []
        Multistream.append(Multistream.header, to: &answer)
        Multistream.append(echo, to: &answer)
        connection.finish(stream)
        for message in [DataChannelFramingTests.data(answer)] + (remoteFinishes ? [DataChannelFraming.flag(.finish)] : []) {
            message.withUnsafeBytes { connection.received(stream, $0, now: start) }
        }
        let actions = connection.takeActions()
        #expect(actions.contains(.send(stream, DataChannelFraming.flag(.finish))))
        #expect(actions.contains(.send(stream, DataChannelFraming.flag(.finishAcknowledged))) == remoteFinishes)
        #expect(!actions.contains(.close(stream)))
        connection.advance(to: connection.nextDeadline)
        #expect(connection.now >= start + .seconds(10) && connection.now <= start + .seconds(11))
        #expect(connection.takeActions() == (remoteFinishes ? [.close(stream)] : []))
        #expect(connection.nextDeadline == .distantFuture && connection.hasStream(stream) != remoteFinishes)
        var told: [ConnectionOutput] = []
        while let output = connection.pollOutput() { told.append(output) }
        #expect(told.last == (remoteFinishes ? .streamClosed(stream, nil) : .delivered(stream, .timedOut)))
        #expect(told.count { $0 == .delivered(stream, .timedOut) } == 1)
    }

    @Test(arguments: [true, false]) func aChannelThatGoesBeforeTheAcknowledgementLeavesWhatWasRead(byReset: Bool) throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        pair.run()
        pair.b.connection.finish(2)
        pair.run()
        pair.a.connection.finish(stream)
        if byReset {
            DataChannelFraming.flag(.reset).withUnsafeBytes { pair.a.connection.received(stream, $0, now: pair.now) }
        } else {
            pair.a.connection.channelClosed(stream, now: pair.now)
        }
        pair.run()
        #expect(pair.a.log.suffix(3) == [.finished(stream), .delivered(stream, .reset(code: 0)), .streamClosed(stream, nil)])
    }

    @Test func resetsAndClosedChannelsEndStreams() throws {
        let pair = ChannelPair()
        let first = try pair.open()
        pair.run()
        pair.a.connection.reset(first)
        pair.run()
        #expect(ends(pair.a) == [.streamClosed(first, .resetLocally)])
        #expect(ends(pair.b) == [.streamClosed(2, .reset(code: 0))])
        let second = try pair.open()
        pair.run()
        pair.a.connection.channelClosed(second, now: pair.now)
        pair.run()
        #expect(ends(pair.a).last == .streamClosed(second, .reset(code: 0)))
    }

    @Test func aReaderThatStopsEndsTheOtherSidesWriting() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        pair.run()
        DataChannelFraming.flag(.stopSending).withUnsafeBytes { pair.b.connection.received(2, $0, now: pair.now) }
        pair.run()
        #expect(throws: StreamError.closed) { try pair.write(pair.b, 2, [1]) }
        #expect(ends(pair.a) == [.finished(stream)])
    }

    @Test func aWriterThatIsStoppedIsToldBeforeTheEnd() throws {
        let pair = ChannelPair()
        pair.drains = false
        let stream = try pair.open()
        pair.run()
        pair.b.connection.finish(2)
        pair.run()
        let much = [UInt8](repeating: 1, count: 2 * pair.a.connection.limits.channelHighWater)
        #expect(try pair.write(pair.a, stream, much) < much.count)
        DataChannelFraming.flag(.stopSending).withUnsafeBytes { pair.a.connection.received(stream, $0, now: pair.now) }
        pair.run()
        #expect(
            pair.a.log.suffix(4) == [.finished(stream), .writable(stream), .delivered(stream, nil), .streamClosed(stream, nil)])
    }

    @Test func anUnknownProtocolFailsAndTheNextProposalIsTaken() throws {
        let pair = ChannelPair()
        let refused = try pair.open(["/none"])
        pair.run()
        #expect(ends(pair.a) == [.streamFailed(refused, .unsupportedProtocol)])
        let stream = try pair.open(["/none", "/echo"])
        #expect(try pair.write(pair.a, stream, [1]) == 0)
        pair.run()
        #expect(pair.a.log.contains(.writable(stream)))
        #expect(try pair.write(pair.a, stream, [1]) == 1)
    }

    @Test func writersAreHeldBackByWhatTheChannelBuffers() throws {
        var limits = ConnectionLimits()
        limits.channelHighWater = 256 << 10
        let pair = ChannelPair(limits: limits)
        pair.drains = false
        let stream = try pair.open()
        pair.run()
        let much = [UInt8](repeating: 1, count: 1 << 20)
        let taken = try pair.write(pair.a, stream, much)
        #expect(taken > 255 << 10 && taken < 300 << 10)
        #expect(try pair.write(pair.a, stream, much) == 0)
        pair.a.connection.channelDrained(stream, buffered: 200 << 10, now: pair.now)
        #expect(pair.a.connection.pollOutput() == .streamReady(stream, protocolID: [UInt8]("/echo".utf8)) || pair.a.log.count > 1)
        #expect(!pair.a.log.contains(.writable(stream)))
        pair.a.connection.channelDrained(stream, buffered: 0, now: pair.now)
        pair.run()
        #expect(pair.a.log.contains(.writable(stream)))
    }

    @Test func whatAReaderLeavesUnreadIsBounded() throws {
        var limits = ConnectionLimits()
        limits.unreadPerChannel = 100_000
        let pair = ChannelPair(limits: limits)
        pair.b.consumes = false
        let stream = try pair.open()
        #expect(try pair.write(pair.a, stream, [UInt8](repeating: 1, count: 90_000)) == 90_000)
        pair.run()
        #expect(ends(pair.b) == [])
        #expect(try pair.write(pair.a, stream, [UInt8](repeating: 1, count: 20_000)) == 20_000)
        pair.run()
        #expect(ends(pair.b) == [.streamClosed(2, .limit(.receiveWindow, value: 100_000))])
        #expect(ends(pair.a) == [.streamClosed(stream, .reset(code: 0))])
        #expect(pair.b.connection.unread == 0)
    }

    @Test func theRemoteOpensNoMoreChannelsThanItMay() {
        var limits = ConnectionLimits()
        limits.inboundStreams = 2
        let connection = ChannelPair(limits: limits).a.connection
        for channel in [2, 4, 6, 7] as [UInt32] { connection.channelOpened(channel, now: Instant(nanoseconds: 0)) }
        #expect(connection.takeActions() == [.close(6), .close(7)])
        // What is never settled times out.
        connection.advance(to: Instant(nanoseconds: 0) + .seconds(11))
        #expect(connection.streams.isEmpty && connection.inboundStreams == 0)
    }

    @Test func badBytesEndTheirStreamOnly() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        let other = try pair.open()
        pair.run()
        [UInt8]([2, 0x12, 9]).withUnsafeBytes { pair.a.connection.received(stream, $0, now: pair.now) }
        pair.run()
        #expect(ends(pair.a) == [.streamClosed(stream, .peerFault(.dataChannel, code: DataChannelFault.malformed.rawValue))])
        #expect(pair.a.connection.hasStream(other))
        DataChannelFraming.flag(.finish).withUnsafeBytes { pair.a.connection.received(other, $0, now: pair.now) }
        DataChannelFramingTests.data([1]).withUnsafeBytes { pair.a.connection.received(other, $0, now: pair.now) }
        pair.run()
        #expect(ends(pair.a).last == .streamClosed(other, .peerFault(.dataChannel, code: DataChannelFault.dataAfterFinish.rawValue)))
    }

    @Test func theEndOfTheLinkEndsEveryStream() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        pair.run()
        let waiting = try pair.open()
        pair.a.connection.linkClosed(errno: 0)
        while let output = pair.a.connection.pollOutput() { pair.a.log.append(output) }
        #expect(
            pair.a.log.suffix(3) == [
                .streamClosed(stream, .connection(.link(errno: 0))), .streamFailed(waiting, .connection(.link(errno: 0))),
                .closed(.link(errno: 0)),
            ])
        #expect(throws: StreamError.notConnected) { try pair.open() }
        #expect(pair.a.connection.nextDeadline == .distantFuture)
    }

    @Test func aThousandStreamsLeaveNothingBehind() throws {
        let pair = ChannelPair()
        for _ in 0..<1000 {
            let stream = try pair.open()
            #expect(try pair.write(pair.a, stream, [1, 2, 3]) == 3)
            pair.a.connection.finish(stream)
            pair.run()
            pair.b.connection.finish(pair.b.nextInbound - 2)
            pair.run()
        }
        for end in [pair.a, pair.b] {
            #expect(ends(end).count == 2000)
            #expect(end.connection.streams.isEmpty && end.connection.unread == 0 && end.connection.arrived.isEmpty)
            #expect(end.connection.unacknowledgedStreams == 0 && end.connection.inboundStreams == 0)
        }
    }
}
