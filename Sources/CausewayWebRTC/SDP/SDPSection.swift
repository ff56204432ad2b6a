import CausewayIdentity

/// What a part of a description says: the session, or one media section.
struct SDPSection {
    private(set) var fragment: [UInt8]?
    private(set) var password: [UInt8]?
    private(set) var isLite = false
    private(set) var passesHardNATs = false
    private(set) var fingerprints: [CertificateFingerprint] = []
    private(set) var setup: SessionDescription.Setup?
    private(set) var sctpPort: UInt16?
    private(set) var largestMessage: UInt64?
    private(set) var initiation: [UInt8]?
    private(set) var mediaName: [UInt8]?
    private(set) var candidates: [ICECandidate] = []
    private(set) var hasAllCandidates = false
    private let limits: SDPLimits

    init(_ limits: SDPLimits) { self.limits = limits }

    /// Whether `m=` announces data channels: `application 9 UDP/DTLS/SCTP webrtc-datachannel`, or the protocol by an older name. A port of
    /// 0 refuses them.
    static func isDataChannels(_ value: SDPLine) -> Bool {
        var words = value.words
        guard words.next()?.isEqual("application") == true, let port = words.next()?.number(limit: 65_535), port > 0,
            let transport = words.next()
        else { return false }
        return transport.isEqual("udp/dtls/sctp") || transport.isEqual("tcp/dtls/sctp") || transport.isEqual("dtls/sctp")
    }

    mutating func read(_ line: SDPLine) throws(SDPError) {
        guard let attribute = line.value(after: "a=") else { return }
        if let value = attribute.value(after: "ice-ufrag:") {
            fragment = try Self.credential(value)
        } else if let value = attribute.value(after: "ice-pwd:") {
            password = try Self.credential(value)
        } else if attribute.isEqual("ice-lite") {
            isLite = true
        } else if attribute.isEqual("causeway-hard-nats") {
            passesHardNATs = true
        } else if let value = attribute.value(after: "fingerprint:") {
            read(fingerprint: value)
        } else if let value = attribute.value(after: "setup:") {
            setup = try Self.setup(value)
        } else if let value = attribute.value(after: "sctp-port:") {
            guard let port = value.number(limit: 65_535), port > 0 else { throw .badNumber }
            sctpPort = UInt16(port)
        } else if let value = attribute.value(after: "max-message-size:") {
            guard let size = value.number(limit: .max) else { throw .badNumber }
            largestMessage = size
        } else if let value = attribute.value(after: "sctp-init:") {
            initiation = try Self.initiation(value)
        } else if let value = attribute.value(after: "mid:") {
            mediaName = Self.name(value)
        } else if attribute.value(after: "candidate:") != nil {
            if candidates.count < limits.candidates, let candidate = ICECandidate(line: attribute.bytes) { candidates.append(candidate) }
        } else if attribute.isEqual("end-of-candidates") {
            hasAllCandidates = true
        }
    }

    /// Those by other hashes are skipped.
    private mutating func read(fingerprint value: SDPLine) {
        guard fingerprints.count < limits.fingerprints, value.bytes.count <= SDPLimits.candidateSize,
            let fingerprint = CertificateFingerprint(sdp: value.copy)
        else { return }
        fingerprints.append(fingerprint)
    }

    /// nil for one that could not be repeated in an answer.
    private static func name(_ value: SDPLine) -> [UInt8]? {
        guard (1...SDPLimits.mediaNameSize).contains(value.bytes.count) else { return nil }
        for byte in value.bytes where byte <= 0x20 || byte >= 0x7f { return nil }
        return value.copy
    }

    private static func initiation(_ value: SDPLine) throws(SDPError) -> [UInt8] {
        guard value.bytes.count <= SDPLimits.initiationSize, let chunk = Base64.decode(value.copy),
            InitiationChunk(signalled: chunk) != nil
        else { throw .badInitiation }
        return chunk
    }

    private static func credential(_ value: SDPLine) throws(SDPError) -> [UInt8] {
        guard value.bytes.count <= ICECredentials.fragmentLengths.upperBound else { throw .badCredentials }
        return value.copy
    }

    private static func setup(_ value: SDPLine) throws(SDPError) -> SessionDescription.Setup {
        for setup in [SessionDescription.Setup.active, .passive, .either] where value.isEqual(setup.name) { return setup }
        throw .badSetup
    }
}
