import Causeway
import Foundation
import Testing

@Suite("Throughput") struct PerfTests {
    @Test func aRelayAnswersIfItIsTold() throws {
        let deaf = try RunningRelay()
        #expect(try CommandRun(["perf", "--upload", "1MiB", "--download", "1MiB", deaf.address]).status == 1)
        let relay = try RunningRelay(["--perf"])
        let run = try CommandRun(["perf", "--upload", "4MiB", "--download", "8MiB", "--json", relay.address])
        #expect(
            run.status == 0 && run.output.contains("\"upload\",\"bytes\":4194304") && run.output.contains("\"download\",\"bytes\":8388608"),
            "\(run)")
    }

    @Test func aRelayGivesNoMoreThanItsBounds() async throws {
        let relay = try RunningRelay(["--perf"])
        let run = try CommandRun(["perf", "--upload", "1B", "--download", "2GiB", relay.address])
        #expect(run.status == 1 && run.errors.contains("reset"), "\(run)")
        // Four streams that send nothing further, and no fifth.
        let node = try Node(Configuration())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await node.run() }
            var held: [Causeway.Stream] = []
            for _ in 0..<4 {
                let stream = try await node.open("/perf/1.0.0", to: try Multiaddr(relay.address))
                try await stream.write([UInt8](repeating: 0, count: 8))
                held.append(stream)
            }
            let fifth = try await node.open("/perf/1.0.0", to: try Multiaddr(relay.address))
            await #expect(throws: StreamError.self) {
                try await fifth.write([UInt8](repeating: 0, count: 8))
                try await fifth.finish()
                _ = try await fifth.read()
            }
            for stream in held { try await stream.finish() }
            #expect(try await held[0].read() == nil)
            group.cancelAll()
        }
    }
}
