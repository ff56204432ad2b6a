/// How far an association has come.
public enum DTLSState: Equatable, Sendable {
    case handshaking
    /// Packets pass.
    case established
    /// One of both sides has sent close_notify.
    case closed
    case failed(DTLSError)

    /// Whether nothing will come any more.
    public var isOver: Bool {
        switch self {
        case .handshaking, .established: false
        case .closed, .failed: true
        }
    }
}

/// Why an association failed, and whose fault it was.
public enum DTLSError: Error, Equatable, Sendable {
    /// The remote refused or ended it by a fatal alert (RFC 5246, section 7.2).
    case alert(UInt8)
    /// The remote's certificate is not the one that was expected.
    case wrongCertificate(CertificateFingerprint)
    /// The remote violated DTLS, or offers no version or cipher that is taken.
    case violation(reason: String)
    /// The remote sent more than `limit` bytes without completing the handshake.
    case tooManyBytes(limit: Int)
    /// The handshake took longer than `DTLSLimits.handshakeTime`.
    case timedOut
    /// The local library failed: no memory, or a configuration that leaves no cipher.
    case unavailable(reason: String)
}
