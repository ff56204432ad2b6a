import CausewayIdentity

/// Whether this machine slept, or has other addresses than before. Either may have ended connections without a word.
///
/// While a machine sleeps, the wall clock runs and the monotonic clock does not, so the distance between them jumps. It also jumps if
/// somebody sets the wall clock, which costs no more than a ping on each connection.
struct NetworkChange {
    /// A correction of the clock by this much is no sleep.
    static let correction = Interval.seconds(5)

    let hasSlept: Bool
    /// The IP addresses that the machine had and has no longer.
    let lost: [[UInt8]]

    /// nil: nothing of that kind has happened.
    init?(from old: NetworkState, unixEpoch before: UInt64, to new: NetworkState, unixEpoch epoch: UInt64) {
        hasSlept = max(epoch, before) - min(epoch, before) > Self.correction.nanoseconds
        lost = old.addresses.filter { !new.addresses.contains($0) }
        if !hasSlept, old == new { return nil }
    }
}
