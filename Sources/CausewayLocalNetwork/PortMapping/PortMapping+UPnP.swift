public import CausewayIdentity
import CausewayNode

// What is asked of a gateway that speaks neither PCP nor NAT-PMP: one thing after the other.
extension PortMapping {
    /// Whether answers to the search by UPnP are read.
    public var isSearching: Bool { upnp.isSearching }

    // MARK: Inputs

    /// A datagram that came for the search by UPnP, from anybody.
    public func found(_ bytes: [UInt8], from sender: Endpoint, now: Instant) {
        upnp.found(bytes, from: sender, now: now)
        advance(to: now)
    }

    /// Bytes that the connection by UPnP has brought.
    public func exchanged(_ bytes: [UInt8], now: Instant) {
        if let news = upnp.received(bytes, now: now) { take(news, now: now) }
        advance(to: now)
    }

    /// The connection by UPnP has ended, or could not be opened.
    public func exchangeEnded(now: Instant) {
        if let news = upnp.ended(now: now) { take(news, now: now) }
        advance(to: now)
    }

    // MARK: Time

    var nextDeadlineUPnP: Instant {
        var soonest = min(upnp.nextDeadline, upnp.isIdle ? nextSearch : .distantFuture)
        for entry in entries {
            if entry.external != nil { soonest = min(soonest, entry.expires) }
            if upnp.isReady { soonest = min(soonest, entry.nextAt) }
        }
        return soonest
    }

    func advanceUPnP(now: Instant) {
        if let news = upnp.advance(to: now) { take(news, now: now) }
        for entry in entries where entry.external != nil && entry.expires <= now { refuse(entry, .silent, now: now) }
        guard case .speaking(.upnp) = phase else { return }
        if upnp.isIdle, nextSearch <= now {
            guard entries.contains(where: { $0.external != nil }) else { return rest(.silent, now: now) }
            upnp.search(now: now)
        } else {
            askNext(now: now)
        }
    }

    private func askNext(now: Instant) {
        guard upnp.isReady else { return }
        if let ending = endings.first { return upnp.ask(.delete(ending.transport, external: ending.external), now: now) }
        guard let entry = entries.first(where: { $0.nextAt <= now }) else { return }
        // A provider may give the gateway another address at any time.
        guard let external, now - external.at < limits.restartGap else { return upnp.ask(.address, now: now) }
        if let given = entry.given { return upnp.ask(.look(entry.port.transport, external: given), now: now) }
        let lease = hasNoLeases ? 0 : limits.lifetime
        upnp.ask(.add(entry.port, external: entry.wanted, lease: lease, takesAny: takesAny && upnp.kind == .ip2), now: now)
    }

    // MARK: What comes of it

    private func take(_ news: UPnPClient.News, now: Instant) {
        switch news {
        case .ready(let ip):
            moved(to: ip, now: now)
            guard case .speaking = phase else { return }
            for entry in entries { entry.ask(at: now) }
        case .answered(.address, .address(let ip)): moved(to: ip ?? [0, 0, 0, 0], now: now)
        case .answered(.address, _): moved(to: [0, 0, 0, 0], now: now)
        case .answered(.add(let port, _, _, _), .added(let given)): added(port, at: given, now: now)
        case .answered(.add(let port, let external, let lease, let takesAny), .refused(let code)):
            refused(port, external, code, lease: lease, tookAny: takesAny, now: now)
        case .answered(.look(let transport, let given), let answer): looked(at: given, transport, answer, now: now)
        case .answered(.delete, _): ended(now: now)
        case .answered(.add, _): break
        case .failed(let fault): failed(fault, now: now)
        }
    }

    private func added(_ port: MappedPort, at given: UInt16, now: Instant) {
        guard let entry = entries.first(where: { $0.port == port }) else { return willDelete(port.transport, given) }
        if entry.external?.port == given { return grant(entry, given, now: now) }
        // Some routers say yes to everything.
        entry.given = given
    }

    private func looked(at given: UInt16, _ transport: MappedPort.Transport, _ answer: UPnPAction.Answer, now: Instant) {
        guard let entry = entries.first(where: { $0.given == given && $0.port.transport == transport }) else {
            return willDelete(transport, given)
        }
        let why = entry.conflict.map { PortMappingError.refused(.upnp, code: $0) } ?? .faulty(.otherMapping)
        switch answer {
        case .forwards(let ip, let port):
            let isOurs = ip == Array(UPnPAction.text(client).utf8) && port == entry.port.number
            if isOurs { grant(entry, given, now: now) } else { conflict(entry, why, now: now) }
        case _ where entry.conflict != nil: conflict(entry, why, now: now)
        case .refused(UPnPAction.Code.noSuchEntry): refuse(entry, why, now: now)
        // Who cannot say what it forwards is believed; whether others reach the port shows before it is advertised.
        default: grant(entry, given, now: now)
        }
    }

    private func grant(_ entry: PortMappingEntry, _ given: UInt16, now: Instant) {
        guard let ip = external?.ip, let external = Endpoint(ip: ip, port: given) else { return }
        granted(entry, at: external, lifetime: limits.lifetime, renewal: limits.renewalUPnP, now: now)
    }

    private func refused(_ port: MappedPort, _ external: UInt16, _ code: UInt16, lease: UInt32, tookAny: Bool, now: Instant) {
        guard let entry = entries.first(where: { $0.port == port }) else { return }
        switch code {
        // It may be this machine's own mapping, which some routers do not renew, or which a node has left behind.
        case UPnPAction.Code.conflict, UPnPAction.Code.otherConflict: (entry.given, entry.conflict) = (external, code)
        case UPnPAction.Code.onlyPermanent where lease != 0: hasNoLeases = true
        case UPnPAction.Code.invalidAction where tookAny, UPnPAction.Code.notImplemented where tookAny,
            UPnPAction.Code.actionFailed where tookAny:
            takesAny = false
        // Old routers mean the lease.
        case UPnPAction.Code.invalidArguments where lease != 0, UPnPAction.Code.actionFailed where lease != 0: hasNoLeases = true
        default: refuse(entry, .refused(.upnp, code: code), now: now)
        }
    }

    /// Another machine has the external port, so another one is asked for.
    private func conflict(_ entry: PortMappingEntry, _ why: PortMappingError, now: Instant) {
        if entry.external != nil { refuse(entry, why, now: now) }
        entry.conflicts += 1
        guard entry.conflicts < limits.externalPorts else { return refuse(entry, why, now: now) }
        (entry.given, entry.conflict) = (nil, nil)
        entry.wanted = UInt16(1024 + random.below(65_536 - 1024))
        entry.ask(at: now)
    }

    /// The service does not answer, or could not be found. It may lie elsewhere since the gateway has restarted.
    private func failed(_ fault: UPnPFault?, now: Instant) {
        if case .releasing = phase { return released() }
        if upnp.kind != nil, searchedAt.map({ now - $0 >= limits.restartGap }) ?? true {
            searchedAt = now
            return upnp.search(now: now)
        }
        upnp.stop()
        endings = []
        let why = fault.map { PortMappingError.faulty($0) } ?? .silent
        for entry in entries where entry.external == nil { refuse(entry, why, now: now) }
        guard entries.contains(where: { $0.external != nil }) else { return rest(why, now: now) }
        nextSearch = now + limits.restartGap
    }

    // MARK: The end

    func willDelete(_ transport: MappedPort.Transport, _ external: UInt16) {
        // Bound: nobody closes and opens more ports than this while a gateway does not answer.
        if endings.count < 2 * limits.ports { endings.append((transport, external)) }
    }

    private func ended(now: Instant) {
        if !endings.isEmpty { endings.removeFirst() }
        guard case .releasing = phase else { return }
        if endings.isEmpty { released() } else { askNext(now: now) }
    }

    /// Returns false if nothing is mapped, or nobody is there to be asked.
    func releaseUPnP(now: Instant) -> Bool {
        // Whether it was done is not known.
        if case .add(let port, let external, _, _)? = upnp.cancel() { willDelete(port.transport, external) }
        for entry in entries {
            let given = entry.conflict == nil ? entry.given : nil
            if let external = entry.external?.port ?? given { willDelete(entry.port.transport, external) }
        }
        guard upnp.isReady, !endings.isEmpty else {
            entries = []
            return false
        }
        phase = .releasing(.upnp, until: now + limits.releaseUPnP)
        askNext(now: now)
        return true
    }
}
