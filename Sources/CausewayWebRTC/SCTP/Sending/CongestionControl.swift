import CausewayIdentity

/// Which congestion control an association uses.
public enum CongestionControlKind: Sendable {
    case cubic
    case newReno

    func make() -> any CongestionControl {
        switch self {
        case .cubic: Cubic()
        case .newReno: NewReno()
        }
    }
}

/// How much may be on its way at once, so that the path is used and not flooded.
protocol CongestionControl: AnyObject {
    /// Bytes that may be on their way (cwnd).
    var window: Int { get }
    /// The window still grows with every acknowledgement, so what the path can carry is not known yet.
    var isSlowStart: Bool { get }

    /// - Parameters:
    ///   - inFlight: bytes that were on their way before, which tells whether the window was used.
    ///   - roundTrip: the latest that was measured.
    ///   - isQueueing: round trips have become longer, so packets wait somewhere.
    func acknowledged(_ bytes: Int, inFlight: Int, at now: Instant, roundTrip: Interval, isQueueing: Bool)
    /// Chunks were lost. What is lost in a round trip after the window has shrunk does not count.
    /// - Returns: whether the window has shrunk.
    func lost(_ bytes: Int, isQueueing: Bool) -> Bool
    /// Nothing came back for so long that the path may be another one.
    func timedOut(inFlight: Int)
}
