import Causeway
import Testing

/// Which connection a new stream takes, and what is said if there is none for it.
@Suite("Opening streams") struct OpeningTests {
    @Test func aLimitedConnectionIsTakenOnlyIfThatIsAllowed() async throws {
        let relay = try configuration(listen: [tcp]) { $0.relayService = .init() }
        try await withNodes([relay, configuration(), configuration()]) { nodes in
            try await serving(nodes[1], "/echo/1", allowsLimited: true, by: echo)
            try await nodes[1].reserve(at: await nodes[0].addresses[0])
            let circuit = try #require(await nodes[1].addresses.first { $0.isCircuit })
            let connection = try await nodes[2].connect(to: circuit)
            #expect(connection.path == .relayed(by: nodes[0].peerID, limit: CircuitLimit(bytes: 131_072, seconds: 120)))
            let events = nodes[2].events()
            let error = await #expect(throws: NodeError.self) { _ = try await nodes[2].open("/echo/1", to: nodes[1].peerID) }
            #expect("\(error!)".contains("the only connection is relayed with limits"))
            let stream = try await nodes[2].open("/echo/1", to: nodes[1].peerID, allowsLimited: true)
            let announced = try #require(connection.limit?.bytes)
            let first = try #require(await stream.limit?.bytes)
            #expect(first < announced)
            // Of the circuit, not of the stream.
            let other = try await nodes[2].open("/echo/1", to: nodes[1].peerID, allowsLimited: true)
            #expect(try await exchange([UInt8](repeating: 5, count: 10_000), over: other).count == 10_000)
            let left = try #require(await stream.limit)
            #expect(try #require(left.bytes) <= first - 10_000)
            #expect(try #require(left.seconds) <= 120)
            #expect(try await exchange([1, 2, 3], over: stream) == [1, 2, 3])
            await nodes[2].hangUp(nodes[1].peerID)
            try await until { await stream.limit == nil }
            // The first one made nobody dial.
            events.cancel()
            for await event in events {
                if case .dialAttempt(let outcome) = event { Issue.record("\(outcome)") }
            }
        }
    }

    @Test func aPeerOfWhomNothingIsKnown() async throws {
        try await withNodes([configuration()]) { nodes in
            let stranger = try Node().peerID
            let error = await #expect(throws: NodeError.self) { _ = try await nodes[0].open("/echo/1", to: stranger) }
            guard case .notConnected(stranger, let outcomes)? = error, outcomes.isEmpty else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    /// A stream to somebody who is not connected, by a protocol that he is known to speak from before.
    @Test func aPeerWhoIsKnownFromBefore() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            try await serving(nodes[0], "/echo/1", by: echo)
            let address = await nodes[0].addresses[0]
            for _ in 0..<2 {
                let stream = try await nodes[1].open("/echo/1", to: address)
                #expect(try await exchange([7], over: stream) == [7])
                try await until { await nodes[1].info(of: nodes[0].peerID) != nil }
                await nodes[1].hangUp(nodes[0].peerID)
                try await until { await nodes[1].connections.isEmpty }
            }
        }
    }

    // MARK: When identify has named the protocol

    /// A server with the streams that reach it, and a client that knows from identify what it serves.
    private func withAcquaintances(
        _ body: @escaping @Sendable (_ client: Node, _ server: PeerID, Feed<Stream>) async throws -> Void
    ) async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let streams = try await nodes[0].streams(for: "/held/1")
            _ = try await nodes[1].connect(to: await nodes[0].addresses[0])
            try await until { await nodes[1].info(of: nodes[0].peerID)?.protocolIDs.contains("/held/1") ?? false }
            try await body(nodes[1], nodes[0].peerID, streams)
            streams.cancel()
        }
    }

    @Test func aStreamOpensWithItsFirstUse() async throws {
        try await withAcquaintances { client, server, streams in
            let first = try await client.open("/held/1", to: server)
            let second = try await client.open("/held/1", to: server)
            try await second.write([2])
            #expect(try await streams.next()?.read() == [2])
            try await first.write([1])
            #expect(try await streams.next()?.read() == [1])
        }
    }

    /// Who reads wants the remote to speak first, and who finishes wants it to hear of the stream.
    @Test func readingAndFinishingAreUses() async throws {
        try await withAcquaintances { client, server, streams in
            let read = try await client.open("/held/1", to: server)
            async let heard = read.read()
            let reader = await streams.next()
            try await reader?.write([5])
            #expect(try await heard == [5])
            let finished = try await client.open("/held/1", to: server)
            try await finished.finish()
            #expect(try await streams.next()?.read() == nil)
        }
    }

    /// Nobody hears of a stream that was not used.
    @Test func unusedStreamsCostNothing() async throws {
        try await withAcquaintances { client, server, streams in
            do { _ = try await client.open("/held/1", to: server) }
            let reset = try await client.open("/held/1", to: server)
            reset.reset()
            await #expect(throws: StreamError.resetLocally) { try await reset.write([1]) }
            await #expect(throws: StreamError.resetLocally) { _ = try await reset.read() }
            await #expect(throws: StreamError.resetLocally) { try await reset.finish() }
            let used = try await client.open("/held/1", to: server)
            try await used.write([2])
            #expect(try await streams.next()?.read() == [2])
        }
    }

    @Test func theConnectionMayBeGoneBeforeTheFirstUse() async throws {
        try await withAcquaintances { client, server, _ in
            let stream = try await client.open("/held/1", to: server)
            await client.hangUp(server)
            try await until { await client.connections.isEmpty }
            await #expect(throws: StreamError.notConnected) { try await stream.write([1]) }
            await #expect(throws: StreamError.notConnected) { _ = try await stream.read() }
        }
    }
}
