/// Why bytes are no STUN message (RFC 8489, section 6.3).
public enum STUNError: Error, Equatable, Sendable {
    /// Too short for a header, or without the magic cookie.
    case notSTUN
    /// The length in the header is not that of the datagram, or no multiple of four.
    case badLength
    /// Longer than `STUNLimits.messageSize`.
    case tooLong
    /// A method other than Binding.
    case unknownMethod
    /// An attribute that reaches beyond the end, or has a size that its type cannot have.
    case badAttribute
    /// The CRC does not fit, or something follows it.
    case badFingerprint
}
