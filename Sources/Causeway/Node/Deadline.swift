import CausewayIdentity

/// The result of `body`, or nil if it throws, or takes longer.
func within<Value: Sendable>(_ time: Interval, _ body: @escaping @Sendable () async throws -> Value) async -> Value? {
    await withTaskGroup(of: Value?.self) { group in
        group.addTask { try? await body() }
        group.addTask {
            try? await Task.sleep(for: time.duration)
            return nil
        }
        defer { group.cancelAll() }
        return await group.next() ?? nil
    }
}
