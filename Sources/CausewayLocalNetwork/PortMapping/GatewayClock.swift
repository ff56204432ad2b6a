import CausewayIdentity

/// Follows the seconds that a gateway counts since it began to remember mappings. A gateway that has restarted has forgotten them, and its
/// count does not fit ours any more (RFC 6887, section 8.5).
struct GatewayClock {
    private var last: (at: Instant, epoch: UInt64)?

    /// The epoch of an answer. Returns true if the gateway has forgotten what it had promised.
    mutating func note(_ epoch: UInt32, at now: Instant) -> Bool {
        let epoch = UInt64(epoch)
        defer { last = (now, epoch) }
        guard let last else { return false }
        if epoch + 1 < last.epoch { return true }
        let here = (now - last.at).seconds
        let there = epoch > last.epoch ? epoch - last.epoch : 0
        // Clocks may differ by a sixteenth, and messages may be late by two seconds.
        return here + 2 < there - there / 16 || there + 2 < here - here / 16
    }
}
