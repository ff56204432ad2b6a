import COpenSSL
public import CausewayWebRTC

/// The certificate that a peer shows, and the one that it is going to show.
///
/// An address with `/certhash` works as long as the peer shows that certificate. So a certificate lives long, and its successor is made
/// and advertised beside it long before it takes its place.
public struct DTLSCertificates: Sendable {
    private static let day: Int64 = 86_400
    /// Remotes do not look at the dates, so only those who care about old keys want an end.
    static let lifetime = 3650 * day
    /// So long before its end a certificate gets a successor. Addresses are seldom kept for longer than a year.
    static let successorTime = 395 * day
    /// So long before its end a certificate is not shown any more, in case a remote does look at the dates.
    static let retirementTime = 30 * day

    public let shown: DTLSCertificate
    public let successor: DTLSCertificate?

    /// Makes a first certificate.
    /// - Parameter now: Unix seconds.
    public init(now: Int64) throws(TLSError) { self.init(try DTLSCertificate(now: now, lifetime: Self.lifetime), nil) }

    private init(_ shown: DTLSCertificate, _ successor: DTLSCertificate?) {
        self.shown = shown
        self.successor = successor
    }

    /// What is to be advertised.
    public var fingerprints: [CertificateFingerprint] { [shown.fingerprint] + (successor.map { [$0.fingerprint] } ?? []) }

    /// The certificates at a later time. nil: they are still the same.
    /// - Parameter now: Unix seconds.
    public func renewed(now: Int64) throws(TLSError) -> DTLSCertificates? {
        if shown.expires - now <= Self.retirementTime {
            guard let successor else { return try DTLSCertificates(now: now) }
            let next = DTLSCertificates(successor, nil)
            return try next.renewed(now: now) ?? next
        }
        guard successor == nil, shown.expires - now <= Self.successorTime else { return nil }
        return DTLSCertificates(shown, try DTLSCertificate(now: now, lifetime: Self.lifetime))
    }

    // MARK: PEM

    /// Reads what `pem` of others has written. nil: there is something else.
    public init?(pem: [UInt8]) {
        let read = pem.withUnsafeBytes { bytes -> [DTLSCertificate] in
            guard let file = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return [] }
            defer { BIO_free(file) }
            var read: [DTLSCertificate] = []
            while BIO_ctrl_pending(file) > 0 {
                guard read.count < 2, let next = DTLSCertificate(readingPEM: file) else { return [] }
                read.append(next)
            }
            return read
        }
        guard let shown = read.first else { return nil }
        self.init(shown, read.count > 1 ? read[1] : nil)
    }

    /// The unencrypted keys, each with its certificate. The caller wipes it.
    public func pem() throws(TLSError) -> [UInt8] {
        ERR_clear_error()
        // Memory that is zeroed when it is freed.
        guard let file = BIO_new(BIO_s_secmem()) else { throw .unavailable(reason: ErrorQueue.reason()) }
        defer { BIO_free(file) }
        guard shown.writePEM(file), successor?.writePEM(file) ?? true else { throw .unavailable(reason: ErrorQueue.reason()) }
        return [UInt8](unsafeUninitializedCapacity: BIO_ctrl_pending(file)) { out, count in
            count = Int(max(0, BIO_read(file, out.baseAddress, Int32(clamping: out.count))))
        }
    }
}
