import CausewayIdentity

/// When the next SACK is due: with every second packet, and 200 ms after a lone one (RFC 9260, section 6.2). Packets that arrive together
/// are answered by one SACK, because their receiver takes all of them in before it sends.
struct DelayedAcknowledgement {
    private var packets = 0
    private(set) var isDue = false
    private(set) var deadline = Instant.distantFuture

    private static let delay = Interval.milliseconds(200)

    /// Something has arrived that no SACK has told of.
    var isPending: Bool { packets > 0 || isDue }

    mutating func packetArrived(isUrgent: Bool, at now: Instant) {
        packets += 1
        if isUrgent || packets >= 2 { isDue = true } else { deadline = min(deadline, now + Self.delay) }
    }

    mutating func makeDue() { isDue = true }

    mutating func advance(at now: Instant) { if now >= deadline { isDue = true } }

    mutating func sent() { self = DelayedAcknowledgement() }
}
