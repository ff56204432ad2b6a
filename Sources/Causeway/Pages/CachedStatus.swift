import Synchronization

/// A node's status as JSON. It is made at most twice a second, however many readers request it.
final class CachedStatus: Sendable {
    private struct State {
        var source: @Sendable () async -> [UInt8] = { [] }
        var bytes: [UInt8] = []
        var madeAt: ContinuousClock.Instant?
        var isBeingMade = false
        var waiting: [@Sendable ([UInt8]) -> Void] = []
    }
    private let state = Mutex(State())
    private static let interval = Duration.milliseconds(500)

    /// Sets the function that makes the status.
    func setSource(_ source: @escaping @Sendable () async -> [UInt8]) { state.withLock { $0.source = source } }

    func get(_ then: @escaping @Sendable ([UInt8]) -> Void) {
        let known = state.withLock { state -> [UInt8]? in
            if let madeAt = state.madeAt, madeAt.duration(to: .now) < Self.interval { return state.bytes }
            state.waiting.append(then)
            guard !state.isBeingMade else { return nil }
            state.isBeingMade = true
            Task { [source = state.source] in self.made(await source()) }
            return nil
        }
        if let known { then(known) }
    }

    private func made(_ bytes: [UInt8]) {
        let waiting = state.withLock { state in
            state.bytes = bytes
            state.madeAt = .now
            state.isBeingMade = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one(bytes) }
    }
}
