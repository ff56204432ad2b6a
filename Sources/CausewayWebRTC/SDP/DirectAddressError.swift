/// Why an address cannot be dialled by `/webrtc-direct`.
public enum DirectAddressError: Error, Equatable, Sendable {
    /// No address of `/webrtc-direct` with an IP address and a UDP port.
    case notDialable
    /// No `/certhash` by SHA-256.
    case noCertificateHash
}
