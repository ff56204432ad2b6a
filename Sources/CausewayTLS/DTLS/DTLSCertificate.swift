import COpenSSL
public import CausewayWebRTC

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A certificate that signs itself, with its key (ECDSA on P-256), for DTLS. Remotes look at nothing but its fingerprint.
///
/// `@unchecked Sendable`: OpenSSL counts references to both objects atomically, and nothing changes them.
public final class DTLSCertificate: @unchecked Sendable {
    let certificate: OpaquePointer
    let key: OpaquePointer
    public let fingerprint: CertificateFingerprint
    /// When it expires, in Unix seconds.
    public let expires: Int64

    /// Takes over both objects.
    private init(_ certificate: OpaquePointer, _ key: OpaquePointer) {
        self.certificate = certificate
        self.key = key
        fingerprint = CertificateFingerprint(x509: certificate)
        var parts = tm()
        expires = ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1 ? Int64(timegm(&parts)) : 0
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    // MARK: Making

    /// Makes a key and a certificate, valid from a day before `now`, because clocks differ.
    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - lifetime: seconds from `now`.
    public convenience init(now: Int64, lifetime: Int64) throws(TLSError) {
        ERR_clear_error()
        guard let key = Self.generateKey(), let certificate = X509_new() else { throw .unavailable(reason: ErrorQueue.reason()) }
        self.init(certificate, key, signedAt: now, expires: now + lifetime)
        guard X509_verify(certificate, key) == 1 else { throw .unavailable(reason: ErrorQueue.reason()) }
    }

    private convenience init(_ certificate: OpaquePointer, _ key: OpaquePointer, signedAt now: Int64, expires: Int64) {
        X509_set_version(certificate, 2)
        var serial: UInt64 = 0
        withUnsafeMutableBytes(of: &serial) { _ = RAND_bytes($0.baseAddress, 8) }
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1)
        ASN1_TIME_set(X509_getm_notBefore(certificate), time_t(now - 86_400))
        ASN1_TIME_set(X509_getm_notAfter(certificate), time_t(expires))
        X509_set_pubkey(certificate, key)
        let name = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, "causeway", -1, -1, 0)
        X509_set_issuer_name(certificate, name)
        X509_sign(certificate, key, EVP_sha256())
        self.init(certificate, key)
    }

    private static func generateKey() -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
            EVP_PKEY_generate(context, &key) == 1
        else { return nil }
        return key
    }

    // MARK: PEM

    /// Reads a key and its certificate, as `writePEM` writes them. nil: there is something else, or nothing.
    convenience init?(readingPEM file: OpaquePointer) {
        defer { ERR_clear_error() }
        guard let key = PEM_read_bio_PrivateKey(file, nil, { _, _, _, _ in 0 }, nil) else { return nil }
        guard let certificate = PEM_read_bio_X509(file, nil, { _, _, _, _ in 0 }, nil) else {
            EVP_PKEY_free(key)
            return nil
        }
        self.init(certificate, key)
        guard X509_check_private_key(certificate, key) == 1 else { return nil }
    }

    /// Writes the unencrypted key, then the certificate.
    func writePEM(_ file: OpaquePointer) -> Bool {
        PEM_write_bio_PrivateKey(file, key, nil, nil, 0, nil, nil) == 1 && PEM_write_bio_X509(file, certificate) == 1
    }
}

extension CertificateFingerprint {
    init(x509: OpaquePointer) {
        let digest = [UInt8](unsafeUninitializedCapacity: 32) { out, count in
            var size: UInt32 = 0
            X509_digest(x509, EVP_sha256(), out.baseAddress, &size)
            count = 32
        }
        // This cannot fail: SHA-256 has 32 bytes.
        guard let fingerprint = CertificateFingerprint(digest: digest) else { preconditionFailure("SHA-256 has 32 bytes") }
        self = fingerprint
    }
}
