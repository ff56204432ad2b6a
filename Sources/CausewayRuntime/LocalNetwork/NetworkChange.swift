import CausewayIdentity

/// What `NetworkWatch` sees at one moment.
struct NetworkLook {
    let state: NetworkState
    /// Unix time at the monotonic clock's zero.
    let unixEpoch: UInt64
    /// By the monotonic clock.
    let at: Instant
}

/// Whether this machine or process slept, or has other addresses than before. Either may have ended connections without a word.
///
/// While a machine sleeps, the wall clock runs and the monotonic clock does not, so the distance between them jumps. It also jumps if
/// somebody sets the wall clock. While only this process is held, as phones do with programs in the background, both clocks run, and the
/// next look comes late. It also does on a machine with too much to do. Either costs no more than a ping on each connection.
struct NetworkChange {
    /// A correction of the clock by this much is no sleep, nor is a look that is so late.
    static let correction = Interval.seconds(5)

    let hasSlept: Bool
    /// The IP addresses that the machine had and has no longer.
    let lost: [[UInt8]]

    /// nil: nothing of that kind has happened.
    init?(from old: NetworkLook, to new: NetworkLook) {
        let jump = max(new.unixEpoch, old.unixEpoch) - min(new.unixEpoch, old.unixEpoch)
        hasSlept = jump > Self.correction.nanoseconds || new.at > old.at + NetworkWatch.interval + Self.correction
        lost = old.state.addresses.filter { !new.state.addresses.contains($0) }
        if !hasSlept, old.state == new.state { return nil }
    }
}
