/// A finding in words.
struct CheckWords {
    let sentence: String
    let remedy: String

    init(_ finding: CheckFinding, _ diagnosis: DialDiagnosis?, _ facts: CheckFacts) {
        sentence = Self.sentence(finding, diagnosis, facts)
        remedy = Self.remedy(finding, diagnosis, facts)
    }

    private static func sentence(_ finding: CheckFinding, _ diagnosis: DialDiagnosis?, _ facts: CheckFacts) -> String {
        switch finding {
        case .noNetwork: "This machine has no address from which others can be reached."
        case .nobodyAsked: "Nothing is known: there was no relay to ask."
        case .relayUnreachable: "No relay can be reached. \(diagnosis?.sentence ?? "")"
        case .noRelay: "The peer that is named as a relay answers, but it relays nothing."
        case .noPlace: "The relay answers, but gives this node no place\(refusal(facts)), so peers cannot reach it."
        case .clockWrong: "The relay and this machine disagree about the time: a place that was granted just now is over already."
        case .localOnly: "The relay is in this machine's own network, where everything works; the way out of it was not looked at."
        case .udpUnasked: "The relay works, but cannot tell how UDP gets through, which direct connections need."
        case .udpBlocked: "The relay works, but no UDP comes back, so connections by WebRTC stay relayed."
        case .dependentMapping:
            "The NAT shows each peer another port, so connections become direct only with peers whose NAT lets everybody in.\(sixth(facts))"
        case .carrierMapping:
            "The provider's own NAT shows each peer another port, so most connections stay relayed.\(sixth(facts))"
        case .mappingUnknown: "There is a NAT, and one server alone cannot tell how it treats different peers."
        case .directMostly: "The NAT shows all peers the same address and port, so most connections become direct."
        case .publicAddress where facts.udp == facts.ipv6:
            "Over IPv6, this machine has a public address and no NAT, so connections to peers with IPv6 become direct."
        case .publicAddress: "This machine has a public address and no NAT, so connections become direct."
        case .publicAddressOnly: "This machine has a public address and no NAT, but no relay gives it a place\(refusal(facts))."
        default: sentence(ofPeer: finding, diagnosis, facts)
        }
    }

    private static func sentence(ofPeer finding: CheckFinding, _ diagnosis: DialDiagnosis?, _ facts: CheckFacts) -> String {
        switch finding {
        case .peerDirect: "The connection to the peer is direct."
        case .peerStillRelayed: "The connection to the peer is relayed, and no attempt at a direct one has ended yet."
        case .peerOffersNoUpgrade: "The connection stays relayed: the peer's software offers no direct connections from relayed ones."
        case .peerAnswersNoOffer: "The connection stays relayed: the peer has not answered the offer of a direct one."
        case .peerNamesNoAddress: "The connection stays relayed: the peer names no address at which it could be reached by UDP."
        case .peerBlockedHere: "The connection stays relayed because of this side: no UDP gets out of this network."
        case .peerBlockedByOwnNAT:
            "The connection stays relayed: this side's NAT shows each peer another port, and the peer's side lets none in."
        case .peerBlockedThere:
            "The connection stays relayed because of the peer's side: its NAT shows each peer another port, or lets no UDP through."
        case .peerBlocked: "The connection stays relayed: no datagram of the one side reached the other."
        case .peerPathBreaks: "The connection stays relayed: a direct path was found, but the connection over it broke off."
        case .peerUnreachable: "There is no connection to the peer. \(diagnosis?.sentence ?? "")"
        default: ""
        }
    }

    private static func remedy(_ finding: CheckFinding, _ diagnosis: DialDiagnosis?, _ facts: CheckFacts) -> String {
        switch finding {
        case .noNetwork: "Connect this machine to a network."
        case .nobodyAsked: "Name a relay by --relay, better two."
        case .relayUnreachable, .peerUnreachable: diagnosis?.remedy ?? "Try again."
        case .noRelay: "Name a relay's address."
        case .noPlace, .publicAddressOnly: "Name another relay, or ask its operator for more reservations."
        case .clockWrong: "Set this machine's clock; if it is right, tell the relay's operator."
        case .localOnly: "Name a relay on the Internet if peers are out there; otherwise nothing has to be done."
        case .udpUnasked: "Name a relay that listens for /webrtc-direct, as `causeway relay` does, or a STUN server by --stun."
        case .udpBlocked, .peerBlockedHere: "Allow outgoing UDP in the firewall, or use another network."
        case .dependentMapping, .peerBlockedByOwnNAT:
            """
            \(mapping(facts)) or set its NAT to 'full cone' or 'endpoint-independent'; IPv6 needs no NAT. With --hard-nats on both sides, \
            most are reached all the same.
            """
        case .carrierMapping: "Ask the provider for IPv6 or a public IPv4 address; no setting of your own router helps."
        case .mappingUnknown: "Name a second relay by --relay, or a STUN server by --stun."
        case .directMostly, .publicAddress, .peerDirect: "Nothing has to be done."
        case .peerStillRelayed: "Check again in a moment."
        case .peerOffersNoUpgrade: "The peer needs software that speaks /webrtc, and has to have it switched on."
        case .peerAnswersNoOffer: "Check that the peer's software is current; then check again."
        case .peerNamesNoAddress, .peerBlockedThere: "Run `causeway check` on the peer's side; what it says has to be mended there."
        case .peerBlocked: "Run `causeway check` on both sides, with two relays each, to see whose NAT it is."
        case .peerPathBreaks: "Check again; if it stays so, a firewall lets small packets pass only."
        }
    }

    /// How the router could be made to forward a port.
    private static func mapping(_ facts: CheckFacts) -> String {
        let ways = facts.gateway?.mapsBy ?? []
        guard !ways.isEmpty else { return "Forward a UDP port in the router to this machine by hand," }
        return "The router forwards ports by \(ways.joined(separator: " and ")): let this node use it,"
    }

    /// The relay's own words for its refusal.
    private static func refusal(_ facts: CheckFacts) -> String {
        for relay in facts.relays { if case .refused(let error) = relay.place { return " (\(error))" } }
        return " in time"
    }

    /// IPv6 beside an IPv4 that does not do.
    private static func sixth(_ facts: CheckFacts) -> String {
        facts.ipv6.mapping == NATMapping.none ? " Peers with IPv6 are reached directly." : ""
    }
}
