/// Allows a burst, and a rate in the long run.
public struct Allowance: Sendable {
    private let step: Interval
    private let burst: Interval
    /// When the burst is fully available again.
    private var earned = Instant(nanoseconds: 0)

    public init(atOnce count: Int, perSecond: Int) {
        step = Interval(nanoseconds: 1_000_000_000 / UInt64(max(1, perSecond)))
        burst = Interval(nanoseconds: step.nanoseconds * UInt64(max(0, count)))
    }

    /// Takes one. Returns false if none is left.
    public mutating func take(at now: Instant) -> Bool {
        let next = max(earned, now) + step
        guard next <= now + burst else { return false }
        earned = next
        return true
    }
}
