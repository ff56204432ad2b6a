import Causeway
import Glibc
import Synchronization

/// Runs a node around the body of a command: until the body ends, the node fails, or the process is told to end.
enum Running {
    static func node(
        _ configuration: Configuration, onHangUp: @escaping @Sendable (Node) async -> Void = { _ in },
        _ body: @escaping @Sendable (Node) async throws -> Void
    ) async throws {
        let node = try Node(configuration)
        let signals = Signals()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await node.run()
                return false
            }
            group.addTask {
                try await node.waitUntilReady()
                try await body(node)
                return true
            }
            group.addTask {
                for await number in signals.stream {
                    if number == SIGHUP { await onHangUp(node) } else { return true }
                }
                return false
            }
            defer { group.cancelAll() }
            // The node's own failure is the cause; what the body says of it comes second.
            while let isEnd = try await group.next(), !isEnd {}
            group.cancelAll()
            while let _ = try? await group.next() {}
        }
    }
}

/// SIGINT, SIGTERM and SIGHUP as a sequence. A second SIGINT or SIGTERM ends the process at once.
final class Signals: Sendable {
    let stream: AsyncStream<Int32>

    init() {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        self.stream = stream
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, number) }
        // Blocked in every thread that is made from now on; one thread of its own waits for them.
        pthread_sigmask(SIG_BLOCK, &set, nil)
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Waiter(set: set, continuation: continuation))
        let failure = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Waiter>.fromOpaque(argument!).takeRetainedValue().wait()
                return nil
            }, box.toOpaque())
        precondition(failure == 0, "no thread for signals")
        pthread_detach(thread)
    }

    private final class Waiter {
        private var set: sigset_t
        private let continuation: AsyncStream<Int32>.Continuation

        init(set: sigset_t, continuation: AsyncStream<Int32>.Continuation) {
            self.set = set
            self.continuation = continuation
        }

        func wait() {
            var endings = 0
            while true {
                var number: Int32 = 0
                guard sigwait(&set, &number) == 0 else { continue }
                if number != SIGHUP { endings += 1 }
                if endings > 1 { exit(130) }
                continuation.yield(number)
            }
        }
    }
}
