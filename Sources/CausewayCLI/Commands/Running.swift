import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs a node around the body of a command: until the body ends, the node fails, or the process is told to end.
enum Running {
    /// - Parameter onHangUp: what SIGHUP means; nil: the end, as the terminal is gone.
    static func node(
        _ configuration: Configuration, onHangUp: (@Sendable (Node) async -> Void)? = nil,
        _ body: @escaping @Sendable (Node) async throws -> Void
    ) async throws {
        let node = try Node(configuration)
        let signals = Signals.listen(hangUpEnds: onHangUp == nil)
        defer { Signals.ignore() }
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
                    guard number == SIGHUP, let onHangUp else { return true }
                    await onHangUp(node)
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
