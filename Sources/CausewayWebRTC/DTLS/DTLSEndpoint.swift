public import CausewayIdentity

/// Makes the engines of one local certificate.
public protocol DTLSEndpoint: AnyObject {
    /// Of the certificate that remotes see.
    var fingerprint: CertificateFingerprint { get }

    /// - Throws: `DTLSError.unavailable`.
    func makeEngine(_ role: DTLSRole, trusting trust: DTLSTrust, now: Instant) throws(DTLSError) -> any DTLSEngine
}

/// Who sends the ClientHello. SDP calls the client `active` and the server `passive` (RFC 8842, section 5.3).
public enum DTLSRole: Equatable, Sendable {
    case client
    case server
}

/// Whose certificate is taken. A certificate proves nothing but its fingerprint, so neither names nor times in it matter.
public enum DTLSTrust: Equatable, Sendable {
    /// Anybody's: another handshake inside proves who the remote is.
    case anyone
    /// A certificate with one of these fingerprints. None may be there.
    case fingerprints([CertificateFingerprint])

    public func accepts(_ fingerprint: CertificateFingerprint) -> Bool {
        switch self {
        case .anyone: return true
        case .fingerprints(let accepted):
            for one in accepted where one == fingerprint { return true }
            return false
        }
    }
}
