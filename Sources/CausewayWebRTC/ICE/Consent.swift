import CausewayIdentity

/// Whether the remote still wants what is sent to it (RFC 7675): every 4 to 6 s it is asked, and 30 s after its last answer it does not.
/// Where there is reason to doubt the path, the remote is asked more often, and has less time.
struct Consent {
    private(set) var answeredAt: Instant
    private(set) var nextAt: Instant
    private var asked: [TransactionID] = []
    private var doubtedAt: Instant?
    private let limits: ICELimits

    /// Bound: questions whose answers count. Older ones are from before the end of consent.
    static let questions = 8

    init(at now: Instant, limits: ICELimits, _ source: inout TransactionSource) {
        self.limits = limits
        answeredAt = now
        nextAt = now
        nextAt = later(now, &source)
    }

    var disconnectedAt: Instant { answeredAt + limits.disconnectedTime }
    var endsAt: Instant { min(answeredAt + limits.consentTime, doubtedAt.map { $0 + limits.probeTime } ?? .distantFuture) }

    /// The machine slept, or its network changed.
    mutating func doubt(at now: Instant) {
        guard doubtedAt == nil else { return }
        doubtedAt = now
        nextAt = now
    }

    /// The question that is due. Each is a new one, and none is sent again.
    mutating func ask(at now: Instant, _ source: inout TransactionSource) -> TransactionID? {
        guard nextAt <= now else { return nil }
        nextAt = doubtedAt == nil ? later(now, &source) : now + limits.probeInterval
        let transaction = source.next()
        if asked.count >= Self.questions { asked.removeFirst() }
        asked.append(transaction)
        return transaction
    }

    /// Whether it is an answer to one of the questions.
    mutating func answered(_ transaction: TransactionID, at now: Instant) -> Bool {
        for question in asked where question == transaction {
            answeredAt = now
            doubtedAt = nil
            return true
        }
        return false
    }

    /// 0.8 to 1.2 times the interval.
    private func later(_ now: Instant, _ source: inout TransactionSource) -> Instant {
        now + Interval(nanoseconds: limits.consentInterval.nanoseconds / 1000 * (800 + source.number() % 401))
    }
}
