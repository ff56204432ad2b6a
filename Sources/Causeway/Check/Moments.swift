/// The moments of one check.
struct Moments: Sendable {
    let start = ContinuousClock.now
    /// Until when relays have to be reached: the STUN servers that they offer need the rest of the time.
    var reached: ContinuousClock.Instant { start + .milliseconds(2300) }
    /// Until when relays have to answer.
    var answered: ContinuousClock.Instant { start + .milliseconds(3300) }
    /// Until when everything has to be known; what is left of the time is for gathering it.
    var known: ContinuousClock.Instant { start + .milliseconds(4500) }

    static func interval(since moment: ContinuousClock.Instant) -> Interval { interval(ContinuousClock.now - moment) }

    static func interval(until moment: ContinuousClock.Instant) -> Interval { interval(moment - ContinuousClock.now) }

    private static func interval(_ duration: Duration) -> Interval {
        guard duration > .zero else { return Interval(nanoseconds: 0) }
        return Interval(
            nanoseconds: UInt64(clamping: duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000))
    }

    /// What `body` returns, or nil: the moment came first, and the body's task was cancelled.
    static func by<Value: Sendable>(_ moment: ContinuousClock.Instant, _ body: @escaping @Sendable () async -> Value?) async -> Value? {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask(operation: body)
            group.addTask {
                try? await Task.sleep(until: moment, clock: .continuous)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
