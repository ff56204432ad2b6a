public import CausewayIdentity

/// One WebRTC connection: ICE finds the path, DTLS proves the certificates on it, SCTP carries the channels inside.
///
///     datagrams <-> ICEAgent or ICELiteAgent   (STUN)
///               <-> DTLSEngine <-> Association <-> DataChannelSet <-> owner
///
/// It is a machine: its owner gives it the datagrams that a demultiplexer found to be its own and the remote's description, and drains
/// `pollOutput` after each input, each command on `channels` and each deadline.
///
/// The client of DTLS begins when ICE has a path; the server makes its engine when the client's first datagram comes, because an engine is
/// the first thing that costs much. Both begin SCTP when the certificates are proven.
public final class PeerConnection {
    private enum Phase { case running, closing, closed }

    /// With the certificate that the remote sees.
    let endpoint: any DTLSEndpoint
    private var role: DTLSRole
    private var trust: DTLSTrust?
    private var ice: ICEEnd
    /// The way that packets go. nil: there is none yet, or any more.
    public private(set) var path: ICEPath?
    private var dtls: (any DTLSEngine)?
    /// What a client of DTLS has sent before there was a path or its certificate was known: its check and its ClientHello come at once.
    private var early: [[UInt8]] = []
    private var isAuthenticated = false
    private var amplification = AmplificationLimit()
    private var phase = Phase.running
    private var failure: PeerConnectionError?
    private let association: Association
    /// The remote's INIT chunk, if both descriptions have one: no handshake of SCTP is needed then.
    private var agreed: [UInt8]?
    /// The channels. None can be opened before the event `connected`.
    public let channels: DataChannelSet

    /// The buffer of `pollOutput`: room for the longest datagram of any layer.
    public static let datagramSize = max(STUNLimits.messageSize, Association.packetSize + DTLSLimits.overhead)

    /// A connection that a remote begins at a listener of `/webrtc-direct`. Another handshake inside proves who it is.
    /// - Parameter entropy: 32 random bytes, used for nothing else.
    public convenience init(
        accepting agent: ICELiteAgent, by endpoint: any DTLSEndpoint, entropy: [UInt8],
        settings: AssociationSettings = AssociationSettings()
    ) {
        self.init(ICEEnd(agent), .server, trust: .anyone, by: endpoint, entropy: entropy, settings: settings)
        // The first flight of DTLS has room only with it.
        amplification.received(agent.firstSize)
    }

    /// A connection that both sides have agreed on, or that this side begins at a listener.
    /// - Parameters:
    ///   - role: as the descriptions say (`a=setup`).
    ///   - entropy: 32 random bytes, used for nothing else.
    public convenience init(
        _ agent: ICEAgent, _ role: DTLSRole, by endpoint: any DTLSEndpoint, entropy: [UInt8],
        settings: AssociationSettings = AssociationSettings()
    ) {
        self.init(ICEEnd(agent), role, trust: nil, by: endpoint, entropy: entropy, settings: settings)
    }

    /// A connection whose remote has yet to send its description: see `setRemote`.
    /// - Parameter entropy: 32 random bytes, used for nothing else.
    public convenience init(
        negotiating agent: ICEAgent, by endpoint: any DTLSEndpoint, entropy: [UInt8], settings: AssociationSettings = AssociationSettings()
    ) {
        self.init(ICEEnd(agent), .server, trust: nil, by: endpoint, entropy: entropy, settings: settings)
    }

    private init(
        _ ice: ICEEnd, _ role: DTLSRole, trust: DTLSTrust?, by endpoint: any DTLSEndpoint, entropy: [UInt8], settings: AssociationSettings
    ) {
        self.ice = ice
        self.role = role
        self.trust = trust
        self.endpoint = endpoint
        association = Association(settings, entropy: entropy)
        channels = DataChannelSet(association, role: role == .client ? .client : .server)
        // A full agent sends nothing but checks to where nobody has answered one.
        if !ice.isLite { amplification.lift() }
    }

    /// This side's INIT chunk, for its description.
    public var initiation: [UInt8] { association.initiation }

    // MARK: Inputs

    /// What both descriptions say: which side this one is, whose certificate it takes, and the remote's INIT chunk, if both have one.
    public func setRemote(_ role: DTLSRole, _ trust: DTLSTrust, agreed: [UInt8]? = nil, now: Instant) {
        guard self.trust == nil else { return }
        self.role = role
        self.agreed = agreed
        channels.setRole(role == .client ? .client : .server)
        setTrust(trust, now: now)
    }

    /// The certificate that the remote's description or address names. Nothing is taken of DTLS before.
    public func setTrust(_ trust: DTLSTrust, now: Instant) {
        guard self.trust == nil else { return }
        self.trust = trust
        beginIfReady(now: now)
    }

    /// Lends a datagram until `pollEvent` or `pollOutput` has returned nil.
    public func receive(_ datagram: UnsafeMutableRawBufferPointer, over source: ICEPath, now: Instant) {
        guard phase != .closed, let first = datagram.first, let kind = DatagramKind(firstByte: first) else { return }
        amplification.received(datagram.count)
        switch kind {
        case .stun: ice.receive(UnsafeRawBufferPointer(datagram), over: source, now: now)
        case .dtls:
            if role == .server, path != nil { beginDTLS(now: now) }
            guard let dtls else { return keep(datagram) }
            dtls.receive(datagram, now: now)
            examineDTLS(now: now)
        }
    }

    /// When `advance` is to be called.
    public var nextDeadline: Instant {
        guard phase != .closed else { return .distantFuture }
        return min(ice.nextDeadline, dtls?.nextDeadline ?? .distantFuture, association.nextDeadline)
    }

    public func advance(now: Instant) {
        guard phase != .closed else { return }
        dtls?.advance(now: now)
        examineDTLS(now: now)
        if isAuthenticated { association.advance(to: now) }
    }

    /// Asks the remote for a sign of life: after the machine woke up, or its network changed.
    public func probe(now: Instant) { ice.probe(now: now) }

    /// Ends the connection: the remote hears of it, and what it has not acknowledged is lost.
    public func close() {
        guard phase == .running else { return }
        phase = .closing
        association.abort()
    }

    // MARK: Outputs

    /// What a datagram has brought, and what ICE wants. After nil the datagram is not lent any more. `pollOutput` says the same and more,
    /// and may be called once for all datagrams that came together, so that one SACK answers them.
    /// - Parameter buffer: Has `datagramSize` bytes.
    public func pollEvent(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> PeerConnectionOutput? {
        guard phase != .closed else { return nil }
        return pollDTLS(now: now) ?? pollICE(into: buffer, now: now)
    }

    /// What the connection wants next. nil: nothing, until the next input or deadline.
    /// - Parameter buffer: Has `datagramSize` bytes.
    public func pollOutput(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> PeerConnectionOutput? {
        guard phase != .closed else { return nil }
        if let event = pollEvent(into: buffer, now: now) { return event }
        guard let path else { return end() }
        while let dtls, let count = dtls.pollDatagram(into: buffer) {
            if amplification.allows(count) { return .send(count: count, path) }
        }
        if isAuthenticated, let dtls, let count = sealPacket(into: buffer, by: dtls, now: now) { return .send(count: count, path) }
        if phase == .closing, let dtls, !dtls.state.isOver {
            dtls.close()
            if let count = dtls.pollDatagram(into: buffer) { return .send(count: count, path) }
        }
        return end()
    }

    /// SCTP writes its packet where DTLS seals it.
    private func sealPacket(into buffer: UnsafeMutableRawBufferPointer, by dtls: any DTLSEngine, now: Instant) -> Int? {
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[DTLSLimits.packetStart...])
        guard let size = association.pollOutput(into: room, at: now) else { return nil }
        return dtls.seal(UnsafeRawBufferPointer(rebasing: room[..<size]), into: buffer)
    }

    /// The certificates, and what is in the datagram that came.
    private func pollDTLS(now: Instant) -> PeerConnectionOutput? {
        guard let dtls else { return nil }
        if !isAuthenticated, dtls.state == .established, let fingerprint = dtls.remoteFingerprint {
            isAuthenticated = true
            amplification.lift()
            beginAssociation(now: now)
            return .authenticated(fingerprint)
        }
        while isAuthenticated {
            if let event = channels.pollEvent() { return pass(event) }
            guard let packet = dtls.nextPacket() else { break }
            association.receive(packet, at: now)
        }
        examineDTLS(now: now)
        return nil
    }

    private func beginAssociation(now: Instant) {
        guard let agreed else { return association.connect(at: now) }
        do throws(AssociationError) {
            try association.connect(agreed: agreed, at: now)
        } catch {
            fail(.sctp(error))
        }
    }

    /// The owner hears of the association's end by the connection's.
    private func pass(_ event: DataChannelEvent) -> PeerConnectionOutput? {
        if case .associationClosed(let error) = event, phase == .running {
            failure = error.map { .sctp($0) }
            phase = .closing
        }
        return .channel(event)
    }

    private func pollICE(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> PeerConnectionOutput? {
        while let output = ice.pollOutput(into: buffer, now: now) {
            switch output {
            case .send(let count, let path):
                // An answer is hardly longer than what it answers, so it is always sent, and taken off what DTLS may send.
                _ = amplification.allows(count)
                return .send(count: count, path)
            case .openSocket(let number, let other): return .openSocket(number, beside: other)
            case .closeSocket(let number): return .closeSocket(number)
            case .candidate(let candidate): return .candidate(candidate)
            case .endOfCandidates: return .endOfCandidates
            case .path(let path):
                self.path = path
                beginIfReady(now: now)
            case .completed: break
            case .disconnected: return .disconnected
            case .failed(let failure):
                // Without consent nothing more may be sent (RFC 7675, section 5.1).
                path = nil
                fail(.ice(failure))
            }
        }
        return nil
    }

    private func end() -> PeerConnectionOutput? {
        guard phase == .closing else { return nil }
        phase = .closed
        return .closed(failure)
    }

    // MARK: DTLS

    /// Bound: datagrams of a ClientHello, which has two if it offers a key that no quantum computer breaks, sent twice.
    static let earlyDatagrams = 4

    var earlyCount: Int { early.count }

    private func keep(_ datagram: UnsafeMutableRawBufferPointer) {
        guard !ice.isLite, early.count < Self.earlyDatagrams, datagram.count <= Self.datagramSize else { return }
        early.append([UInt8](datagram))
    }

    /// There is a path, or the remote's certificate is known. The server waits for its client.
    private func beginIfReady(now: Instant) {
        guard path != nil, trust != nil, role == .client || !early.isEmpty else { return }
        beginDTLS(now: now)
        let kept = early
        early = []
        for datagram in kept {
            var datagram = datagram
            datagram.withUnsafeMutableBytes { bytes in
                dtls?.receive(bytes, now: now)
                // It is lent until then.
                while dtls?.nextPacket() != nil {}
            }
        }
        examineDTLS(now: now)
    }

    private func beginDTLS(now: Instant) {
        guard dtls == nil, phase == .running, let trust else { return }
        do throws(DTLSError) {
            dtls = try endpoint.makeEngine(role, trusting: trust, now: now)
        } catch {
            fail(.dtls(error))
        }
    }

    private func examineDTLS(now: Instant) {
        guard phase == .running, let dtls else { return }
        switch dtls.state {
        case .handshaking, .established: break
        case .closed: phase = .closing
        case .failed(let error): fail(.dtls(error))
        }
    }

    private func fail(_ error: PeerConnectionError) {
        guard phase == .running else { return }
        failure = error
        phase = .closing
    }
}
