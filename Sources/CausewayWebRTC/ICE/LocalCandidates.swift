import CausewayIdentity

/// The candidates of this side.
struct LocalCandidates {
    private(set) var all: [ICECandidate] = []
    private(set) var bases: [LocalBase]
    private var preferences: [UInt16]
    private let limit: Int

    /// IPv6 and IPv4 take turns, so that neither waits for the other's failures (RFC 8421, section 4).
    init(_ bases: [LocalBase], limits: ICELimits) {
        self.bases = [LocalBase](bases.prefix(limits.sockets))
        var next: (six: UInt16, four: UInt16) = (65535, 65534)
        preferences = self.bases.map { base in
            let preference = base.endpoint.isIPv4 ? next.four : next.six
            if base.endpoint.isIPv4 { next.four -= 2 } else { next.six -= 2 }
            return preference
        }
        limit = limits.sockets * (1 + limits.servers) + limits.peerReflexiveCandidates
        for base in self.bases { _ = add(.host, base.endpoint, of: base) }
    }

    func base(of socket: UInt32) -> LocalBase? {
        for base in bases where base.socket == socket { return base }
        return nil
    }

    /// The socket with this endpoint.
    func base(at endpoint: Endpoint) -> LocalBase? {
        for base in bases where base.endpoint.withoutScope == endpoint { return base }
        return nil
    }

    /// Takes one more socket, which is at the address of another and is named to nobody.
    mutating func adopt(_ base: LocalBase) {
        var preference: UInt16 = 0
        for index in bases.indices where bases[index].endpoint == base.endpoint { preference = preferences[index] }
        bases.append(base)
        preferences.append(preference)
    }

    /// The priority that a candidate of this kind and base has, or would have.
    func priority(_ kind: ICECandidate.Kind, of base: LocalBase) -> UInt32 {
        for index in bases.indices where bases[index] == base { return kind.priority(preferences[index]) }
        return 0
    }

    /// Adds a candidate, and returns it. nil: it is there, or there are too many.
    mutating func add(_ kind: ICECandidate.Kind, _ endpoint: Endpoint, of base: LocalBase) -> ICECandidate? {
        guard all.count < limit else { return nil }
        for known in all where known.address == .endpoint(endpoint.withoutScope) { return nil }
        var candidate = ICECandidate(
            foundation: foundation(kind, base), priority: priority(kind, of: base), address: .endpoint(endpoint.withoutScope), kind: kind)
        if kind != .host { candidate.related = base.endpoint.withoutScope }
        all.append(candidate)
        return candidate
    }

    /// Of kind and base; which server it was tells no remote anything.
    private func foundation(_ kind: ICECandidate.Kind, _ base: LocalBase) -> [UInt8] {
        var text: [UInt8] = []
        for index in bases.indices where bases[index] == base {
            DecimalText.append(UInt64(kind.rawValue) * 100 + UInt64(index) + 1, to: &text)
        }
        return text
    }
}
