import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs a node around the body of a command, until the body ends, the node fails, or a signal ends the process.
enum Running {
    /// - Parameter onHangUp: What SIGHUP does. nil: it ends the command, because the terminal is gone.
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
                // `run` throws the reason why the node cannot start.
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
