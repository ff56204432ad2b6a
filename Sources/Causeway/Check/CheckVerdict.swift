/// What the facts of a check mean, in one word, one sentence, and one remedy. A pure function of the facts.
public struct CheckVerdict: Sendable, Equatable {
    /// In one word.
    public enum Summary: String, Sendable, CaseIterable {
        /// Connections can be direct.
        case green
        /// Connections come about, and many stay relayed; or it is not known.
        case orange
        /// Others cannot be reached, or cannot reach this node.
        case red
    }

    /// The most important thing that was found.
    public let finding: CheckFinding
    /// Why an address could not be reached, if that is the finding.
    public let diagnosis: DialDiagnosis?
    /// What it means.
    public let sentence: String
    /// What helps.
    public let remedy: String

    public var summary: Summary { finding.summary }

    public init(_ facts: CheckFacts, unixSeconds: Int64) {
        var (finding, diagnosis) = Self.ofNetwork(facts, unixSeconds)
        if let peer = facts.peer {
            let ofPeer = Self.of(peer, facts)
            // If the peer was not reached because nothing is, that is what to mend.
            if finding.summary != .red || ofPeer.finding.summary != .red { (finding, diagnosis) = ofPeer }
        }
        self.finding = finding
        self.diagnosis = diagnosis
        let words = CheckWords(finding, diagnosis, facts)
        sentence = words.sentence
        remedy = words.remedy
    }

    // MARK: This machine and its relays

    private static func ofNetwork(_ facts: CheckFacts, _ unixSeconds: Int64) -> (finding: CheckFinding, diagnosis: DialDiagnosis?) {
        guard facts.ipv4.source != nil || facts.ipv6.source != nil || facts.relays.contains(where: { $0.connection != nil }) else {
            return (.noNetwork, nil)
        }
        guard !facts.relays.isEmpty || !facts.udp.answers.isEmpty else { return (.nobodyAsked, nil) }
        let reached = facts.relays.filter { $0.connection != nil }
        if !facts.relays.isEmpty {
            guard !reached.isEmpty else { return ofUnreached(facts.relays) }
            guard reached.contains(where: \.isRelay) else { return (.noRelay, nil) }
            if !reached.contains(where: \.hasPlace), facts.udp.isTranslated != false { return (.noPlace, nil) }
            if reached.contains(where: { $0.isClockWrong(now: unixSeconds) }) { return (.clockWrong, nil) }
        }
        return (ofPaths(facts), nil)
    }

    private static func ofUnreached(_ relays: [RelayFacts]) -> (CheckFinding, DialDiagnosis?) {
        let failures = relays.flatMap(\.failures)
        let silent = relays.contains { $0.failures.isEmpty }
        let diagnosis = failures.isEmpty ? DialDiagnosis(.silence) : DialDiagnosis(failures)
        // A cancelled attempt is one that nobody answered within the time of the check.
        if silent, diagnosis?.cause == .cancelled { return (.relayUnreachable, DialDiagnosis(.silence)) }
        return (.relayUnreachable, diagnosis)
    }

    private static func ofPaths(_ facts: CheckFacts) -> CheckFinding {
        let family = facts.udp
        guard !family.answers.isEmpty else { return .udpUnasked }
        guard let mapping = family.mapping else { return .udpBlocked }
        if family.isLocal { return .localOnly }
        switch mapping {
        case .none: return facts.hasPlace || facts.relays.isEmpty ? .publicAddress : .publicAddressOnly
        case .endpointIndependent: return .directMostly
        case .unknown: return .mappingUnknown
        case .addressDependent, .addressAndPortDependent, .endpointDependent:
            return facts.carrierGrade == nil ? .dependentMapping : .carrierMapping
        }
    }

    // MARK: A peer

    private static func of(_ peer: PeerFacts, _ facts: CheckFacts) -> (finding: CheckFinding, diagnosis: DialDiagnosis?) {
        guard let connection = peer.connection else {
            let failures = peer.attempts.filter { !$0.isInbound }
            return (.peerUnreachable, failures.isEmpty ? DialDiagnosis(.silence) : DialDiagnosis(failures))
        }
        guard connection.path.isRelayed else { return (.peerDirect, nil) }
        if peer.offersUpgrade == false { return (.peerOffersNoUpgrade, nil) }
        guard let report = peer.attempts.last(where: { $0.peerConnection != nil })?.peerConnection ?? peer.pending else {
            return (.peerStillRelayed, nil)
        }
        return (of(report, facts), nil)
    }

    /// Where an attempt at a direct connection by WebRTC is stuck, or ended.
    private static func of(_ report: PeerConnectionReport, _ facts: CheckFacts) -> CheckFinding {
        if facts.udp.isSilent { return .peerBlockedHere }
        switch report.state {
        case .signalling: return .peerAnswersNoOffer
        case .securing: return .peerPathBreaks
        case .connected: return .peerStillRelayed
        case .checking: break
        }
        if report.usableCandidates == 0 { return .peerNamesNoAddress }
        guard let mapping = facts.udp.mapping else { return .peerBlocked }
        if mapping.isDependent { return .peerBlockedByOwnNAT }
        return mapping == .unknown ? .peerBlocked : .peerBlockedThere
    }
}

extension RelayFacts {
    /// Whether it relays. A relay that has not said so in time is taken for one if it granted a place.
    var isRelay: Bool {
        if hasPlace { return true }
        if case .refused(.stream(.unsupportedProtocol)) = place { return false }
        return info?.protocolIDs.contains(Self.hop) ?? true
    }

    var hasPlace: Bool { if case .granted = place { true } else { false } }

    private static let hop = "/libp2p/circuit/relay/0.2.0/hop"
}

extension CheckFacts {
    /// The family by which most peers are met: IPv4, unless IPv6 alone has answers, or IPv6 alone was asked.
    var udp: FamilyFacts {
        if ipv4.mapped == nil, ipv6.mapped != nil { return ipv6 }
        return ipv4.answers.isEmpty && !ipv6.answers.isEmpty ? ipv6 : ipv4
    }

    var hasPlace: Bool { relays.contains(where: \.hasPlace) }

    /// What shows that the provider has a NAT of its own before the Internet (RFC 6598). nil: nothing does.
    public var carrierGrade: CarrierGradeEvidence? {
        if let source = ipv4.source, Self.isShared(source) { return .ownAddress }
        guard let external = gateway?.external else { return nil }
        if Self.isShared(external) || Multiaddr.udp(ip: external, port: 1).reach == .privateNetwork { return .gatewayAddress }
        if let mapped = ipv4.mapped, mapped.ip != external { return .differentAddress }
        return nil
    }

    /// 100.64.0.0/10.
    private static func isShared(_ ip: [UInt8]) -> Bool { ip.count == 4 && ip[0] == 100 && ip[1] & 0xc0 == 64 }
}

/// What shows that there is a second NAT, which is not this network's own.
public enum CarrierGradeEvidence: String, Sendable, Equatable {
    /// This machine's own address is one that providers give to their customers behind such a NAT.
    case ownAddress
    /// The gateway's external address is such a one, or a private one.
    case gatewayAddress
    /// Others see another address than the gateway's external one.
    case differentAddress
}
