import CausewayIdentity

/// When a request is sent: at once, then after RTO, after twice that and so on, `requests` times in all. `finalWait` times RTO after the
/// last, nobody will answer any more (RFC 8489, section 6.2.1). With the values of the standard, that is 79 times RTO.
struct Retransmission {
    enum Step { case send, giveUp }

    private(set) var count = 0
    /// When something has to be done.
    private(set) var nextAt: Instant
    private let interval: Interval
    private let limits: STUNLimits

    init(at now: Instant, interval: Interval, limits: STUNLimits) {
        nextAt = now
        self.interval = interval
        self.limits = limits
    }

    /// Whether everything was sent and nobody has answered.
    func isOver(at now: Instant) -> Bool { count >= limits.requests && nextAt <= now }

    /// What is due. Counts it as done.
    mutating func step(at now: Instant) -> Step? {
        guard nextAt <= now else { return nil }
        guard count < limits.requests else { return .giveUp }
        count += 1
        let factor = count < limits.requests ? UInt64(1) << UInt64(min(count - 1, 30)) : limits.finalWait
        nextAt = now + Interval(nanoseconds: interval.nanoseconds.multipliedReportingOverflow(by: factor).partialValue)
        return .send
    }
}
