import Causeway
import Glibc

/// Runs a node around the body of a command: until the body ends, the node fails, or the process is told to end.
enum Running {
    static func node(
        _ configuration: Configuration, onHangUp: @escaping @Sendable (Node) async -> Void = { _ in },
        _ body: @escaping @Sendable (Node) async throws -> Void
    ) async throws {
        let node = try Node(configuration)
        let signals = node.signals([SIGINT, SIGTERM, SIGHUP])
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await node.run()
                return false
            }
            group.addTask {
                // What keeps the node from starting is for `run` to say.
                do { try await node.waitUntilReady() } catch { return false }
                try await body(node)
                return true
            }
            group.addTask {
                for await number in signals {
                    if number == SIGHUP { await onHangUp(node) } else { return true }
                }
                return false
            }
            defer { group.cancelAll() }
            while let isEnd = try await group.next(), !isEnd {}
            group.cancelAll()
            while let _ = try? await group.next() {}
        }
    }
}
