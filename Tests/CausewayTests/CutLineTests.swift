import Causeway
import Testing

/// Connections end while resumable streams carry much.
@Suite(.timeLimit(.minutes(1))) struct CutLineTests {
    /// A line is cut, and nobody is told: keep-alive would take most of a minute. Bytes flow one way only: it is the one who waits for
    /// confirmations, or for more, that has to notice.
    @Test(arguments: [true, false]) func aResumableStreamGoesOnWithinSeconds(openerSends: Bool) async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let streams = try await nodes[0].streams(for: "/bulk/1", resumable: true)
            let opened = try await nodes[1].open("/bulk/1", to: await nodes[0].addresses[0], resumable: true)
            let accepted = try #require(await streams.next())
            let (sender, receiver) = openerSends ? (opened, accepted) : (accepted, opened)
            async let sending: Void = {
                for _ in 0..<40 { try await sender.write([UInt8](repeating: 3, count: 100_000)) }
                try await sender.finish()
            }()
            var count = try await receiver.read(exactly: 1_000_000).count
            await nodes[0].cut(nodes[1].peerID)
            let cut = ContinuousClock.now
            var longest = Duration.zero
            var last = cut
            while let chunk = try await receiver.read() {
                count += chunk.count
                longest = max(longest, ContinuousClock.now - last)
                last = ContinuousClock.now
            }
            try await sending
            #expect(count == 4_000_000 && opened.resumptions == 1)
            // 1 s without progress, 3 s to answer, half a second between two looks; and a busy machine.
            #expect(longest < .seconds(10), "\(longest)")
        }
    }

    /// The connection is reset by either side, in the midst of what is on its way, three times.
    @Test(arguments: [true, false]) func goesOnWhenItsConnectionIsReset(byOpener: Bool) async throws {
        let bulk = Self.bulk
        try await withPair { opener, acceptor, place in
            let stream = try await opener.open("/echo/1", to: place, resumable: true)
            async let writing: Void = {
                try await stream.write(bulk)
                try await stream.finish()
            }()
            var received: [UInt8] = []
            var cuts = [300_000, 1_300_000, 2_300_000]
            while let chunk = try await stream.read() {
                received += chunk
                // Not before it has gone on after the last one: else there may be nothing to cut.
                guard let cut = cuts.first, received.count > cut, stream.resumptions >= 3 - cuts.count else { continue }
                cuts.removeFirst()
                if byOpener { await opener.abort(acceptor.peerID) } else { await acceptor.abort(opener.peerID) }
            }
            try await writing
            #expect(received.count == bulk.count && received == bulk)
            #expect(stream.resumptions >= 3)
            try await until { acceptor.resumableStreams == 0 }
        }
    }

    /// Confirmations of what it writes do not wait behind what it does not read.
    @Test func whoDoesNotReadMayWrite() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let streams = try await nodes[0].streams(for: "/odd/1", resumable: true)
            let opened = try await nodes[1].open("/odd/1", to: await nodes[0].addresses[0], resumable: true)
            let accepted = try #require(await streams.next())
            try await opened.write([UInt8](repeating: 1, count: 900_000))
            async let written: Void = accepted.write([UInt8](repeating: 2, count: 5_000_000))
            #expect(try await opened.read(exactly: 5_000_000).count == 5_000_000)
            try await written
            #expect(try await accepted.read(exactly: 900_000).count == 900_000)
        }
    }

    /// Both sides reset the connection of several streams again and again.
    @Test func manyStreamsLoseNothingWhileConnectionsComeAndGo() async throws {
        try await withPair { opener, acceptor, place in
            let cutting = Task {
                while true {
                    try await Task.sleep(for: .milliseconds(30))
                    await opener.abort(acceptor.peerID)
                    try await Task.sleep(for: .milliseconds(50))
                    await acceptor.abort(opener.peerID)
                }
            }
            defer { cutting.cancel() }
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<4 {
                    let bytes = Array(Self.bulk.dropFirst(number))
                    let stream = try await Self.open(opener, place)
                    group.addTask {
                        let returned = try await exchange(bytes, over: stream)
                        #expect(returned == bytes)
                        return stream.resumptions
                    }
                }
                var resumptions = 0
                for try await one in group { resumptions += one }
                #expect(resumptions > 0)
            }
            cutting.cancel()
            try await until { acceptor.resumableStreams == 0 }
        }
    }

    /// The connection may be reset while the stream is being opened.
    private static func open(_ opener: Node, _ place: Multiaddr) async throws -> Stream {
        while true {
            if let stream = try? await opener.open("/echo/1", to: place, resumable: true), stream.isResumable { return stream }
            try Task.checkCancellation()
        }
    }

    private static let bulk: [UInt8] = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 10) }

    private func withPair(
        _ body: @escaping @Sendable (_ opener: Node, _ acceptor: Node, _ place: Multiaddr) async throws -> Void
    ) async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let echoes = try await nodes[0].streams(for: "/echo/1", resumable: true)
            let serving = Task { await echoes.serve(handler: echo) }
            defer { serving.cancel() }
            try await body(nodes[1], nodes[0], await nodes[0].addresses[0])
        }
    }
}
