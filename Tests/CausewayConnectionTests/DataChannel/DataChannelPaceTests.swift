import CausewayIdentity
import Testing

@testable import CausewayConnection

@Suite struct DataChannelPaceTests {
    @Test func pacedWritersWaitForRoomInAllChannelsAndGoOnInTurn() throws {
        let pair = ChannelPair(room: 100_000)
        let streams = try (0..<3).map { _ in try pair.open() }
        pair.run()
        let piece = [UInt8](repeating: 1, count: 60_000)
        let taken = try streams.map { try pair.write(pair.a, $0, piece) }
        // The last message may pass the room.
        #expect(taken[0] == 60_000 && taken[1] > 30_000 && taken[1] < 60_000 && taken[2] == 0)
        pair.run()
        #expect(!pair.a.log.contains(.writable(streams[1])))
        pair.a.channels.channelsTake(200_000, now: pair.now)
        pair.run()
        #expect(pair.a.log.suffix(2) == [.writable(streams[1]), .writable(streams[2])])
        #expect(try pair.write(pair.a, streams[2], piece) == 60_000)
    }

    /// Whatever bounds a channel of a page.
    @Test func onePacedWriterMayTakeAllRoom() throws {
        let room = 2 * ConnectionLimits().channelHighWater
        let pair = ChannelPair(room: room)
        let stream = try pair.open()
        pair.run()
        pair.drains = false
        let left = pair.a.channels.room
        let taken = try pair.write(pair.a, stream, [UInt8](repeating: 1, count: 2 * room))
        #expect(taken > left - DataChannelFraming.messageSize && taken < left + DataChannelFraming.messageSize)
        pair.run()
        pair.a.channels.channelsTake(room, now: pair.now)
        pair.run()
        #expect(pair.a.log.last == .writable(stream))
        #expect(try pair.write(pair.a, stream, [UInt8](repeating: 1, count: room / 4)) == room / 4)
    }

    /// Whoever sends for long hears nothing but this.
    @Test func timePassesWithTheRoomThatIsGivenBack() throws {
        let pair = ChannelPair(room: 1 << 20)
        let stream = try pair.open()
        pair.run()
        let end = pair.now + .seconds(60)
        pair.a.channels.channelsTake(1, now: end)
        pair.a.poll()
        pair.a.machine.finish(stream)
        pair.a.machine.advance(to: end + .seconds(5))
        pair.a.poll()
        #expect(!pair.a.log.contains(.delivered(stream, .timedOut)))
    }

    @Test func whatPacedChannelsKeepIsHeld() {
        let end = ChannelPair(room: 1000).a
        let held = end.machine.held
        end.channels.channelsKeep(5000)
        #expect(end.machine.held == held + 5000)
        end.channels.channelsKeep(0)
        #expect(end.machine.held == held)
    }

    @Test func aPacedWriterWhoseStreamEndsLeavesItsRoomToOthers() throws {
        let pair = ChannelPair(room: 100_000)
        let first = try pair.open()
        // The channel is not open yet, so nothing has been sent.
        _ = try pair.write(pair.a, first, [UInt8](repeating: 1, count: 90_000))
        pair.a.machine.reset(first)
        #expect(pair.a.channels.room == 100_000)
    }

    @Test(arguments: [Int.max, 1, 1000]) func whatReadersTakeIsGivenBackToTheByte(piece: Int) throws {
        let pair = ChannelPair(room: 1 << 20)
        pair.piece = piece
        let stream = try pair.open()
        #expect(try pair.write(pair.a, stream, .pattern(100_000)) == 100_000)
        pair.run()
        pair.b.consumes = false
        #expect(try pair.write(pair.a, stream, .pattern(50_000)) == 50_000)
        pair.run()
        // At most the heads of messages, or the parts of one, are given back later or earlier.
        #expect(abs(pair.b.arrived - 50_000 - pair.b.givenBack) < 100)
        pair.b.machine.consumed(2, 50_000)
        pair.run()
        #expect(abs(pair.b.arrived - pair.b.givenBack) < 100)
        pair.a.machine.reset(stream)
        pair.run()
        #expect(pair.b.arrived == pair.b.givenBack)
    }

    @Test(
        arguments: [
            [[2, 0x12, 9, 1, 2]], [DataChannelFraming.flag(.finish), DataChannelFramingTests.data([1, 2, 3])],
            [DataChannelFramingTests.data([1]), DataChannelFraming.flag(.reset) + [9]], [[0xff, 0xff, 0xff, 0xff]], [[5, 0x12]],
        ] as [[[UInt8]]])
    func everyByteIsGivenBackHoweverAStreamEnds(_ messages: [[UInt8]]) throws {
        let pair = ChannelPair(room: 1 << 20)
        pair.a.consumes = false
        let stream = try pair.open()
        pair.run()
        for message in messages { pair.a.receive(stream, message, now: pair.now) }
        pair.a.machine.reset(stream)
        pair.run()
        #expect(pair.a.machine.streams.isEmpty && pair.a.arrived == pair.a.givenBack)
    }

    @Test func everyByteOfARefusedProposalIsGivenBack() throws {
        let pair = ChannelPair(room: 1 << 20)
        let refused = try pair.open(["/none"])
        pair.run()
        #expect(pair.a.ends == [.streamFailed(refused, .unsupportedProtocol)])
        #expect(pair.a.arrived > 0 && pair.a.arrived == pair.a.givenBack && pair.b.arrived == pair.b.givenBack)
    }

    @Test func aPagesChannelsAreGivenNothingBack() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        #expect(try pair.write(pair.a, stream, .pattern(1 << 20)) == 1 << 20)
        pair.run()
        #expect(pair.b.data[2] == .pattern(1 << 20) && pair.b.givenBack == 0)
    }
}
