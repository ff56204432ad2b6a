import CausewayConnection
import Testing

@testable import Causeway

/// Resumable streams that begin on a circuit.
@Suite(.timeLimit(.minutes(1))) struct RelayedResumableStreamTests {
    /// A relay, a peer that serves an echo, and one that has opened a resumable stream to it over a circuit.
    private func withCircuit(
        _ limit: CircuitLimit, webRTC: Bool = false,
        _ body: @escaping @Sendable (_ nodes: [Node], _ stream: Causeway.Stream) async throws -> Void
    ) async throws {
        let relay = try configuration(listen: [tcp]) {
            $0.relayService = .init()
            $0.relayService?.circuitLimit = limit
        }
        let peer = try configuration { $0.webRTC = webRTC }
        try await withNodes([relay, peer, peer]) { nodes in
            let place = try #require(await nodes[0].addresses.first)
            _ = try await nodes[1].reserve(at: place)
            let echoes = try await nodes[1].streams(for: "/echo/1", allowsLimited: true, resumable: true)
            let serving = Task { await echoes.serve(handler: echo) }
            defer { serving.cancel() }
            let circuit = try Multiaddr("\(place)/p2p-circuit/p2p/\(nodes[1].peerID)")
            try await body(nodes, try await nodes[2].open("/echo/1", to: circuit, resumable: true))
        }
    }

    /// A relayed connection becomes direct: the stream moves there by itself, and leaves a limited circuit enough for that.
    @Test(arguments: [CircuitLimit.unlimited, CircuitLimit(bytes: 128 << 10, seconds: 120)])
    func movesToADirectConnection(_ limit: CircuitLimit) async throws {
        try await withCircuit(limit, webRTC: true) { nodes, stream in
            // As fast as it goes.
            let piece = [UInt8](repeating: 5, count: 50_000)
            while stream.resumptions == 0 {
                try await stream.write(piece)
                #expect(try await stream.read(exactly: piece.count) == piece)
            }
            // It did not move to another circuit, as the first had enough left to become direct.
            #expect(await nodes[2].connections.contains { $0.peer == nodes[1].peerID && !$0.path.isRelayed })
            // The relay is no longer needed.
            await nodes[2].hangUp(nodes[0].peerID)
            #expect(try await exchange(pattern, over: stream) == pattern)
        }
    }

    /// Where nothing becomes direct, the data gets the rest of the circuit after a while, and another circuit then.
    @Test func goesOnOverCircuitsThatAreUsedUp() async throws {
        try await withCircuit(CircuitLimit(bytes: 128 << 10, seconds: 120)) { _, stream in
            let bytes = [UInt8](repeating: 6, count: 160_000)
            let answer = try await exchange(bytes, over: stream)
            #expect(answer == bytes && stream.resumptions > 0)
        }
    }
}
