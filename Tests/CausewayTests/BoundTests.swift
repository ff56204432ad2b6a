import Testing

@testable import Causeway

/// What a remote can make the API keep or do.
@Suite("Bounds of the API") struct BoundTests {
    /// A writer who goes on although nobody reads any more: its stream is reset.
    @Test func aClosedStreamTakesSoMuch() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            try await serving(nodes[0], "/closed/1") { _ in }
            let stream = try await nodes[1].open("/closed/1", to: await nodes[0].addresses[0])
            let chunk = [UInt8](repeating: 1, count: 32 << 10)
            var sent = 0
            let error = await #expect(throws: StreamError.self) {
                while sent < 64 << 20 {
                    try await stream.write(chunk)
                    sent += chunk.count
                }
            }
            #expect(error == .reset(code: 0), "\(String(describing: error))")
            // Beyond it there is what was on its way.
            #expect(sent >= ApplicationStream.discardedBytes && sent <= 8 * ApplicationStream.discardedBytes, "\(sent) bytes")
        }
    }

    /// Streams that the application does not take: the oldest are reset.
    @Test func soManyStreamsWait() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let waiting = try await nodes[0].streams(for: "/waiting/1")
            let address = await nodes[0].addresses[0]
            var streams: [Stream] = []
            for _ in 0..<ServedProtocols.waitingStreams + 10 {
                let stream = try await nodes[1].open("/waiting/1", to: address)
                try await stream.write([1])
                streams.append(stream)
            }
            for stream in streams.prefix(10) { await #expect(throws: StreamError.reset(code: 0)) { try await stream.read() } }
            #expect(waiting.dropped == 10)
            // The others live.
            let taken = try #require(await waiting.next())
            try await taken.write([2])
            #expect(try await streams[10].read() == [2])
        }
    }
}
