/// Why a description cannot be used. It is the remote's fault.
public enum SDPError: Error, Equatable, Sendable {
    /// Longer than `SDPLimits.size`.
    case tooLong
    /// No media section of data channels by SCTP over DTLS, or one that is refused by the port 0.
    case noDataChannels
    /// No fragment or no password, or not such as ICE allows (RFC 8839, section 5.4).
    case badCredentials
    /// No fingerprint by SHA-256 (RFC 8122, section 5).
    case noFingerprint
    /// A role in DTLS that there is not, or that cannot answer the offer's (RFC 8842, section 5).
    case badSetup
    /// A number that is none or out of its range.
    case badNumber
    /// A port of SCTP (`a=sctp-port`) other than 5000, which everybody uses.
    case otherPort
    /// `a=sctp-init` is no INIT chunk in base64, or is longer than `SDPLimits.initiationSize` (draft-hancke-tsvwg-snap).
    case badInitiation
}
