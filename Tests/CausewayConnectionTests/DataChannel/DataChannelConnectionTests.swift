import CausewayIdentity
import Testing

@testable import CausewayConnection

@Suite struct DataChannelConnectionTests {
    @Test(arguments: [Int.max, 1, 7]) func streamsCarryBytesBothWaysAndEnd(piece: Int) throws {
        let pair = ChannelPair()
        pair.piece = piece
        let stream = try pair.open()
        let message = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try pair.write(pair.a, stream, message) == message.count)
        pair.run()
        #expect(pair.b.data[2] == message)
        #expect(pair.a.log.contains(.streamReady(stream, protocolID: [UInt8]("/echo".utf8))))
        pair.a.machine.finish(stream)
        #expect(!pair.a.log.contains(.delivered(stream, nil)))
        pair.run()
        #expect(pair.b.ends == [.finished(2)])
        #expect(pair.a.log.last == .delivered(stream, nil))
        #expect(throws: StreamError.closed) { try pair.write(pair.a, stream, [1]) }
        // The other half stays open.
        #expect(try pair.write(pair.b, 2, [1, 2, 3]) == 3)
        pair.b.machine.finish(2)
        pair.run()
        #expect(pair.a.data[stream] == [1, 2, 3])
        #expect(pair.a.ends == [.finished(stream), .streamClosed(stream, nil)])
        #expect(pair.b.ends == [.finished(2), .streamClosed(2, nil)])
        #expect(pair.a.machine.streams.isEmpty && pair.b.machine.streams.isEmpty)
        #expect(pair.a.other.isEmpty)
    }

    @Test(arguments: [true, false]) func theAcknowledgementOfFINIsWaitedForTenSecondsAtMost(remoteFinishes: Bool) throws {
        let end = ChannelPair().a
        let echo = [UInt8]("/echo".utf8)
        let start = Instant(nanoseconds: 0)
        let stream = try end.machine.openStream([echo], now: start)
        end.channels.channelReady(stream, now: start)
        var answer: [UInt8] = []
        Multistream.append(Multistream.header, to: &answer)
        Multistream.append(echo, to: &answer)
        end.machine.finish(stream)
        for message in [DataChannelFramingTests.data(answer)] + (remoteFinishes ? [DataChannelFraming.flag(.finish)] : []) {
            end.receive(stream, message, now: start)
        }
        let actions = end.channels.takeActions()
        #expect(actions.contains(.send(stream, DataChannelFraming.flag(.finish))))
        #expect(actions.contains(.send(stream, DataChannelFraming.flag(.finishAcknowledged))) == remoteFinishes)
        #expect(!actions.contains(.close(stream)))
        end.machine.advance(to: end.machine.nextDeadline)
        #expect(end.machine.now >= start + .seconds(10) && end.machine.now <= start + .seconds(11))
        #expect(end.channels.takeActions() == (remoteFinishes ? [.close(stream)] : []))
        #expect(end.machine.nextDeadline == .distantFuture && end.machine.hasStream(stream) != remoteFinishes)
        end.poll()
        #expect(end.log.last == (remoteFinishes ? .streamClosed(stream, nil) : .delivered(stream, .timedOut)))
        #expect(end.log.count { $0 == .delivered(stream, .timedOut) } == 1)
    }

    @Test(arguments: [true, false]) func aChannelThatGoesBeforeTheAcknowledgementLeavesWhatWasRead(byReset: Bool) throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        pair.run()
        pair.b.machine.finish(2)
        pair.run()
        pair.a.machine.finish(stream)
        if byReset {
            pair.a.receive(stream, DataChannelFraming.flag(.reset), now: pair.now)
        } else {
            pair.a.channels.channelClosed(stream, now: pair.now)
        }
        pair.run()
        #expect(pair.a.log.suffix(3) == [.finished(stream), .delivered(stream, .reset(code: 0)), .streamClosed(stream, nil)])
    }

    @Test func resetsAndClosedChannelsEndStreams() throws {
        let pair = ChannelPair()
        let first = try pair.open()
        pair.run()
        pair.a.machine.reset(first)
        pair.run()
        #expect(pair.a.ends == [.streamClosed(first, .resetLocally)])
        #expect(pair.b.ends == [.streamClosed(2, .reset(code: 0))])
        let second = try pair.open()
        pair.run()
        pair.a.channels.channelClosed(second, now: pair.now)
        pair.run()
        #expect(pair.a.ends.last == .streamClosed(second, .reset(code: 0)))
    }

    @Test func aReaderThatStopsEndsTheOtherSidesWriting() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        pair.run()
        pair.b.receive(2, DataChannelFraming.flag(.stopSending), now: pair.now)
        pair.run()
        #expect(throws: StreamError.closed) { try pair.write(pair.b, 2, [1]) }
        #expect(pair.a.ends == [.finished(stream)])
    }

    @Test func aWriterThatIsStoppedIsToldBeforeTheEnd() throws {
        let pair = ChannelPair()
        pair.drains = false
        let stream = try pair.open()
        pair.run()
        pair.b.machine.finish(2)
        pair.run()
        let much = [UInt8](repeating: 1, count: 2 * pair.a.machine.limits.channelHighWater)
        #expect(try pair.write(pair.a, stream, much) < much.count)
        pair.a.receive(stream, DataChannelFraming.flag(.stopSending), now: pair.now)
        pair.run()
        #expect(
            pair.a.log.suffix(4) == [.finished(stream), .writable(stream), .delivered(stream, nil), .streamClosed(stream, nil)])
    }

    @Test func anUnknownProtocolFailsAndTheNextProposalIsTaken() throws {
        let pair = ChannelPair()
        let refused = try pair.open(["/none"])
        pair.run()
        #expect(pair.a.ends == [.streamFailed(refused, .unsupportedProtocol)])
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
        pair.a.channels.channelDrained(stream, buffered: 200 << 10, now: pair.now)
        pair.a.poll()
        #expect(!pair.a.log.contains(.writable(stream)))
        pair.a.channels.channelDrained(stream, buffered: 0, now: pair.now)
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
        #expect(pair.b.ends == [])
        #expect(try pair.write(pair.a, stream, [UInt8](repeating: 1, count: 20_000)) == 20_000)
        pair.run()
        #expect(pair.b.ends == [.streamClosed(2, .limit(.receiveWindow, value: 100_000))])
        #expect(pair.a.ends == [.streamClosed(stream, .reset(code: 0))])
        #expect(pair.b.machine.unread == 0)
    }

    @Test func theRemoteOpensNoMoreChannelsThanItMay() {
        var limits = ConnectionLimits()
        limits.inboundStreams = 2
        let end = ChannelPair(limits: limits).a
        for channel in [2, 4, 6, 7] as [UInt32] { end.channels.channelOpened(channel, now: Instant(nanoseconds: 0)) }
        end.poll()
        #expect(end.channels.takeActions() == [.close(6), .close(7)])
        // What is never settled times out.
        end.machine.advance(to: Instant(nanoseconds: 0) + .seconds(11))
        #expect(end.machine.streams.isEmpty && end.machine.inboundStreams == 0)
    }

    @Test func badBytesEndTheirStreamOnly() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        let other = try pair.open()
        pair.run()
        pair.a.receive(stream, [UInt8]([2, 0x12, 9]), now: pair.now)
        pair.run()
        #expect(pair.a.ends == [.streamClosed(stream, .peerFault(.dataChannel, code: DataChannelFault.malformed.rawValue))])
        #expect(pair.a.machine.hasStream(other))
        pair.a.receive(other, DataChannelFraming.flag(.finish), now: pair.now)
        pair.a.receive(other, DataChannelFramingTests.data([1]), now: pair.now)
        pair.run()
        #expect(pair.a.ends.last == .streamClosed(other, .peerFault(.dataChannel, code: DataChannelFault.dataAfterFinish.rawValue)))
    }

    @Test func theEndOfTheLinkEndsEveryStream() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        pair.run()
        let waiting = try pair.open()
        pair.a.machine.linkClosed(errno: 0)
        pair.a.poll()
        #expect(
            pair.a.log.suffix(3) == [
                .streamClosed(stream, .connection(.link(errno: 0))), .streamFailed(waiting, .connection(.link(errno: 0))),
                .closed(.link(errno: 0)),
            ])
        #expect(throws: StreamError.notConnected) { try pair.open() }
        #expect(pair.a.machine.nextDeadline == .distantFuture)
    }

    @Test func aThousandStreamsLeaveNothingBehind() throws {
        let pair = ChannelPair()
        for _ in 0..<1000 {
            let stream = try pair.open()
            #expect(try pair.write(pair.a, stream, [1, 2, 3]) == 3)
            pair.a.machine.finish(stream)
            pair.run()
            pair.b.machine.finish(pair.b.nextInbound - 2)
            pair.run()
        }
        for end in [pair.a, pair.b] {
            #expect(end.ends.count == 2000)
            #expect(end.machine.streams.isEmpty && end.machine.unread == 0 && end.channels.channels.isEmpty)
            #expect(end.machine.unacknowledgedStreams == 0 && end.machine.inboundStreams == 0)
        }
    }

    // MARK: Lent bytes

    @Test func bytesAreHandedOutWhereTheyLie() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        pair.run()
        var bytes = DataChannelFramingTests.data([1, 2, 3]) + DataChannelFramingTests.data([4, 5])
        try bytes.withUnsafeMutableBytes { lent in
            let base = try #require(lent.baseAddress)
            pair.a.channels.received(stream, lent, now: pair.now)
            #expect(pair.a.machine.pollOutput() == .data(stream, start: 0, count: 3))
            #expect(pair.a.machine.payload(0, 3).baseAddress == base + 3)
            #expect(pair.a.machine.pollOutput() == .data(stream, start: 0, count: 2))
            #expect(pair.a.machine.payload(0, 2).baseAddress == base + 9)
            #expect(pair.a.machine.pollOutput() == nil)
        }
    }

    /// What stands behind the settled protocol in the same message, and a message whose stream its reader resets.
    @Test func aStreamThatIsResetInTheMiddleOfAMessageGetsNoMore() throws {
        let pair = ChannelPair(room: 1 << 20)
        let stream = try pair.open()
        pair.run()
        var bytes = DataChannelFramingTests.data([1, 2, 3]) + DataChannelFramingTests.data([4, 5]) + DataChannelFraming.flag(.finish)
        let count = bytes.count
        bytes.withUnsafeMutableBytes { lent in
            pair.a.channels.received(stream, lent, now: pair.now)
            #expect(pair.a.machine.pollOutput() == .data(stream, start: 0, count: 3))
            pair.a.machine.reset(stream)
            #expect(pair.a.machine.pollOutput() == .streamClosed(stream, .resetLocally))
            #expect(pair.a.machine.pollOutput() == nil)
        }
        let givenBack = pair.a.channels.takeActions().map { if case .returnCredit(stream, let count) = $0 { count } else { 0 } }
        #expect(givenBack.reduce(pair.a.givenBack, +) == pair.a.arrived + count)
        #expect(pair.a.machine.streams.isEmpty && pair.a.machine.unread == 0)
    }

    /// Also if the parts of a message were kept.
    @Test func lentBytesOutliveTheConnectionsEnd() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        pair.run()
        let bytes = DataChannelFramingTests.data([UInt8](repeating: 7, count: 1000))
        pair.a.receive(stream, [UInt8](bytes[..<500]), now: pair.now)
        var rest = [UInt8](bytes[500...])
        rest.withUnsafeMutableBytes {
            pair.a.channels.received(stream, $0, now: pair.now)
            #expect(pair.a.machine.pollOutput() == .data(stream, start: 0, count: 1000))
            pair.a.machine.close(.application)
            #expect(pair.a.channels.reader != nil)
            #expect([UInt8](pair.a.machine.payload(0, 1000)) == [UInt8](repeating: 7, count: 1000))
        }
        pair.a.poll()
        #expect(pair.a.log.last == .closed(.closed(.application)) && pair.a.channels.reader == nil)
    }
}
