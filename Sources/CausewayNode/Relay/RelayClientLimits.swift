public import CausewayConnection

/// Times and bounds of a relay's client, with the reason for each.
public struct RelayClientLimits: Equatable, Sendable {
    /// From CONNECT to the relay's answer (go: 1 min), which waits for the target in between.
    public var circuitTime = Interval.seconds(60)
    /// From RESERVE to its answer.
    public var reserveTime = Interval.seconds(30)
    /// From a stop stream's opening to its message, and from our refusal to its end (go: 10 s).
    public var stopTime = Interval.seconds(10)
    /// Stop streams that are being worked on, of all relays together; each may hold 4 KiB of a message.
    public var stopStreams = 128
    /// A refresh comes at three quarters of the time left, never sooner than this: a relay must not make us ask all the time.
    public var refreshGap = Interval.seconds(30)
    /// A reservation that is shorter than `refreshGap` is refreshed before its end all the same, but never sooner than this.
    public var shortestRefresh = Interval.seconds(5)
    /// Reservations beyond this are taken for nonsense.
    public var longestReservation = Interval.seconds(365 * 24 * 3600)
    /// How long the addresses of a relay that went away stay advertised: a restart takes less, and changes nothing then.
    public var addressGrace = Interval.seconds(60)
    /// A relay lost is tried again within this, so that its peers do not all come in the same instant.
    public var firstRetry = Interval.milliseconds(250)
    /// After the first failure, and twice as long after each further one.
    public var retry = Interval.seconds(1)
    /// Never longer than this, so that a relay that comes back is found within a minute.
    public var longestRetry = Interval.seconds(60)
    /// Addresses taken from one reservation.
    public var addresses = 16
    /// Bytes of one of them. A name has 253 at most, a certificate's hash 36, a peer id 42.
    public var addressLength = 512
    /// Candidates learnt from identify.
    public var learntCandidates = 20

    /// The defaults.
    public init() {}
}
