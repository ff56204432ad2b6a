import COpenSSL
public import CausewayIdentity
public import CausewayWebRTC

/// What the DTLS sessions of one certificate share, of both roles: DTLS 1.2 alone, with forward secrecy and authenticated ciphers, and both
/// sides show a certificate. No tickets, no resumption, no renegotiation. It does not change once it is made.
public final class DTLSContext: DTLSEndpoint, Sendable {
    /// What every peer of WebRTC supports (RFC 8827, section 6.5), and the same for remotes with an RSA key. `RecordCipher` knows no other.
    private static let ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"

    /// Data channels use no SRTP (RFC 5764), but pion, which go-libp2p uses, ends an association without a profile for it.
    private static let mediaProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"

    nonisolated(unsafe) let pointer: OpaquePointer
    public let certificate: DTLSCertificate
    private let limits: DTLSLimits

    public var fingerprint: CertificateFingerprint { certificate.fingerprint }

    /// - Throws: `TLSError.unavailable`.
    public init(_ certificate: DTLSCertificate, limits: DTLSLimits = DTLSLimits()) throws(TLSError) {
        self.certificate = certificate
        self.limits = limits
        ERR_clear_error()
        guard let context = SSL_CTX_new(DTLS_method()) else { throw .unavailable(reason: ErrorQueue.reason()) }
        pointer = context
        cw_ctx_set_dtls_modes(context, limits.handshakeMessage, DTLSLimits.packet)
        guard cw_ctx_set_dtls12(context) == 1, SSL_CTX_set_cipher_list(context, Self.ciphers) == 1,
            cw_ctx_set_groups(context, "X25519:P-256") == 1, SSL_CTX_use_certificate(context, certificate.certificate) == 1,
            SSL_CTX_use_PrivateKey(context, certificate.key) == 1, SSL_CTX_set_tlsext_use_srtp(context, Self.mediaProfiles) == 0
        else { throw .unavailable(reason: ErrorQueue.reason()) }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        SSL_CTX_set_cert_verify_callback(context, { store, _ in DTLSSession.verify(store) }, nil)
    }

    deinit { SSL_CTX_free(pointer) }

    public func makeEngine(_ role: DTLSRole, trusting trust: DTLSTrust, now: Instant) throws(DTLSError) -> any DTLSEngine {
        try DTLSSession(self, role, trusting: trust, limits: limits, now: now)
    }
}
