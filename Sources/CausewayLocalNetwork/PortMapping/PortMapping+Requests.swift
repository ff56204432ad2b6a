import CausewayIdentity
import CausewayNode

// What is asked of the gateway, and what comes of its answers.
extension PortMapping {
    func advance(_ entry: PortMappingEntry, _ by: GatewayProtocol, now: Instant) {
        // All requests for longer went unanswered. The gateway may speak another protocol by now.
        guard entry.expires > now else {
            refuse(entry, .silent, now: now)
            return entries.contains { $0.external != nil } ? () : rest(.silent, now: now)
        }
        guard entry.nextAt <= now else { return }
        // While a mapping stands, nobody gives up.
        if entry.external == nil, entry.requests >= limits.requests { return refuse(entry, .silent, now: now) }
        entry.asked(by == .pcp ? limits.firstWaitPCP : limits.firstWaitNATPMP, now: now)
        switch by {
        case .pcp:
            append(
                .send(PCP.map(entry.port, lifetime: limits.lifetime, nonce: nonce, from: client, external: entry.external)))
        case .natPMP:
            // A provider may give the gateway another address at any time.
            if let external, external.at < now { append(.send(NATPMP.addressRequest)) }
            append(
                .send(
                    NATPMP.map(entry.port, lifetime: limits.lifetime, external: entry.external?.port ?? entry.port.number)))
        case .upnp: break
        }
    }

    func sendEnd(_ entry: PortMappingEntry, _ by: GatewayProtocol) {
        switch by {
        case .pcp: append(.send(PCP.map(entry.port, lifetime: 0, nonce: nonce, from: client, external: nil)))
        case .natPMP: append(.send(NATPMP.map(entry.port, lifetime: 0, external: 0)))
        case .upnp: if let external = entry.external { willDelete(entry.port.transport, external.port) }
        }
    }

    // MARK: PCP

    func received(_ answer: PCP.Answer, now: Instant) {
        guard let mapping = answer.mapping else { return heard(epoch: answer.epoch, now: now) }
        guard let entry = entry(for: mapping), entry.requests > 0 else { return }
        guard answer.result == PCP.success else { return refuse(entry, .refused(.pcp, code: UInt16(answer.result)), now: now) }
        heard(epoch: answer.epoch, now: now)
        guard answer.lifetime >= limits.shortestLifetime, mapping.externalIP.count == client.count,
            let external = Endpoint(ip: mapping.externalIP, port: mapping.externalPort), mapping.externalPort != 0
        else { return refuse(entry, .nonsense(.pcp), now: now) }
        let ip = mapping.externalIP
        guard Multiaddr.isPublic(ip) else {
            sendEnd(entry, .pcp)
            return refuse(entry, .notPublic(ip), now: now)
        }
        granted(entry, at: external, lifetime: answer.lifetime, now: now)
    }

    private func entry(for mapping: PCP.Mapping) -> PortMappingEntry? {
        guard mapping.nonce == nonce else { return nil }
        return entries.first {
            $0.port.number == mapping.port && $0.port.transport.number == mapping.transport
        }
    }

    // MARK: NAT-PMP

    func received(_ answer: NATPMP.Answer, now: Instant) {
        switch answer.content {
        case .address(let ip):
            heard(epoch: answer.epoch, now: now)
            moved(to: ip, now: now)
        case .refusal(let port):
            guard let entry = entries.first(where: { $0.port == port }), entry.requests > 0 else { return }
            refuse(entry, .refused(.natPMP, code: answer.result), now: now)
        case .mapping(let port, let number, let lifetime):
            guard let entry = entries.first(where: { $0.port == port }), entry.requests > 0, let ip = external?.ip else { return }
            heard(epoch: answer.epoch, now: now)
            guard lifetime >= limits.shortestLifetime, number != 0, let external = Endpoint(ip: ip, port: number) else {
                return refuse(entry, .nonsense(.natPMP), now: now)
            }
            granted(entry, at: external, lifetime: lifetime, now: now)
        }
    }

    /// The gateway's own address.
    func moved(to ip: [UInt8], now: Instant) {
        let isNew = external?.ip != ip
        external = (ip, now)
        guard isNew else { return }
        guard Multiaddr.isPublic(ip) else { return rest(.notPublic(ip), now: now) }
        for entry in entries {
            guard let external = entry.external, let moved = Endpoint(ip: ip, port: external.port) else { continue }
            entry.external = moved
            append(.changed(PortMappingChange(entry.port, .mapped(external: moved, until: entry.expires))))
        }
    }

    // MARK: The end

    /// Answers to our farewells, whatever they say.
    func farewell(_ bytes: [UInt8], _ by: GatewayProtocol) {
        switch by {
        case .pcp:
            guard let mapping = PCP.Answer(bytes)?.mapping, let ended = entry(for: mapping) else { return }
            entries.removeAll { $0 === ended }
        case .natPMP:
            guard let answer = NATPMP.Answer(bytes) else { return }
            switch answer.content {
            case .mapping(let port, _, lifetime: 0): entries.removeAll { $0.port == port }
            case .refusal(let port?): entries.removeAll { $0.port == port }
            default: return
            }
        case .upnp: return
        }
        if entries.isEmpty { released() }
    }
}
