/// What two hosts' packets do if all routers do what they are said to do, without time and numbers.
struct PathTrial {
    /// Something went out through a router (or a host that accepts nothing unasked), and made room for answers.
    struct Passage: Hashable {
        let place: AbstractEndpoint.Place
        let inside: AbstractEndpoint
        let outside: AbstractEndpoint
        let remote: AbstractEndpoint
    }

    /// A packet that has left its sender's routers.
    struct Departure: Hashable {
        let sender: Identity<SimulatedHost>
        let source: AbstractEndpoint
        let remote: AbstractEndpoint
        let segment: Identity<NetworkSegment>
        let passages: [Passage]
    }

    private let hosts: [SimulatedHost]
    private let transport: TransportProtocol
    private let internet: NetworkSegment
    private let map: PathMap
    private var passages: Set<Passage> = []

    init(_ first: SimulatedHost, _ second: SimulatedHost, _ transport: TransportProtocol, addressSize: Int) {
        hosts = [first, second]
        self.transport = transport
        map = PathMap(translatesIPv4: addressSize == 4)
        internet = map.internet(of: first)
        for host in hosts { passages.formUnion(departure(from: host, to: .server)?.passages ?? []) }
    }

    private func other(_ host: SimulatedHost) -> SimulatedHost { host === hosts[0] ? hosts[1] : hosts[0] }

    /// Where a host can be tried: at its own address, and as the server sees it.
    private func candidates(of host: SimulatedHost) -> [AbstractEndpoint] {
        let own = AbstractEndpoint.host(Identity(host))
        guard let seen = departure(from: host, to: .server)?.source, seen != own else { return [own] }
        return [own, seen]
    }

    // MARK: Datagrams

    /// Whether a datagram of one host is answered from where it went to, if `starters` begin and each host answers what reaches it.
    mutating func datagramsMeet(_ starters: [SimulatedHost]) -> Bool {
        var departures: Set<Departure> = []
        for host in starters {
            for remote in candidates(of: other(host)) { if let sent = departure(from: host, to: remote) { departures.insert(sent) } }
        }
        // Each round brings what the one before made possible. Two NATs with mappings by port could go on for ever, and never meet.
        for _ in 0..<6 {
            for sent in departures { passages.formUnion(sent.passages) }
            let arrived = departures.filter { arrives($0) }
            for sent in arrived {
                if let answer = departure(from: other(sent.sender.object), to: sent.source) { departures.insert(answer) }
            }
            for sent in departures { passages.formUnion(sent.passages) }
            if arrived.contains(where: { isAnswered($0) }) { return true }
        }
        return false
    }

    private func isAnswered(_ sent: Departure) -> Bool {
        guard let answer = departure(from: other(sent.sender.object), to: sent.source) else { return false }
        return answer.source == sent.remote && arrives(answer)
    }

    // MARK: TCP

    /// Whether a SYN of one of `starters` arrives, if all of them are sent at the same time. Its answer then takes the same way back.
    mutating func connects(_ starters: [SimulatedHost]) -> Bool {
        let sent = starters.flatMap { host in candidates(of: other(host)).compactMap { departure(from: host, to: $0) } }
        for one in sent { passages.formUnion(one.passages) }
        return sent.contains { arrives($0) }
    }

    // MARK: One packet

    private func departure(from host: SimulatedHost, to remote: AbstractEndpoint) -> Departure? {
        var source = AbstractEndpoint.host(Identity(host))
        var made: [Passage] = []
        if !host.acceptsInbound { made.append(Passage(place: source.place, inside: source, outside: source, remote: remote)) }
        var segment = host.segment
        var last: AnyObject = host
        while true {
            if let neighbour = map.neighbour(toward: remote, in: segment, internet: internet) {
                if let router = segment.router, router.isolatesHosts, neighbour !== last { return nil }
                return Departure(
                    sender: Identity(host), source: source, remote: remote, segment: Identity(segment), passages: made)
            }
            guard let router = segment.router, !(transport == .udp && router.blocksUDP) else { return nil }
            if remote.place == .router(Identity(router)), router.nat?.hairpinning != true { return nil }
            let inside = source
            if let nat = map.nat(of: router) { source = .translated(by: Identity(router), inside: source, scope: scope(nat, remote)) }
            made.append(Passage(place: .router(Identity(router)), inside: inside, outside: source, remote: remote))
            last = router
            segment = router.outside
        }
    }

    private func scope(_ nat: NAT, _ remote: AbstractEndpoint) -> AbstractEndpoint.Scope {
        switch nat.mapping {
        case .endpointIndependent: .all
        case .addressDependent: .address(remote.place)
        case .addressAndPortDependent: .endpoint(remote)
        }
    }

    private func arrives(_ sent: Departure) -> Bool {
        var endpoint = sent.remote
        var segment = sent.segment.object
        while true {
            guard let routers = map.routers(toward: endpoint, from: segment, internet: internet) else { return false }
            guard routers.allSatisfy({ admits(sent.source, to: endpoint, at: $0) }) else { return false }
            switch endpoint {
            case .server: return false
            case .host(let host): return host.object === other(sent.sender.object) && isAccepted(sent.source, by: host.object)
            case .translated(let router, let inside, _):
                guard admits(sent.source, to: endpoint, at: router.object) else { return false }
                endpoint = inside
                segment = router.object.inside
            }
        }
    }

    private func admits(_ source: AbstractEndpoint, to endpoint: AbstractEndpoint, at router: SimulatedRouter) -> Bool {
        if transport == .udp, router.blocksUDP { return false }
        let nat = map.nat(of: router)
        guard let filtering = nat?.filtering ?? router.firewall?.filtering else { return true }
        let here = passages.filter { $0.place == .router(Identity(router)) }
        let uses = here.filter { $0.outside == endpoint }
        guard let inside = uses.first?.inside else { return false }
        let isKnown = uses.contains { $0.remote == source }
        if transport == .tcp {
            if isKnown { return nat?.supportsSimultaneousOpen ?? true }
            // Its own SYN to that remote went out by another mapping.
            if here.contains(where: { $0.inside == inside && $0.remote == source }) { return false }
        }
        switch filtering {
        case .endpointIndependent: return true
        case .addressDependent: return uses.contains { $0.remote.place == source.place }
        case .addressAndPortDependent: return isKnown
        }
    }

    private func isAccepted(_ source: AbstractEndpoint, by host: SimulatedHost) -> Bool {
        guard !host.acceptsInbound else { return true }
        return passages.contains { $0.place == .host(Identity(host)) && $0.remote == source }
    }
}
