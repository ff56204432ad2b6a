import CausewayIdentity

/// Ends slow start before it floods the path: when round trips get longer, a queue is growing (HyStart, as RFC 9406, section 4.2, measures
/// it). If that was a mistake, the window goes on growing as long as nothing waits, so there are no rounds of caution.
struct SlowStartExit {
    private(set) var isOver = false
    private var previousShortest: Interval?
    private var shortest: Interval?
    private var samples = 0
    /// Bytes that are still to be acknowledged in this round.
    private var left = 0

    private static let samplesNeeded = 8
    private static let thresholds = Interval.milliseconds(4)...Interval.milliseconds(16)

    /// Bytes were acknowledged.
    mutating func acknowledged(_ bytes: Int, window: Int, roundTrip: Interval) {
        left -= bytes
        if left <= 0 { beginRound(window) }
        samples += 1
        shortest = min(shortest ?? roundTrip, roundTrip)
        if samples >= Self.samplesNeeded { judge() }
    }

    private mutating func beginRound(_ window: Int) {
        left = window
        if let shortest { previousShortest = shortest }
        shortest = nil
        samples = 0
    }

    private mutating func judge() {
        guard let shortest, let previousShortest else { return }
        let eighth = Interval(nanoseconds: previousShortest.nanoseconds / 8)
        let tolerance = min(max(eighth, Self.thresholds.lowerBound), Self.thresholds.upperBound)
        if shortest.nanoseconds >= previousShortest.nanoseconds + tolerance.nanoseconds { isOver = true }
    }
}
