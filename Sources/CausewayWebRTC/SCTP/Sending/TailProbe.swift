import CausewayIdentity

/// Asks for an acknowledgement when the last chunks of a flight may be lost, long before T3-rtx (RFC 8985, section 7, TLP).
struct TailProbe {
    /// When the next probe leaves.
    var deadline = Instant.distantFuture
    /// The chunk that was sent as a probe, until it is acknowledged.
    var outstanding: TSN?
    /// It had been sent before.
    var isRepetition = false

    /// A lone chunk is acknowledged late: by that time at most (RFC 9260, section 6.2).
    private static let delayedAcknowledgement = Interval.milliseconds(200)
    /// A remote in the same process answers within no time. A probe that is due as soon as it is armed would keep this side busy.
    private static let shortest = Interval.milliseconds(1)

    /// - Parameter isAlone: one chunk is on its way.
    static func time(smoothed: Interval?, isAlone: Bool) -> Interval {
        guard let smoothed else { return .seconds(1) }
        let twice = max(Interval(nanoseconds: smoothed.nanoseconds * 2), shortest)
        return isAlone ? Interval(nanoseconds: twice.nanoseconds + delayedAcknowledgement.nanoseconds) : twice
    }
}
