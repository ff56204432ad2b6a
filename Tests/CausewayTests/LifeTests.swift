import Causeway
import Testing

@Suite("A node's life") struct LifeTests {
    /// Whatever the order in which tasks run a node and end it: one of them runs it, the others are told so, and it is over with that one.
    @Test(.timeLimit(.minutes(1))) func startsAndEndsInAnyOrder() async throws {
        for round in 0..<10 {
            let node = try Node(configuration(listen: [tcp]))
            let runs = (0..<4).map { number in
                Task { () -> NodeError? in
                    for _ in 0..<(number * round % 7) { await Task.yield() }
                    do throws(NodeError) { try await node.run() } catch { return error }
                    return nil
                }
            }
            let caller = Task { () -> NodeError? in
                do throws(NodeError) { try await node.waitUntilReady() } catch { return error }
                return nil
            }
            if round % 2 == 0 { _ = await caller.value }
            for run in runs.shuffled() { run.cancel() }
            var ended = 0
            for run in runs {
                switch await run.value {
                case nil: ended += 1
                case .alreadyRun?: break
                case let error?: Issue.record(error)
                }
            }
            #expect(ended == 1)
            if let error = await caller.value { #expect("\(error)" == "\(NodeError.notRunning)") }
            // It answers what it knows, and does nothing any more.
            #expect(await node.connections.isEmpty)
            await #expect { try await node.waitUntilReady() } throws: { if case .notRunning? = $0 as? NodeError { true } else { false } }
            await #expect { try await node.run() } throws: { if case .alreadyRun? = $0 as? NodeError { true } else { false } }
        }
    }

    @Test func aSecondRunLeavesTheFirstAlone() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            await #expect { try await nodes[0].run() } throws: { if case .alreadyRun? = $0 as? NodeError { true } else { false } }
            try await serving(nodes[0], "/echo", by: echo)
            let stream = try await nodes[1].open("/echo", to: await nodes[0].addresses[0])
            #expect(try await exchange([1, 2, 3], over: stream) == [1, 2, 3])
        }
    }
}
