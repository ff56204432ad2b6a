/// What went wrong in signalling. The raw value is the `code` of `.peerFault(.signalling, code:)`.
public enum SignallingFault: UInt16, Error, Equatable, Sendable {
    /// Longer than `NodeLimits.signallingMessage`.
    case messageTooLong = 1
    /// Not the message of the specification.
    case malformed = 2
    /// A message that may not come at this point: a second answer, a candidate before the offer.
    case unexpectedType = 3
    /// More than `NodeLimits.signallingCandidates`.
    case tooManyCandidates = 4
    /// The stream ended before the answer was there.
    case endedEarly = 5
    /// WebRTC found no path.
    case notConnected = 6
    /// A description that WebRTC does not take.
    case badDescription = 7
}
