import CausewayIdentity
import Testing

@testable import CausewayConnection

@Suite struct DataChannelCreditTests {
    /// Writes zeros until the writer has to wait. Returns how many were taken.
    private func fill(_ pair: ChannelPair, _ end: ChannelPair.End, _ stream: UInt32, upTo most: Int) throws -> Int {
        let piece = [UInt8](repeating: 0, count: 100_000)
        var written = 0
        while written < most {
            let taken = try pair.write(end, stream, [UInt8](piece[..<min(piece.count, most - written)]))
            written += taken
            pair.run()
            if taken == 0 { break }
        }
        return written
    }

    /// A page cannot pause a channel. Its reader holds half a window and no more, and the stream lives.
    @Test(arguments: [nil, 1 << 30]) func aSlowReaderHoldsItsWriterBack(room: Int?) throws {
        let pair = ChannelPair(room: room)
        let (stream, window) = (try pair.open(), pair.a.machine.limits.channelWindow)
        pair.run()
        pair.b.consumes = false
        let much = 3 * pair.a.machine.limits.unreadPerChannel
        var written = try fill(pair, pair.a, stream, upTo: much)
        #expect(written > window / 4 && written <= window / 2)
        // The other direction is not held back, and another stream that is not read gets half of what is left.
        #expect(try fill(pair, pair.b, 2, upTo: 5 * window) == 5 * window)
        let other = try pair.open()
        pair.run()
        let more = try fill(pair, pair.a, other, upTo: window)
        #expect(more > window / 8 && written + more < window)
        var read = 0
        while read < much {
            let log = pair.a.log.count
            let unread = written - read
            pair.b.machine.consumed(2, unread)
            read += unread
            pair.run()
            if written < much { #expect(pair.a.log[log...] == [.writable(stream)]) }
            written += try fill(pair, pair.a, stream, upTo: much - written)
            #expect(written <= read + window / 2)
        }
        #expect(written == much && pair.b.data[2]?.count == much)
        #expect(pair.a.ends.isEmpty && pair.b.ends.isEmpty)
    }

    @Test func shortStreamsSendNoCredit() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        #expect(try pair.write(pair.a, stream, .pattern(100_000)) == 100_000)
        pair.run()
        #expect(pair.b.channels.channels[2]?.told == 0 && pair.a.channels.channels[stream]?.allowed == .max)
    }

    /// Others know nothing of credit: they are told none, and never have to grant any.
    @Test func whoDoesNotHeedCreditIsToldNone() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        pair.run()
        pair.b.channels.channels[2]?.told = nil
        let megabytes = 16 << 20
        #expect(try fill(pair, pair.a, stream, upTo: megabytes) == megabytes)
        #expect(pair.a.channels.channels[stream]?.allowed == .max)
        #expect(pair.b.data[2]?.count == megabytes)
    }

    /// A remote cannot take back what it granted, nor make us count past the end of numbers.
    @Test func creditOnlyGrows() throws {
        let pair = ChannelPair()
        let stream = try pair.open()
        pair.run()
        for (credit, allowed) in [(1000, 1000), (10, 1000), (5000, 5000), (.max, .max - 1), (7, .max - 1)] as [(UInt64, UInt64)] {
            pair.a.receive(stream, DataChannelFraming.credit(credit), now: pair.now)
            #expect(pair.a.channels.channels[stream]?.allowed == allowed)
        }
    }
}
