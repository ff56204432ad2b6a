import COpenSSL
import CausewayIdentity
import CausewayWebRTC

/// OpenSSL's own DTLS against an engine, to do what our engine never does. Each record travels as a datagram of its own.
final class RawPeer {
    let session: OpaquePointer
    private let context: OpaquePointer
    private let incoming = BIO_new(BIO_s_mem())!
    private let outgoing = BIO_new(BIO_s_mem())!
    private let engine: any DTLSEngine
    /// What the engine received.
    private(set) var packets: [[UInt8]] = []
    private(set) var datagramSizes: [Int] = []
    let now = Instant(nanoseconds: 1_000_000_000)

    /// - Parameter configure: changes the context, which has the version, ciphers and checks of OpenSSL's defaults at their most lenient.
    init(_ role: DTLSRole, against engine: any DTLSEngine, _ configure: (OpaquePointer) -> Void = { _ in }) {
        self.engine = engine
        context = SSL_CTX_new(DTLS_method())!
        SSL_CTX_set_cipher_list(context, "DEFAULT@SECLEVEL=0")
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        // SSL_OP_NO_QUERY_MTU, which Swift does not import.
        SSL_CTX_set_options(context, 1 << 12)
        configure(context)
        session = SSL_new(context)!
        BIO_ctrl(incoming, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        SSL_set_bio(session, incoming, outgoing)
        SSL_ctrl(session, SSL_CTRL_SET_MTU, 1200, nil)
        if role == .client { SSL_set_connect_state(session) } else { SSL_set_accept_state(session) }
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    var isEstablished: Bool { SSL_is_init_finished(session) == 1 }

    /// Calls OpenSSL and moves datagrams until both are silent.
    func run() {
        repeat {
            ERR_clear_error()
            var ignored: UInt8 = 0
            if isEstablished { SSL_read(session, &ignored, 1) } else { SSL_do_handshake(session) }
            for record in records() { deliver(record) }
        } while receive()
    }

    func deliver(_ datagram: [UInt8]) {
        datagramSizes.append(datagram.count)
        var datagram = datagram
        datagram.withUnsafeMutableBytes { bytes in
            engine.receive(bytes, now: now)
            while let packet = engine.nextPacket() { packets.append(Array(packet)) }
        }
    }

    /// Takes one datagram of the engine.
    private func receive() -> Bool {
        var room = [UInt8](repeating: 0, count: DTLSLimits.datagram)
        guard let size = room.withUnsafeMutableBytes({ engine.pollDatagram(into: $0) }) else { return false }
        BIO_write(incoming, room, Int32(size))
        return true
    }

    /// What OpenSSL has written.
    func records() -> [[UInt8]] {
        var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(outgoing))
        BIO_read(outgoing, &bytes, Int32(bytes.count))
        var found: [[UInt8]] = []
        while bytes.count >= 13 {
            let size = 13 + Int(bytes[11]) << 8 + Int(bytes[12])
            found.append(Array(bytes.prefix(size)))
            bytes.removeFirst(min(size, bytes.count))
        }
        return found
    }

    /// What OpenSSL reads from a datagram. nil: nothing, or the end.
    func read(_ datagram: [UInt8]) -> [UInt8]? {
        BIO_write(incoming, datagram, Int32(datagram.count))
        var packet = [UInt8](repeating: 0, count: 2000)
        let size = SSL_read(session, &packet, Int32(packet.count))
        return size > 0 ? Array(packet.prefix(Int(size))) : nil
    }

    /// Gives a context a certificate of its own.
    static func showCertificate(_ context: OpaquePointer) {
        let keys = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
        EVP_PKEY_keygen_init(keys)
        EVP_PKEY_CTX_set_group_name(keys, "P-256")
        var key: OpaquePointer?
        EVP_PKEY_generate(keys, &key)
        EVP_PKEY_CTX_free(keys)
        let certificate = X509_new()
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0)
        X509_gmtime_adj(X509_getm_notAfter(certificate), 1000)
        X509_set_pubkey(certificate, key)
        X509_sign(certificate, key, EVP_sha256())
        SSL_CTX_use_certificate(context, certificate)
        SSL_CTX_use_PrivateKey(context, key)
        X509_free(certificate)
        EVP_PKEY_free(key)
    }
}
