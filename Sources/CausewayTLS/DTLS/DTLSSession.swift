import COpenSSL
public import CausewayIdentity
public import CausewayWebRTC

/// One DTLS association: the handshake by OpenSSL, the records behind it by `RecordProtection`.
public final class DTLSSession: DTLSEngine {
    private let role: DTLSRole
    private let trust: DTLSTrust
    private let limits: DTLSLimits
    private let handshakeEnd: Instant
    private var now: Instant
    public private(set) var state = DTLSState.handshaking
    public private(set) var remoteFingerprint: CertificateFingerprint?
    /// Of the certificate that the remote has shown; it has yet to prove that it has the key.
    private var shownFingerprint: CertificateFingerprint?
    private var flights: FlightQueue
    private var screen: HandshakeScreen
    /// OpenSSL's object: nil when the remote cannot ask for the last flight any more.
    private var session: OpaquePointer?
    /// Of the last protected record that OpenSSL has written.
    private var usedNonce: UInt64 = 0
    private var protection: RecordProtection?
    /// What the driver has lent, how much of it has been opened, and whether OpenSSL has taken its copy.
    private var lent = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var opened = 0
    private var isTaken = true

    private static let closeNotify: UInt8 = 0
    private static let warning: UInt8 = 1
    private static let fatal: UInt8 = 2

    init(_ context: DTLSContext, _ role: DTLSRole, trusting trust: DTLSTrust, limits: DTLSLimits, now: Instant) throws(DTLSError) {
        ERR_clear_error()
        guard let session = SSL_new(context.pointer) else { throw .unavailable(reason: ErrorQueue.reason()) }
        self.session = session
        self.role = role
        self.trust = trust
        self.limits = limits
        self.now = now
        handshakeEnd = now + limits.handshakeTime
        flights = FlightQueue(limits)
        screen = HandshakeScreen(limits)
        // All pointers are unretained, because OpenSSL's object dies with this one.
        let this = Unmanaged.passUnretained(self).toOpaque()
        let bio = BIO_new(DatagramPipe.method)
        BIO_set_data(bio, this)
        SSL_set_bio(session, bio, bio)
        SSL_set_ex_data(session, 0, this)
        _ = cw_set_mtu(session, DTLSLimits.datagram)
        DTLS_set_timer_cb(session) { session, last in DTLSSession.of(session).timerRuns(last) }
        switch role {
        case .client: SSL_set_connect_state(session)
        case .server: SSL_set_accept_state(session)
        }
        handshake()
    }

    deinit { SSL_free(session) }

    // MARK: Receiving

    public func receive(_ datagram: UnsafeMutableRawBufferPointer, now: Instant) {
        self.now = now
        guard !state.isOver else { return }
        lent = datagram
        opened = 0
        if session != nil { receiveHandshake() }
    }

    /// Gives OpenSSL what may belong to a handshake.
    private func receiveHandshake() {
        if state == .handshaking {
            switch screen.examine(UnsafeRawBufferPointer(lent)) {
            case .taken: break
            case .discarded: return
            case .tooManyBytes: return fail(.tooManyBytes(limit: limits.handshakeBytes))
            }
            isTaken = false
            handshake()
        } else if lent.first == DTLSRecord.Kind.handshake || lent.first == DTLSRecord.Kind.changeCipherSpec {
            // The client has not seen the last flight, which OpenSSL sends again.
            isTaken = false
            var ignored: UInt8 = 0
            ERR_clear_error()
            let result = SSL_read(session, &ignored, 1)
            if result <= 0, hasFailed(result) { fail(cause()) }
        }
        isTaken = true
    }

    public func nextPacket() -> UnsafeRawBufferPointer? {
        while state == .established, let record = DTLSRecord(UnsafeRawBufferPointer(lent), at: opened) {
            opened = record.content.upperBound
            let isHandshake = record.kind == DTLSRecord.Kind.handshake
            guard !isHandshake, let protection, let content = protection.open(record, in: lent) else { continue }
            // The remote is through with the handshake, too.
            releaseSession()
            if record.kind == DTLSRecord.Kind.alert {
                receiveAlert(content)
            } else if record.kind == DTLSRecord.Kind.applicationData, !content.isEmpty {
                return content
            }
        }
        lent = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        opened = 0
        return nil
    }

    private func receiveAlert(_ alert: UnsafeRawBufferPointer) {
        guard alert.count == 2 else { return }
        if alert[1] == Self.closeNotify {
            close()
        } else if alert[0] == Self.fatal {
            fail(.alert(alert[1]))
        }
    }

    // MARK: Sending

    public func seal(_ packet: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int? {
        guard state == .established, !packet.isEmpty, packet.count <= DTLSLimits.packet,
            room.count >= packet.count + DTLSLimits.overhead
        else { return nil }
        return protection?.seal(DTLSRecord.Kind.applicationData, packet, into: room)
    }

    public func pollDatagram(into room: UnsafeMutableRawBufferPointer) -> Int? {
        guard let datagram = flights.next(at: now), datagram.count <= room.count else { return nil }
        room.copyBytes(from: datagram)
        return datagram.count
    }

    // MARK: Time and end

    public var nextDeadline: Instant { state == .handshaking ? min(handshakeEnd, flights.nextDue) : .distantFuture }

    public func advance(now: Instant) {
        self.now = now
        if state == .handshaking, now >= handshakeEnd { fail(.timedOut) }
    }

    public func close() {
        guard !state.isOver else { return }
        if let protection {
            let alert = [Self.warning, Self.closeNotify]
            var record = [UInt8](repeating: 0, count: alert.count + DTLSLimits.overhead)
            let size = alert.withUnsafeBytes { alert in
                record.withUnsafeMutableBytes { protection.seal(DTLSRecord.Kind.alert, alert, into: $0) }
            }
            if size != nil { record.withUnsafeBytes { flights.append($0) } }
        }
        end(.closed)
    }

    private func fail(_ error: DTLSError) { end(.failed(error)) }

    private func end(_ state: DTLSState) {
        self.state = state
        flights.removeRetransmissions()
        releaseSession()
        protection = nil
    }

    private func releaseSession() {
        guard session != nil else { return }
        SSL_free(session)
        session = nil
    }

    // MARK: The handshake

    private func handshake() {
        guard let session else { return }
        ERR_clear_error()
        let result = SSL_do_handshake(session)
        guard result == 1 else {
            if hasFailed(result) { fail(cause()) }
            return
        }
        state = .established
        remoteFingerprint = shownFingerprint
        protection = RecordProtection(session, role, usedNonce: usedNonce)
        flights.removeRetransmissions()
        // The server has to send the last flight again if the client asks for it.
        if role == .client { releaseSession() }
    }

    /// Whether a call met more than the lack of a datagram, or the remote's end, which `RecordProtection` meets, too.
    private func hasFailed(_ result: Int32) -> Bool {
        let error = SSL_get_error(session, result)
        return error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL
    }

    private func cause() -> DTLSError {
        let error = ErrorQueue.take()
        if let shownFingerprint, !trust.accepts(shownFingerprint) { return .wrongCertificate(shownFingerprint) }
        guard let (code, reason) = error else { return .violation(reason: "unexpected end") }
        let number = ERR_GET_REASON(code)
        if number > SSL_AD_REASON_OFFSET, number <= SSL_AD_REASON_OFFSET + 255 { return .alert(UInt8(number - SSL_AD_REASON_OFFSET)) }
        return .violation(reason: reason)
    }
}

// MARK: - What OpenSSL calls

extension DTLSSession {
    private static func of(_ session: OpaquePointer?) -> DTLSSession {
        Unmanaged<DTLSSession>.fromOpaque(SSL_get_ex_data(session, 0)).takeUnretainedValue()
    }

    /// OpenSSL takes a timer for expired that has 15 ms left.
    private static let atOnce: UInt32 = 1

    /// Says how long the timer runs, in microseconds, that OpenSSL starts. A flight that is new has no last time.
    private func timerRuns(_ last: UInt32) -> UInt32 {
        let isRepeated = last == 0 ? flights.begin(at: now) : flights.repeatFlight()
        return isRepeated ? Self.atOnce : .max
    }

    /// Takes any certificate that the session trusts. OpenSSL has no part in it.
    static func verify(_ store: OpaquePointer?) -> Int32 {
        let session = of(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()).map(OpaquePointer.init))
        guard let certificate = X509_STORE_CTX_get0_cert(store) else { return 0 }
        let fingerprint = CertificateFingerprint(x509: certificate)
        session.shownFingerprint = fingerprint
        guard session.trust.accepts(fingerprint) else {
            // The remote hears `bad_certificate`.
            X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED)
            return 0
        }
        X509_STORE_CTX_set_error(store, Int32(X509_V_OK))
        return 1
    }

    /// Gives OpenSSL a copy of the lent datagram. What its room does not take is lost.
    func take(into out: UnsafeMutableRawBufferPointer) -> Int {
        flights.endRepeat()
        guard !isTaken else { return 0 }
        isTaken = true
        let size = min(lent.count, out.count)
        out.copyMemory(from: UnsafeRawBufferPointer(rebasing: lent[..<size]))
        return size
    }

    /// Takes what OpenSSL sends.
    func send(_ records: UnsafeRawBufferPointer) {
        flights.append(records)
        var position = 0
        while let record = DTLSRecord(records, at: position) {
            if record.epoch > 0, record.content.count >= RecordCipher.nonceSize {
                usedNonce = records.loadUnaligned(fromByteOffset: record.content.lowerBound, as: UInt64.self).bigEndian
            }
            position = record.content.upperBound
        }
    }
}
