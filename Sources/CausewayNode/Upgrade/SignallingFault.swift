/// What went wrong in signalling. The raw value is the `code` of `.peerFault(.signalling, code:)`.
public enum SignallingFault: UInt16, Error, Equatable, Sendable {
    /// Longer than `NodeLimits.signallingMessage`.
    case messageTooLong = 1
    /// Not a message of the specification.
    case malformed = 2
    /// A message that is not allowed at this point: a second answer, or a candidate before the offer.
    case unexpectedType = 3
    /// More than `NodeLimits.signallingCandidates`.
    case tooManyCandidates = 4
    /// The stream ended before the answer arrived.
    case endedEarly = 5
    /// WebRTC found no path.
    case notConnected = 6
    /// WebRTC rejects the description.
    case badDescription = 7
}
