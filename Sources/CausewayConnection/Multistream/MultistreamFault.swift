/// What the remote did wrong in multistream-select. The raw value is the `code` of `ConnectionError.peerFault(.multistream, code:)`.
public enum MultistreamFault: UInt16, Error, Equatable, Sendable {
    /// A message longer than `ConnectionLimits.multistreamMessage`, or a length prefix that announces one or is longer than it needs to be.
    case messageTooLong = 1
    /// A message that does not end in a line feed.
    case missingLineFeed = 2
    /// The first message is not `/multistream/1.0.0`.
    case unexpectedHeader = 3
    /// An answer that is neither `na` nor what was proposed.
    case unexpectedAnswer = 4
    /// More messages than `ConnectionLimits.multistreamRounds`.
    case tooManyRounds = 5
    /// The remote finished a stream before its protocol was settled.
    case finishedEarly = 6
}
