import CausewayConnection
import Testing

@testable import Causeway
@testable import CausewayNode

/// A call whose task is cancelled returns, says so, and leaves everything else as it was.
@Suite("Cancelled calls", .timeLimit(.minutes(1))) struct CancellationTests {
    @Test func aReaderThatWaits() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            try await serving(nodes[0], "/echo/1", by: echo)
            let stream = try await nodes[1].open("/echo/1", to: await nodes[0].addresses[0])
            // Begins on the spot: it waits before it is cancelled.
            let reading = Task.immediate { try await stream.read() }
            reading.cancel()
            await #expect(throws: StreamError.cancelled) { try await reading.value }
            // The stream lives, and the next reader gets what comes.
            try await stream.write("hello")
            #expect(try await stream.read(exactly: 5) == Array("hello".utf8))
        }
    }

    @Test func aReaderThatWasCancelledBeforeItBegan() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            try await serving(nodes[0], "/echo/1", by: echo)
            let stream = try await nodes[1].open("/echo/1", to: await nodes[0].addresses[0])
            let late = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await stream.read()
            }
            late.cancel()
            await #expect(throws: StreamError.cancelled) { try await late.value }
        }
    }

    /// The remote's window is full: the writer waits, and what it had written until then stays written.
    @Test func aWriterThatWaits() async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let (counts, counted) = AsyncStream<Int>.makeStream()
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            try await serving(nodes[0], "/late/1") { stream in
                for await _ in gate {}
                var count = 0
                while let chunk = try await stream.read() { count += chunk.count }
                counted.yield(count)
            }
            let stream = try await nodes[1].open("/late/1", to: await nodes[0].addresses[0])
            let size = 64 << 20
            let writing = Task.immediate { try await stream.write([UInt8](repeating: 0, count: size)) }
            writing.cancel()
            await #expect(throws: StreamError.cancelled) { try await writing.value }
            opener.finish()
            // Behind it another may write.
            try await stream.write([1])
            try await stream.finish()
            var all = counts.makeAsyncIterator()
            let count = try #require(await all.next())
            #expect(count > 1 && count < size)
        }
    }

    /// In the midst of TCP's handshake, and with a port that takes the connection and says nothing.
    @Test(arguments: [SilentPort.Kind.full, .mute]) func aDialThatHangs(kind: SilentPort.Kind) async throws {
        let port = try SilentPort(kind)
        defer { port.close() }
        try await withNodes([configuration()]) { nodes in
            let stranger = try Causeway.Node().peerID
            let address = try Multiaddr("/ip4/127.0.0.1/tcp/\(port.number)/p2p/\(stranger)")
            let dialling = Task { try await nodes[0].connect(to: address) }
            try await until { await nodes[0].dialsUnderWay == 1 }
            if kind == .mute { try await until { port.accept() } }
            #expect(await nodes[0].dialsUnderWay == 1)
            dialling.cancel()
            let error = await #expect(throws: NodeError.self) { try await dialling.value }
            guard case .cancelled? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(await nodes[0].dialsUnderWay == 0)
            if kind == .mute { try await until { port.isAtEnd } }
        }
    }
}

extension Causeway.Node {
    /// Addresses that are being tried.
    fileprivate var dialsUnderWay: Int { get async { await onNode { node, _ in node.services.dialer.byLink.count } } }
}
