import CausewayIdentity

/// Spreads what the window allows over the round trip, so that buffers on the path do not overflow by a burst. It works in portions,
/// because timers are no finer.
struct Pacer {
    private var credit = 0
    private var filledAt: Instant?
    /// When the next portion is earned, if somebody waits for it.
    private(set) var resumesAt = Instant.distantFuture

    /// What may leave at once on any path.
    private static let burst = 16 * Association.packetSize
    private static let portion = Interval.milliseconds(2)

    /// Whether another packet may leave. `rate` is in bytes a second; nil: nothing is known of the path yet.
    mutating func allows(rate: Int?, at now: Instant) -> Bool {
        resumesAt = .distantFuture
        guard let rate else { return true }
        let most = max(Self.burst, rate / 1000 * Int(Self.portion.milliseconds))
        if let filledAt {
            let earned = min(Double(rate) * Double((now - filledAt).nanoseconds) / 1e9, Double(most * 2))
            // Less than a byte is earned later, when it is more.
            if earned >= 1 {
                credit = min(most, credit + Int(earned))
                self.filledAt = now
            }
        } else {
            credit = most
            filledAt = now
        }
        guard credit <= 0 else { return true }
        resumesAt = now + Interval.milliseconds(1)
        return false
    }

    /// Whoever waited asks again.
    mutating func advance(at now: Instant) { if now >= resumesAt { resumesAt = .distantFuture } }

    mutating func left(_ bytes: Int) { credit -= bytes }
}
