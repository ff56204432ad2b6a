import Causeway
import Synchronization
import Testing

@Suite("What was written arrives") struct ArrivalTests {
    /// The writer's node is gone before the last bytes are read.
    @Test(arguments: [tcp, webSocket]) func thoughItsReaderIsSlow(place: String) async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let (result, told) = AsyncStream<Result<Int, StreamError>>.makeStream()
        try await withNodes([configuration(listen: [place])]) { nodes in
            try await serving(nodes[0], "/slow/1") { stream in
                var count = try await stream.read(exactly: 2_900_000).count
                for await _ in gate {}
                do throws(StreamError) {
                    while let chunk = try await stream.read() { count += chunk.count }
                    told.yield(.success(count))
                } catch {
                    told.yield(.failure(error))
                }
            }
            let address = await nodes[0].addresses[0]
            try await withNodes([configuration()]) { writers in
                let stream = try await writers[0].open("/slow/1", to: address)
                try await stream.write([UInt8](repeating: 1, count: 3_000_000))
                try await stream.close()
            }
            opener.finish()
            var results = result.makeAsyncIterator()
            #expect(await results.next() == .success(3_000_000))
        }
    }

    /// Exact reads of all sizes, with others between: none takes what the next one is to have.
    @Test func inPiecesOfTheReadersChoice() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            try await serving(nodes[0], "/echo/1", by: echo)
            let stream = try await nodes[1].open("/echo/1", to: await nodes[0].addresses[0])
            async let writing: Void = {
                try await stream.write(pattern)
                try await stream.finish()
            }()
            var received: [UInt8] = []
            var size = 1
            while received.count + size <= pattern.count {
                received += try await stream.read(exactly: size)
                size = size * 3 % 40_009
                if size % 5 == 0, let chunk = try await stream.read() { received += chunk }
            }
            #expect(try await stream.read(exactly: 0).isEmpty)
            while let chunk = try await stream.read() { received += chunk }
            #expect(received == pattern)
            await #expect(throws: StreamError.closed) { try await stream.read(exactly: 1) }
            try await writing
        }
    }

    @Test func closingThrowsHowTheStreamEnded() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let (gone, leave) = AsyncStream<Void>.makeStream()
            try await serving(nodes[0], "/reset/1") { stream in
                _ = try await stream.read()
                stream.reset(code: 5)
                leave.finish()
            }
            let stream = try await nodes[1].open("/reset/1", to: await nodes[0].addresses[0])
            try await stream.write("hello")
            for await _ in gone {}
            await #expect(throws: StreamError.reset(code: 5)) { _ = try await stream.read() }
            await #expect(throws: StreamError.reset(code: 5)) { try await stream.close() }
        }
    }

    @Test func whoIsCancelledWhileFinishingStillFinishes() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            try await serving(nodes[0], "/echo/1", by: echo)
            let stream = try await nodes[1].open("/echo/1", to: await nodes[0].addresses[0])
            try await stream.write("hello")
            let finishing = Task { try? await stream.finish() }
            finishing.cancel()
            await finishing.value
            #expect(try await stream.read(exactly: 5) == Array("hello".utf8))
            #expect(try await stream.read() == nil)
        }
    }
}
