import CausewayConnection
import Synchronization
import Testing

@testable import Causeway
@testable import CausewayRuntime

@Suite struct ServingTests {
    /// The turns of a loop in which a stream arrived and its handler ran.
    private final class Turns: Sendable {
        private let state = Mutex<(arrived: UInt64, handled: [UInt64])>((0, []))

        func arrived(_ turn: UInt64) { state.withLock { $0.arrived = turn } }
        func handled(_ turn: UInt64) { state.withLock { $0.handled.append(turn - $0.arrived) } }
        /// How many turns each handler came after its stream.
        var delays: [UInt64] { state.withLock { $0.handled } }
    }

    /// A handler begins in the turn that brings its stream: no other thread has to wake up for it.
    @Test func aHandlerBeginsInTheTurnOfItsStream() async throws {
        let server = try Node(configuration(listen: [tcp]))
        let (loop, turns, forward) = (server.shell.loop, Turns(), server.shell.inboundStream!)
        server.shell.inboundStream = { link, stream, entry, at in
            turns.arrived(loop.turn)
            forward(link, stream, entry, at)
        }
        let running = Task { try await server.run() }
        try await server.waitUntilReady()
        try await serving(server, "/echo/1") { stream in
            turns.handled(loop.turn)
            try await echo(stream)
        }
        try await withNodes([configuration()]) { clients in
            let address = await server.addresses[0]
            for _ in 0..<20 {
                let stream = try await clients[0].open("/echo/1", to: address)
                #expect(try await exchange([1, 2, 3], over: stream) == [1, 2, 3])
            }
        }
        // The first stream may come before anybody waits for one.
        #expect(turns.delays.count == 20 && turns.delays.dropFirst().allSatisfy { $0 <= 1 }, "\(turns.delays)")
        running.cancel()
        try? await running.value
    }
}
