import COpenSSL
public import CausewayIdentity

/// One TLS session over bytes: ciphertext in and out, plaintext in and out, no socket. It belongs to one thread.
///
/// The driver calls `receive` with the socket's bytes, `read` until it returns 0, and `write` with what it wants to say, and sends `wire`.
/// After an error, it still sends `wire` before it closes the socket: `wire` may contain the alert that tells the remote why.
public final class TLSEngine {
    private let session: OpaquePointer
    /// The ciphertext that `receive` lent and OpenSSL has not taken yet.
    private var lent = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The most bytes that are encrypted before the socket has taken them: four records. A slow reader cannot make it hold more.
    public static let ahead = 64 << 10
    /// Ciphertext for the remote: send these bytes and drop them.
    public var wire = ByteQueue()
    /// Whether the handshake is done, so that `write` accepts bytes.
    public private(set) var isEstablished = false
    /// Whether the remote said that it will send no more. A link that ends without this was cut.
    public private(set) var isFinished = false
    private var failure: TLSError?

    /// Makes a server's side, which waits for a client.
    public init(_ context: TLSServerContext) throws(TLSError) {
        session = try Self.start(context.shared)
        attach()
        SSL_set_accept_state(session)
    }

    /// Makes a client's side for a host name, which is sent (SNI) and verified. `wire` contains the first flight at once.
    public init(_ context: TLSClientContext, name: [UInt8]) throws(TLSError) {
        var name = name
        if name.last == 0x2e { name.removeLast() }
        let text = String(decoding: name, as: UTF8.self)
        guard !name.isEmpty, name.count <= 253, name.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw .badHost(text) }
        session = try Self.start(context.shared)
        SSL_set_hostflags(session, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        guard cw_set_server_name(session, text) == 1, SSL_set1_host(session, text) == 1 else { throw .badHost(text) }
        try connect()
    }

    /// Makes a client's side for an IPv4 or IPv6 address (4 or 16 bytes), which the certificate must name.
    public init(_ context: TLSClientContext, ip: [UInt8]) throws(TLSError) {
        session = try Self.start(context.shared)
        guard X509_VERIFY_PARAM_set1_ip(SSL_get0_param(session), ip, ip.count) == 1 else { throw .badHost("\(ip)") }
        try connect()
    }

    deinit { SSL_free(session) }

    /// Lends ciphertext until `read` has returned 0 or thrown.
    public func receive(_ ciphertext: UnsafeRawBufferPointer) { lent = ciphertext }

    /// Fills `buffer` with plaintext if there is some, and continues the handshake. 0: everything that was lent is used up.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> Int {
        if let failure { throw failure }
        if !isEstablished, try !handshake() { return 0 }
        var filled = 0
        while filled < buffer.count, !isFinished {
            var count = 0
            ERR_clear_error()
            let result = SSL_read_ex(session, buffer.baseAddress! + filled, buffer.count - filled, &count)
            guard result == 1 else {
                try examine(result)
                break
            }
            filled += count
        }
        return filled
    }

    /// Encrypts plaintext into `wire`, as much as there is room for below `ahead`. Returns 0 before the handshake is done.
    public func write(_ plaintext: UnsafeRawBufferPointer) throws(TLSError) -> Int {
        if let failure { throw failure }
        guard isEstablished else { return 0 }
        let size = min(plaintext.count, Self.ahead - wire.count)
        var taken = 0
        while taken < size {
            var count = 0
            ERR_clear_error()
            let result = SSL_write_ex(session, plaintext.baseAddress! + taken, size - taken, &count)
            guard result == 1 else {
                try examine(result)
                break
            }
            taken += count
        }
        return taken
    }

    /// Says that we will send no more (close_notify, RFC 8446 section 6.1). Then send `wire` and close.
    public func finish() {
        guard isEstablished, failure == nil else { return }
        lent = UnsafeRawBufferPointer(start: nil, count: 0)
        ERR_clear_error()
        SSL_shutdown(session)
    }

    // MARK: - OpenSSL

    private static func start(_ context: SharedContext) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let session = SSL_new(context.pointer) else { throw .unavailable(reason: ErrorQueue.reason()) }
        return session
    }

    /// Makes the session read and write through this object. Both pointers are unretained, because the session dies with the object.
    private func attach() {
        let bio = BIO_new(Pipe.method)
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_bio(session, bio, bio)
    }

    private func connect() throws(TLSError) {
        attach()
        SSL_set_connect_state(session)
        _ = try handshake()
    }

    private func handshake() throws(TLSError) -> Bool {
        ERR_clear_error()
        let result = SSL_do_handshake(session)
        guard result == 1 else {
            try examine(result)
            return false
        }
        isEstablished = true
        return true
    }

    /// Returns if the call only needs more ciphertext or met the remote's end. Remembers and throws real errors.
    private func examine(_ result: Int32) throws(TLSError) {
        switch SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return
        case SSL_ERROR_ZERO_RETURN: isFinished = true
        default:
            let error = cause()
            failure = error
            lent = UnsafeRawBufferPointer(start: nil, count: 0)
            throw error
        }
    }

    private func cause() -> TLSError {
        let verification = SSL_get_verify_result(session)
        guard let (code, reason) = ErrorQueue.take() else { return .broken(reason: "unexpected end") }
        let number = ERR_GET_REASON(code)
        if number == SSL_R_CERTIFICATE_VERIFY_FAILED, verification != Int(X509_V_OK) {
            return .untrusted(
                code: Int32(truncatingIfNeeded: verification), reason: String(cString: X509_verify_cert_error_string(verification)))
        }
        if number > SSL_AD_REASON_OFFSET, number <= SSL_AD_REASON_OFFSET + 255 {
            return .alert(UInt8(number - SSL_AD_REASON_OFFSET), reason: reason)
        }
        return .broken(reason: reason)
    }

    /// Gives OpenSSL the ciphertext that it asks for: a copy from the lent bytes.
    fileprivate func take(into out: UnsafeMutableRawPointer, capacity: Int) -> Int {
        let size = min(capacity, lent.count)
        guard size > 0, let from = lent.baseAddress else { return 0 }
        out.copyMemory(from: from, byteCount: size)
        lent = UnsafeRawBufferPointer(rebasing: lent[size...])
        return size
    }
}

/// The BIO between OpenSSL and an engine. It has no buffer of its own.
private enum Pipe {
    nonisolated(unsafe) static let method: OpaquePointer? = {
        let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "causeway")
        BIO_meth_set_create(method) { bio in
            BIO_set_init(bio, 1)
            return 1
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bytes, count > 0 else { return 0 }
            engine(bio).wire.append(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        BIO_meth_set_read(method) { bio, out, capacity in
            cw_bio_clear_retry(bio)
            guard let out, capacity > 0 else { return 0 }
            let count = engine(bio).take(into: out, capacity: Int(capacity))
            if count > 0 { return Int32(count) }
            cw_bio_set_retry_read(bio)
            return -1
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    private static func engine(_ bio: OpaquePointer?) -> TLSEngine {
        Unmanaged<TLSEngine>.fromOpaque(BIO_get_data(bio)).takeUnretainedValue()
    }
}
