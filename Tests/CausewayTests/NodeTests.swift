import Causeway
import Foundation
import Testing

@Suite("Nodes on loopback") struct NodeTests {
    @Test(arguments: [tcp, webSocket]) func echoBothWays(_ address: String) async throws {
        try await withNodes([configuration(listen: [address]), configuration()]) { nodes in
            for node in nodes { try await serving(node, "/echo/1", by: echo) }
            let connection = try await nodes[1].connect(to: await nodes[0].addresses[0])
            #expect(connection.peer == nodes[0].peerID && connection.path == .direct(address == tcp ? .tcp : .webSocket))
            for (from, to) in [(1, 0), (0, 1)] {
                let stream = try await nodes[from].open("/echo/1", to: nodes[to].peerID)
                #expect(try await exchange(pattern, over: stream) == pattern)
            }
        }
    }

    @Test(arguments: [1, 2]) func manyStreamsOverLoops(_ loops: Int) async throws {
        try await withNodes([configuration(listen: [tcp]) { $0.loops = loops }, configuration { $0.loops = loops }]) { nodes in
            try await serving(nodes[0], "/echo/1", by: echo)
            try await nodes[1].connect(to: await nodes[0].addresses[0])
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        let stream = try await nodes[1].open("/echo/1", to: nodes[0].peerID)
                        return try await exchange(pattern, over: stream) == pattern
                    }
                }
                for try await same in group { #expect(same) }
            }
        }
    }

    @Test(arguments: [1, 2]) func relayed(_ loops: Int) async throws {
        let relay = try configuration(listen: [tcp]) {
            $0.relayService = .init()
            $0.relayService?.circuitLimit = .unlimited
            $0.loops = loops
        }
        try await withNodes([relay, configuration(), configuration()]) { nodes in
            try await serving(nodes[1], "/echo/1", allowsLimited: true, by: echo)
            try await nodes[1].reserve(at: await nodes[0].addresses[0])
            let address = try #require(await nodes[1].addresses.first { $0.isCircuit })
            let stream = try await nodes[2].open("/echo/1", to: address)
            #expect(try await exchange(pattern, over: stream) == pattern)
            let connection = try #require(await nodes[2].connections.first { $0.peer == nodes[1].peerID })
            #expect(connection.path == .relayed(by: nodes[0].peerID, limit: nil) && !connection.isLimited)
        }
    }

    /// 256 KiB over a circuit of 128 KiB: both ends are told whose limit it was, its value, and what had moved.
    @Test func circuitLimitIsNamed() async throws {
        let relay = try configuration(listen: [tcp]) { $0.relayService = .init() }
        try await withNodes([relay, configuration(), configuration()]) { nodes in
            let failures = Failures()
            Task {
                try await nodes[1].serve("/sink/1", allowsLimited: true) { stream in
                    do { while try await stream.read() != nil {} } catch { failures.note(error) }
                }
            }
            try await nodes[1].reserve(at: await nodes[0].addresses[0])
            let address = try #require(await nodes[1].addresses.first { $0.isCircuit })
            let stream = try await nodes[2].open("/sink/1", to: address)
            #expect(try #require(await stream.limit?.bytes) <= 131_072)
            do {
                try await stream.write([UInt8](repeating: 7, count: 262_144))
                while try await stream.read() != nil {}
                Issue.record("256 KiB went through a limit of 128 KiB")
            } catch {
                failures.note(error)
            }
            try await until { failures.all.count == 2 }
            for error in failures.all {
                guard case .circuitLimit(.circuitBytes, let value, let moved)? = error as? StreamError else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(value == 131_072 && moved > 60_000 && moved <= 131_072 + 32_768)
            }
            // Nothing else of the peers suffered: they are connected to the relay, and a new circuit works at once.
            #expect(try await nodes[2].ping(nodes[0].peerID).nanoseconds > 0)
            try await until { await nodes[2].connections.count == 1 }
            let again = try await nodes[2].open("/sink/1", to: address)
            try await again.finish()
        }
    }

    @Test func errorsNameTheOffender() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let address = await nodes[0].addresses[0]
            await #expect(throws: NodeError.self) { try await nodes[1].connect(to: address.withoutPeerID) }
            let stranger = try Node().peerID
            let error = await #expect(throws: NodeError.self) {
                try await nodes[1].connect(to: address.withoutPeerID.appending(stranger))
            }
            #expect("\(error!)".contains("expected peer \(stranger), but peer \(nodes[0].peerID) answered"))
            let unsupported = await #expect(throws: NodeError.self) { _ = try await nodes[1].open("/nobody/1", to: address) }
            #expect("\(unsupported!)".contains("does not support") && "\(unsupported!)".contains("allowsLimited"))
            let taken = try Node(configuration(listen: [address.withoutPeerID.description]))
            let busy = await #expect(throws: NodeError.self) { try await taken.run() }
            #expect("\(busy!)".contains("in use"))
        }
    }

    /// Known protocols are not waited for, so a refusal shows when the stream is used.
    @Test func aProtocolThatIsNoLongerServed() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let served = try await nodes[0].streams(for: "/gone/1")
            try await nodes[1].connect(to: await nodes[0].addresses[0])
            try await until { await nodes[1].info(of: nodes[0].peerID)?.protocolIDs.contains("/gone/1") == true }
            served.cancel()
            // An answer of its loop comes after what the loop was told before.
            _ = await nodes[0].connections
            do {
                let stream = try await nodes[1].open("/gone/1", to: nodes[0].peerID)
                await #expect(throws: StreamError.unsupportedProtocol) { try await stream.read() }
            } catch NodeError.stream(.unsupportedProtocol) {
                // Identify's push came before the stream.
            }
        }
    }

    @Test func eventsTellThePath() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let events = nodes[1].events()
            try await nodes[1].connect(to: await nodes[0].addresses[0])
            await nodes[1].hangUp(nodes[0].peerID)
            var seen: [String] = []
            for await event in events {
                switch event {
                case .dialAttempt(let outcome): seen.append("dial \(outcome.result)")
                case .connected(let connection): seen.append("connected \(connection.path == .direct(.tcp))")
                case .peerConnected: seen.append("peer")
                case .disconnected: seen.append("disconnected")
                case .peerDisconnected: seen.append("gone")
                default: break
                }
                if seen.last == "gone" { break }
            }
            #expect(seen == ["connected true", "peer", "dial connected", "disconnected", "gone"])
        }
    }
}

/// What went wrong, from several tasks.
final class Failures: @unchecked Sendable {
    // Unchecked: guarded by the lock.
    private let lock = NSLock()
    private var errors: [any Error] = []
    func note(_ error: any Error) { lock.withLock { errors.append(error) } }
    var all: [any Error] { lock.withLock { errors } }
}
