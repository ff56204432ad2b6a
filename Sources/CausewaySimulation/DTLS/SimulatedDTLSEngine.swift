import CausewayIdentity
import CausewayWebRTC

/// Stands in for DTLS: the client says who it is until the server has said who it is. **Nothing is encrypted**, and nobody proves anything.
final class SimulatedDTLSEngine: DTLSEngine {
    private let role: DTLSRole
    private let fingerprint: CertificateFingerprint
    private let trust: DTLSTrust
    private let limits: DTLSLimits
    private let begun: Instant
    private(set) var state = DTLSState.handshaking
    private(set) var remoteFingerprint: CertificateFingerprint?
    private var clientNumber: UInt64
    private var serverNumber: UInt64
    private var sequence: UInt64 = 0
    private var window = ReplayWindow()
    private var packet: UnsafeRawBufferPointer?
    private var waiting: [[UInt8]] = []
    /// How often the client has said hello, and when it says so again.
    private var hellos: UInt64 = 0
    private var nextHello = Instant.distantFuture

    private static let badCertificate: UInt8 = 42
    private static let closeNotify: UInt8 = 0

    init(
        _ role: DTLSRole, _ fingerprint: CertificateFingerprint, number: UInt64, trusting trust: DTLSTrust, limits: DTLSLimits, now: Instant
    ) {
        self.role = role
        self.fingerprint = fingerprint
        self.trust = trust
        self.limits = limits
        begun = now
        clientNumber = role == .client ? number : 0
        serverNumber = role == .server ? number : 0
        if role == .client { sayHello() }
    }

    // MARK: Receiving

    func receive(_ datagram: UnsafeMutableRawBufferPointer, now: Instant) {
        packet = nil
        let bytes = UnsafeRawBufferPointer(datagram)
        guard !state.isOver, let record = SimulatedRecord(bytes) else { return }
        let content = UnsafeRawBufferPointer(rebasing: bytes[record.content])
        if record.kind == .hello { return receiveHello(record, content) }
        let isOurs = record.clientNumber == clientNumber && (record.serverNumber == serverNumber || state == .handshaking)
        guard isOurs, window.isFresh(record.sequence) else { return }
        switch record.kind {
        case .packet:
            guard state == .established else { return }
            window.insert(record.sequence)
            packet = content
        case .alert:
            guard let number = content.first else { return }
            if number == Self.closeNotify { close() } else { fail(.alert(number)) }
        case .hello: break
        }
    }

    func nextPacket() -> UnsafeRawBufferPointer? {
        defer { packet = nil }
        return packet
    }

    private func receiveHello(_ record: SimulatedRecord, _ content: UnsafeRawBufferPointer) {
        guard let fingerprint = CertificateFingerprint(digest: [UInt8](content)) else { return }
        switch role {
        case .client:
            guard state == .handshaking, record.clientNumber == clientNumber else { return }
            serverNumber = record.serverNumber
        case .server:
            // The client has not heard the answer.
            if state == .established, record.clientNumber == clientNumber { return sayHello() }
            guard state == .handshaking else { return }
            clientNumber = record.clientNumber
        }
        nextHello = .distantFuture
        guard trust.accepts(fingerprint) else {
            queue(.alert, [Self.badCertificate])
            return fail(.wrongCertificate(fingerprint))
        }
        remoteFingerprint = fingerprint
        state = .established
        if role == .server { sayHello() }
    }

    // MARK: Sending

    func seal(_ packet: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int? {
        guard state == .established, !packet.isEmpty, packet.count <= DTLSLimits.packet,
            room.count >= packet.count + DTLSLimits.overhead
        else { return nil }
        return write(.packet, packet, into: room)
    }

    func pollDatagram(into room: UnsafeMutableRawBufferPointer) -> Int? {
        guard let datagram = waiting.first, datagram.count <= room.count else { return nil }
        room.copyBytes(from: datagram)
        waiting.removeFirst()
        return datagram.count
    }

    private func sayHello() {
        queue(.hello, fingerprint.digest)
        guard role == .client else { return }
        hellos += 1
        let isLast = hellos > UInt64(limits.retransmissions)
        nextHello = isLast ? .distantFuture : begun + Interval(nanoseconds: limits.firstTimeout.nanoseconds * (1 << hellos - 1))
    }

    private func queue(_ kind: SimulatedRecord.Kind, _ content: [UInt8]) {
        var datagram = [UInt8](repeating: 0, count: content.count + DTLSLimits.overhead)
        content.withUnsafeBytes { content in
            datagram.withUnsafeMutableBytes { _ = write(kind, content, into: $0) }
        }
        waiting.append(datagram)
    }

    private func write(_ kind: SimulatedRecord.Kind, _ content: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
        sequence += 1
        return SimulatedRecord.write(
            kind, sequence: sequence, clientNumber: clientNumber, serverNumber: serverNumber, content, into: room)
    }

    // MARK: Time and end

    var nextDeadline: Instant { state == .handshaking ? min(begun + limits.handshakeTime, nextHello) : .distantFuture }

    func advance(now: Instant) {
        guard state == .handshaking else { return }
        if now >= begun + limits.handshakeTime { return fail(.timedOut) }
        if now >= nextHello { sayHello() }
    }

    func close() {
        guard !state.isOver else { return }
        if state == .established { queue(.alert, [Self.closeNotify]) }
        state = .closed
    }

    private func fail(_ error: DTLSError) { state = .failed(error) }
}
