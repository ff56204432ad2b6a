/// Why a datagram does not begin an association of `/webrtc-direct`. The sender is told nothing.
public enum DirectRequestError: Error, Equatable, Sendable {
    /// No binding request with USERNAME and MESSAGE-INTEGRITY, or one that asks for what we do not understand.
    case notACheck
    /// The user name is no pair of fragments that ICE allows.
    case badUsername
    /// A version that nobody here speaks.
    case unknownVersion
    /// The password in a fragment of version 2 has a length that ICE does not allow.
    case badPassword
    /// The sender does not know what it has put into the user name itself.
    case notIntact
}
