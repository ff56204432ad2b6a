import COpenSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An `SSL_CTX`: what all sessions of one side share. It does not change once it is made, so any thread may start sessions from it.
final class SharedContext: Sendable {
    nonisolated(unsafe) let pointer: OpaquePointer

    /// Only TLS 1.2 and above, with forward secrecy and authenticated ciphers. No tickets, no resumption, no renegotiation: connections
    /// live long, so resuming a session would save little.
    init(_ method: OpaquePointer?) throws(TLSError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(method) else { throw .unavailable(reason: ErrorQueue.reason()) }
        pointer = context
        cw_ctx_set_modes(context)
        guard cw_ctx_set_min_tls12(context) == 1,
            SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1
        else { throw .unavailable(reason: ErrorQueue.reason()) }
        // Without this, OpenSSL would ask for a key's passphrase on the terminal.
        SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in 0 }
    }

    deinit { SSL_CTX_free(pointer) }
}

/// A server's certificate chain and key. To renew them, load new ones and use them for new sessions. Running sessions keep theirs.
public final class TLSServerContext: Sendable {
    let shared: SharedContext
    /// What the first certificate says of itself.
    public let summary: CertificateSummary
    /// When the first certificate expires, in Unix seconds.
    public var expires: Int64 { summary.expires }

    /// Reads PEM files: the server's certificate followed by the intermediate ones, and the unencrypted private key.
    /// - Throws: `TLSError.file` with the file and the reason, or `.keyMismatch`.
    public init(certificates: String, key: String) throws(TLSError) {
        shared = try SharedContext(TLS_server_method())
        let context = shared.pointer
        try Self.checkReadable(certificates)
        try Self.checkReadable(key)
        guard SSL_CTX_use_certificate_chain_file(context, certificates) == 1, let first = SSL_CTX_get0_certificate(context) else {
            throw .file(path: certificates, reason: "no certificate in PEM: \(ErrorQueue.reason())")
        }
        let privateKey = try Self.readKey(key)
        defer { EVP_PKEY_free(privateKey) }
        guard X509_check_private_key(first, privateKey) == 1 else {
            ERR_clear_error()
            throw .keyMismatch(certificates: certificates, key: key)
        }
        guard SSL_CTX_use_PrivateKey(context, privateKey) == 1 else { throw .file(path: key, reason: ErrorQueue.reason()) }
        summary = CertificateSummary(names: CertificateSummary.names(of: first), expires: Self.unixTime(X509_get0_notAfter(first)))
        SSL_CTX_set_alpn_select_cb(context, selectHTTP, nil)
    }

    /// Whether the first certificate is for this host name (RFC 9525), wildcards included.
    public func isFor(_ name: String) -> Bool {
        guard let first = SSL_CTX_get0_certificate(shared.pointer) else { return false }
        return X509_check_host(first, name, name.utf8.count, 0, nil) == 1
    }

    /// For a missing file, OpenSSL's own text names its source files instead of the file.
    static func checkReadable(_ path: String) throws(TLSError) {
        guard access(path, R_OK) == 0 else { throw .file(path: path, reason: String(cString: strerror(errno))) }
    }

    private static func readKey(_ path: String) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let file = BIO_new_file(path, "r") else { throw .file(path: path, reason: ErrorQueue.reason()) }
        defer { BIO_free(file) }
        guard let key = PEM_read_bio_PrivateKey(file, nil, { _, _, _, _ in 0 }, nil) else {
            throw .file(path: path, reason: "no unencrypted private key in PEM: \(ErrorQueue.reason())")
        }
        return key
    }

    private static func unixTime(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = tm()
        return ASN1_TIME_to_tm(time, &parts) == 1 ? Int64(timegm(&parts)) : 0
    }
}

/// Chooses `http/1.1` if the client offers it. If the client offers only other protocols, the session continues without one, and the
/// WebSocket handshake decides.
private func selectHTTP(
    _: OpaquePointer?, selected: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, length: UnsafeMutablePointer<UInt8>?,
    offered: UnsafePointer<UInt8>?, offeredLength: UInt32, _: UnsafeMutableRawPointer?
) -> Int32 {
    guard let offered, let selected, let length else { return SSL_TLSEXT_ERR_NOACK }
    var start = 0
    while start < Int(offeredLength) {
        let size = Int(offered[start])
        let name = UnsafeBufferPointer(start: offered + start + 1, count: min(size, Int(offeredLength) - start - 1))
        if name.elementsEqual(TLSClientContext.http) {
            selected.pointee = name.baseAddress
            length.pointee = UInt8(name.count)
            return SSL_TLSEXT_ERR_OK
        }
        start += 1 + size
    }
    return SSL_TLSEXT_ERR_NOACK
}

/// The certificates that a client trusts.
public final class TLSClientContext: Sendable {
    static let http = Array("http/1.1".utf8)
    let shared: SharedContext

    /// - Parameters:
    ///   - authorities: a PEM file of certificates to trust beside the system's.
    ///   - verifies: false takes any certificate. (libp2p's own handshake inside still proves who the peer is.)
    /// - Throws: `TLSError.file` with the file and the reason.
    public init(authorities: String? = nil, verifies: Bool = true) throws(TLSError) {
        shared = try SharedContext(TLS_client_method())
        let context = shared.pointer
        SSL_CTX_set_default_verify_paths(context)
        ERR_clear_error()
        if let authorities {
            try TLSServerContext.checkReadable(authorities)
            guard SSL_CTX_load_verify_locations(context, authorities, nil) == 1 else {
                throw .file(path: authorities, reason: "no certificate in PEM: \(ErrorQueue.reason())")
            }
        }
        SSL_CTX_set_verify(context, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        let protocols = [UInt8(Self.http.count)] + Self.http
        SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count))
    }
}
