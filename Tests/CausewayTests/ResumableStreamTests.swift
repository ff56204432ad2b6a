import CausewayConnection
import Testing

@testable import Causeway

/// Streams that go on over another connection.
@Suite(.timeLimit(.minutes(1))) struct ResumableStreamTests {
    private func withPair(
        _ change: @escaping (inout Configuration) -> Void = { _ in }, resumable: Bool = true,
        _ body: @escaping @Sendable (_ opener: Node, _ acceptor: Node, _ place: Multiaddr) async throws -> Void
    ) async throws {
        try await withNodes([configuration(listen: [tcp], change), configuration(change)]) { nodes in
            let echoes = try await nodes[0].streams(for: "/echo/1", resumable: resumable)
            let serving = Task { await echoes.serve(handler: echo) }
            defer { serving.cancel() }
            try await body(nodes[1], nodes[0], await nodes[0].addresses[0])
        }
    }

    @Test func carriesBytesBothWays() async throws {
        try await withPair { opener, acceptor, place in
            let stream = try await opener.open("/echo/1", to: place, resumable: true)
            #expect(stream.isResumable && stream.protocolID == "/echo/1" && stream.peer == acceptor.peerID)
            #expect(try await exchange(pattern, over: stream) == pattern)
            #expect(stream.resumptions == 0)
            try await until { acceptor.resumableStreams == 0 }
        }
    }

    @Test func isAnOrdinaryOneWhereThePeerServesNoOther() async throws {
        try await withPair(resumable: false) { opener, _, place in
            let stream = try await opener.open("/echo/1", to: place, resumable: true)
            #expect(!stream.isResumable)
            #expect(try await exchange(pattern, over: stream) == pattern)
        }
    }

    @Test func resetsTellTheirCodeAndEndIt() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let streams = try await nodes[0].streams(for: "/odd/1", resumable: true)
            let opened = try await nodes[1].open("/odd/1", to: await nodes[0].addresses[0], resumable: true)
            let accepted = try #require(await streams.next())
            opened.reset(code: 77)
            await #expect(throws: StreamError.reset(code: 77)) { _ = try await accepted.read() }
            await #expect(throws: StreamError.resetLocally) { _ = try await opened.read() }
            try await until { nodes[0].resumableStreams == 0 }
        }
    }

    /// A stranger's token is not found, and one that is known is another peer's.
    @Test func nobodyResumesAnothersStream() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration(), configuration()]) { nodes in
            let streams = try await nodes[0].streams(for: "/own/1", resumable: true)
            let place = await nodes[0].addresses[0]
            let token = [UInt8](repeating: 9, count: 16)
            let position = [UInt8](repeating: 0, count: 8)
            let own = try await nodes[1].open("/causeway/resumable/1/own/1", to: place)
            try await own.write([0] + token + position)
            #expect(try await own.read(exactly: 9) == [0] + position)
            let held = try #require(await streams.next())
            let strange = try await nodes[2].open("/causeway/resumable/1/own/1", to: place)
            try await strange.write([1] + token + position)
            #expect(try await strange.read(exactly: 9) == [1] + position)
            #expect(try await strange.read() == nil)
            // Its own peer claims to have received what was never sent.
            let liar = try await nodes[1].open("/causeway/resumable/1/own/1", to: place)
            try await liar.write([1] + token + position.dropLast() + [1])
            #expect(try await liar.read(exactly: 9) == [3] + position)
            // The stream still runs where it ran.
            try await own.write([0, 0, 0, 2, 4, 5])
            #expect(try await held.read() == [4, 5])
        }
    }

    @Test func aPeerHasSoManyAtMost() async throws {
        try await withNodes([configuration(listen: [tcp]) { $0.resumption.streamsPerPeer = 2 }, configuration()]) { nodes in
            let streams = try await nodes[0].streams(for: "/own/1", resumable: true)
            let place = await nodes[0].addresses[0]
            var held: [Stream?] = []
            for _ in 0..<2 {
                held.append(try await nodes[1].open("/own/1", to: place, resumable: true))
                held.append(await streams.next())
            }
            let third = try await nodes[1].open("/own/1", to: place, resumable: true)
            await #expect(throws: StreamError.resumption(.tooManyStreams)) { _ = try await third.read() }
            held[0] = nil
            try await until { nodes[0].resumableStreams == 1 }
            #expect(held.count == 4)
        }
    }

    @Test func endsWithWhatWasNotConfirmed() async throws {
        try await withNodes([configuration { $0.resumption.deadline = .milliseconds(300) }]) { nodes in
            let opener = nodes[0]
            let (opened, open) = AsyncStream<Stream>.makeStream()
            let (accepted, accept) = AsyncStream<Stream>.makeStream()
            try await withNodes([configuration(listen: [tcp])]) { acceptors in
                let streams = try await acceptors[0].streams(for: "/sink/1", resumable: true)
                let place = await acceptors[0].addresses[0]
                open.yield(try await opener.open("/sink/1", to: place, resumable: true))
                accept.yield(try #require(await streams.next()))
            }
            var iterator = opened.makeAsyncIterator()
            let stream = try #require(await iterator.next())
            try await stream.write([1, 2, 3])
            await #expect(throws: StreamError.resumption(.tooLate(undelivered: 3))) { try await stream.finish() }
            await #expect(throws: StreamError.resumption(.tooLate(undelivered: 3))) { _ = try await stream.read() }
            await #expect(throws: StreamError.resumption(.tooLate(undelivered: 3))) { try await stream.write([4]) }
            var others = accepted.makeAsyncIterator()
            let other = try #require(await others.next())
            await #expect(throws: StreamError.resumption(.tooLate(undelivered: 0))) { _ = try await other.read() }
        }
    }

    // MARK: Remotes that behave otherwise

    private static let carrierName = "/causeway/resumable/1/own/1"
    private static let answer = [UInt8](repeating: 0, count: 9)

    /// An acceptor that the test plays, and a resumable stream that was opened to it.
    private func withPlayedAcceptor(
        _ change: @escaping (inout Configuration) -> Void = { _ in },
        _ body: @escaping @Sendable (_ opened: Stream, _ carriers: Feed<Stream>) async throws -> Void
    ) async throws {
        try await withNodes([configuration(listen: [tcp]), configuration(change)]) { nodes in
            let carriers = try await nodes[0].streams(for: Self.carrierName)
            try await body(try await nodes[1].open("/own/1", to: await nodes[0].addresses[0], resumable: true), carriers)
        }
    }

    /// An opener that the test plays.
    private func withPlayedOpener(
        _ change: @escaping (inout Configuration) -> Void = { _ in },
        _ body:
            @escaping @Sendable (_ acceptor: Node, _ streams: Feed<Stream>, _ open: @Sendable () async throws -> Stream) async throws ->
            Void
    ) async throws {
        try await withNodes([configuration(listen: [tcp], change), configuration()]) { nodes in
            let streams = try await nodes[0].streams(for: "/own/1", resumable: true)
            let place = await nodes[0].addresses[0]
            try await body(nodes[0], streams) { try await nodes[1].open(Self.carrierName, to: place) }
        }
    }

    private static func opening(_ token: UInt8, isNew: Bool = true, received: UInt8 = 0) -> [UInt8] {
        [isNew ? 0 : 1] + [UInt8](repeating: token, count: 16) + [0, 0, 0, 0, 0, 0, 0, received]
    }

    /// The acceptor confirms the end by its position on the next carrier, and has more to say itself.
    @Test func finishReturnsWhenTheNextCarrierConfirmsIt() async throws {
        try await withPlayedAcceptor { opened, carriers in
            try await opened.write([1, 2, 3])
            async let finishing: Void = opened.finish()
            let first = try #require(await carriers.next())
            _ = try await first.read(exactly: 25)
            try await first.write(Self.answer)
            #expect(try await first.read(exactly: 11) == [0, 0, 0, 3, 1, 2, 3, 2, 0, 0, 0])
            first.reset()
            let second = try #require(await carriers.next())
            #expect(try await second.read(exactly: 25).first == 1)
            try await second.write(Array(Self.answer.dropLast()) + [4, 1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 4])
            try await finishing
        }
    }

    /// Carriers that say nothing push out each other, and nobody who speaks.
    @Test func carriersThatNeverBeginGiveWay() async throws {
        try await withPlayedOpener { _, streams, open in
            var silent: [Stream] = []
            // ResumableStreams.openings
            for _ in 0..<65 {
                silent.append(try await open())
                try await silent[silent.count - 1].write([0])
            }
            await #expect(throws: StreamError.reset(code: 0)) { _ = try await silent[0].read() }
            let carrier = try await open()
            try await carrier.write(Self.opening(1))
            #expect(try await carrier.read(exactly: 9) == Self.answer)
        }
    }

    @Test func aNewStreamCannotHaveReceivedAnything() async throws {
        try await withPlayedOpener { acceptor, _, open in
            let liar = try await open()
            try await liar.write(Self.opening(1, received: 1))
            #expect(try await liar.read(exactly: 9).first == 3)
            #expect(acceptor.resumableStreams == 0)
        }
    }

    @Test func aStreamThatWasResetHereHasNoEnd() async throws {
        try await withPlayedAcceptor { opened, carriers in
            let carrier = try #require(await carriers.next())
            _ = try await carrier.read(exactly: 25)
            try await carrier.write(Self.answer + [0, 0, 0, 1, 9, 2, 0, 0, 0])
            #expect(try await opened.read() == [9])
            opened.reset()
            await #expect(throws: StreamError.resetLocally) { _ = try await opened.read() }
        }
    }

    /// Whoever accepts carriers and drops them does not keep the stream alive, and is not asked in a loop.
    @Test func carriersThatNeverBeginAreNotOpenedForever() async throws {
        try await withPlayedAcceptor({ $0.resumption.deadline = .milliseconds(1000) }) { opened, carriers in
            let dropping = Task {
                var count = 0
                while let carrier = await carriers.next() {
                    carrier.reset()
                    count += 1
                }
                return count
            }
            await #expect(throws: StreamError.resumption(.tooLate(undelivered: 0))) { _ = try await opened.read() }
            dropping.cancel()
            #expect(await dropping.value < 20)
        }
    }

    /// The acceptor's confirmation and the end of the carrier arrive together.
    @Test func carriersThatHaveServedEndInOrder() async throws {
        try await withPlayedAcceptor { opened, carriers in
            let carrier = try #require(await carriers.next())
            _ = try await carrier.read(exactly: 25)
            try await carrier.write(Self.answer + [2, 0, 0, 0])
            async let finishing: Void = opened.finish()
            // The opener's end, and its confirmation of ours.
            #expect(try await carrier.read(exactly: 16).count == 16)
            let ending = Task(executorPreference: carrier.executor) {
                try await carrier.write([1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1])
                try await carrier.finish()
            }
            try await ending.value
            try await finishing
            #expect(try await carrier.read() == nil)
        }
    }

    /// As ordinary streams do, those that run go on when no more are served.
    @Test func streamsGoOnWhenTheProtocolIsServedNoMore() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let streams = try await nodes[0].streams(for: "/own/1", resumable: true)
            let opened = try await nodes[1].open("/own/1", to: await nodes[0].addresses[0], resumable: true)
            let accepted = try #require(await streams.next())
            streams.cancel()
            try await opened.write([1, 2, 3])
            #expect(try await accepted.read(exactly: 3) == [1, 2, 3])
            try await accepted.write([4])
            #expect(try await opened.read() == [4])
        }
    }

    @Test(arguments: [false, true]) func whoServesAProtocolAnewTakesItOver(resumable: Bool) async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            var first: Feed<Stream>? = try await nodes[0].streams(for: "/own/1", resumable: true)
            let next = try await nodes[0].streams(for: "/own/1", resumable: resumable)
            #expect(await first?.next() == nil)
            first?.cancel()
            first = nil
            let opened = try await nodes[1].open("/own/1", to: await nodes[0].addresses[0], resumable: true)
            #expect(opened.isResumable == resumable)
            try await opened.write([5])
            let accepted = try #require(await next.next())
            #expect(try await accepted.read() == [5])
        }
    }

    @Test func aProtocolThatNobodyReadsCanBeServedAnew() async throws {
        try await withNodes([configuration()]) { nodes in
            for _ in 0..<3 { _ = try await nodes[0].streams(for: "/own/1", resumable: true) }
        }
    }

    /// Both sides forget a stream as soon as both have everything.
    @Test func streamsThatEndInOrderAreForgottenAtOnce() async throws {
        try await withPair { opener, acceptor, place in
            for _ in 0..<300 {
                let stream = try await opener.open("/echo/1", to: place, resumable: true)
                #expect(try await exchange([1, 2, 3], over: stream) == [1, 2, 3])
            }
            try await until { acceptor.resumableStreams == 0 }
        }
    }

    /// The application does not read, and what carried the stream is gone.
    @Test func aLostCarrierIsNoticedThoughNobodyReads() async throws {
        try await withPlayedOpener({ $0.resumption.deadline = .milliseconds(100) }) { acceptor, streams, open in
            let carrier = try await open()
            try await carrier.write(Self.opening(1))
            #expect(try await carrier.read(exactly: 9) == Self.answer)
            let held = try #require(await streams.next())
            let frame = [0, 0, 0xff, 0xfc] + [UInt8](repeating: 7, count: 65532)
            for _ in 0..<5 { try await carrier.write(frame) }
            // The acceptor reads no more: it is full.
            try await Task.sleep(for: .milliseconds(100))
            carrier.reset()
            try await until { acceptor.resumableStreams == 0 }
            await #expect(throws: StreamError.resumption(.tooLate(undelivered: 0))) { _ = try await held.read() }
        }
    }

    @Test func closingDiscardsNoMoreThanAnOrdinaryStreamDoes() async throws {
        try await withPlayedOpener { acceptor, streams, open in
            let carrier = try await open()
            try await carrier.write(Self.opening(1))
            #expect(try await carrier.read(exactly: 9) == Self.answer)
            let held = try #require(await streams.next())
            let closing = Task { try await held.close() }
            let frame = [0, 0, 0xff, 0xfc] + [UInt8](repeating: 7, count: 65532)
            // It confirms what it discards, and resets the stream in the end.
            let sending = Task { while true { try await carrier.write(frame) } }
            defer { sending.cancel() }
            await #expect(throws: StreamError.resetLocally) { try await closing.value }
            try await until { acceptor.resumableStreams == 0 }
        }
    }

    /// The acceptor does not read: what tells the reset has to find another way.
    @Test func aResetDoesNotWaitForARemoteThatReadsNothing() async throws {
        try await withPlayedAcceptor { opened, carriers in
            let first = try #require(await carriers.next())
            _ = try await first.read(exactly: 25)
            try await first.write(Self.answer)
            let writing = Task { try await opened.write([UInt8](repeating: 1, count: 1_000_000)) }
            // The window of the carrier is full.
            try await writing.value
            try await Task.sleep(for: .milliseconds(100))
            opened.reset(code: 7)
            let second = try #require(await carriers.next())
            _ = try await second.read(exactly: 25)
            try await second.write(Self.answer)
            #expect(try await second.read(exactly: 8) == [3, 0, 0, 4, 0, 0, 0, 7])
            #expect(try await second.read() == nil)
        }
    }

    /// Otherwise a stream that rests would ask for a sign of life for ever.
    @Test func whatPausesIsConfirmed() async throws {
        try await withPlayedOpener { _, streams, open in
            let carrier = try await open()
            try await carrier.write(Self.opening(1) + [0, 0, 0, 1, 9])
            #expect(try await carrier.read(exactly: 9) == Self.answer)
            let held = try #require(await streams.next())
            #expect(try await held.read() == [9])
            #expect(try await carrier.read(exactly: 12) == [1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1])
        }
    }
}
