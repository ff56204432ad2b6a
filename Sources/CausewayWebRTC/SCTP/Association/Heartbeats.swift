import CausewayIdentity

/// Asks an idle remote whether it is there (RFC 9260, section 8.3).
struct Heartbeats {
    /// The nonce of the question that is not answered yet.
    private var nonce: UInt64?
    /// When to ask, or when to stop waiting for the answer.
    private(set) var deadline = Instant.distantFuture
    private(set) var missed = 0

    private static let interval = Interval.seconds(30)

    /// Something of the remote's has arrived.
    mutating func heard(at now: Instant) {
        missed = 0
        if nonce == nil { deadline = now + Self.interval }
    }

    /// - Returns: whether a question with `nonce` is to be sent.
    mutating func advance(at now: Instant, timeout: Interval, nonce fresh: () -> UInt64) -> UInt64? {
        guard now >= deadline else { return nil }
        if nonce != nil { missed += 1 }
        let next = fresh()
        nonce = next
        deadline = now + timeout
        return next
    }

    /// An answer with any other nonce answers nothing.
    mutating func answered(_ answer: UInt64, at now: Instant) {
        guard answer == nonce else { return }
        nonce = nil
        missed = 0
        deadline = now + Self.interval
    }
}
