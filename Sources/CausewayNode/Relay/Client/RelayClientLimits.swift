public import CausewayConnection

/// Times and bounds of a relay's client, with the reason for each.
public struct RelayClientLimits: Equatable, Sendable {
    /// The time from CONNECT to the relay's answer (go: 1 min), which waits for the target meanwhile.
    public var circuitTime = Interval.seconds(60)
    /// The time from RESERVE to its answer.
    public var reserveTime = Interval.seconds(30)
    /// The time from a stop stream's opening to its message, and from our refusal to its end (go: 10 s).
    public var stopTime = Interval.seconds(10)
    /// The stop streams in progress, of all relays together. Each may hold 4 KiB of a message.
    public var stopStreams = 128
    /// A refresh comes at three quarters of the time left, but never sooner than this: a relay must not make us ask all the time.
    public var refreshGap = Interval.seconds(30)
    /// A reservation shorter than `refreshGap` is refreshed before its end, but never sooner than this.
    public var shortestRefresh = Interval.seconds(5)
    /// How long a reservation counts whose end cannot be, because the relay's clock or ours is wrong.
    public var assumedReservation = Interval.seconds(60)
    /// No reservation lasts longer.
    public var longestReservation = Interval.seconds(365 * 24 * 3600)
    /// How long the addresses of an unreachable relay stay advertised. A restart takes less, and then changes nothing.
    public var addressGrace = Interval.seconds(60)
    /// A lost relay is tried again within this time, at random, so that its peers do not all come in the same instant.
    public var firstRetry = Interval.milliseconds(250)
    /// The wait after the first failure. It doubles with each further one.
    public var retry = Interval.seconds(1)
    /// The longest wait, so that a relay that comes back has all its peers again within half a minute.
    public var longestRetry = Interval.seconds(20)
    /// Addresses accepted from one reservation.
    public var addresses = 16
    /// Bytes of one of these addresses. A name has at most 253, a certificate's hash 36, a peer id 42.
    public var addressLength = 512
    /// Candidates learnt from identify.
    public var learntCandidates = 20

    /// The defaults.
    public init() {}
}
