public import CausewayConnection

/// Why identify failed.
public enum IdentifyError: Error, Equatable, Sendable {
    /// One message is longer than `limit` bytes, or there are more than `limit` messages.
    case messageTooLarge(limit: Int)
    case tooManyMessages(limit: Int)
    /// Malformed protobuf, or an end in the middle of a message.
    case malformed
    /// The public key is another peer's, or invalid.
    case foreignKey
    case timedOut
    case stream(StreamError)
}
