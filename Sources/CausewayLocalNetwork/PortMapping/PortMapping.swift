public import CausewayIdentity
public import CausewayNode

/// Has one gateway forward ports to this machine, and renews that, by PCP (RFC 6887) if the gateway speaks it, otherwise by NAT-PMP
/// (RFC 6886), otherwise by UPnP (`UPnPClient`). With an address of IPv6, which needs no mapping but a gateway that lets connections
/// through to it (a pinhole), by PCP alone.
///
/// A machine: its driver gives it what the gateway sends and the time, and drains `pollOutput`. It believes its driver that a datagram came
/// from the gateway. It asks first what the gateway speaks (`GatewayInquiry`); a gateway that is silent, or has nothing to offer, is asked
/// again after `PortMappingLimits.retry`. For another gateway, or another address of this machine, there is another machine.
public final class PortMapping {
    enum Phase {
        case inquiring(GatewayInquiry)
        case speaking(GatewayProtocol)
        /// Until then nothing is asked.
        case resting(until: Instant)
        /// Until then the answers to our farewells are waited for.
        case releasing(GatewayProtocol, until: Instant)
        case over
    }

    /// Where gateways announce that they have restarted, from their own addresses: 224.0.0.1 and ff02::1, UDP port 5350.
    public static let announcements = Endpoint(ip: [224, 0, 0, 1], port: 5350)!
    public static let announcements6 = Endpoint(ip: [0xff, 2] + [UInt8](repeating: 0, count: 13) + [1], port: 5350)!
    /// RFC 6887, section 11.1.
    public static let nonceSize = PCP.nonceSize

    let limits: PortMappingLimits
    /// This machine's address towards the gateway, 4 or 16 bytes.
    let client: [UInt8]
    /// PCP's: who knows it may change our mappings.
    let nonce: [UInt8]
    var phase: Phase
    var entries: [PortMappingEntry] = []
    /// The gateway's own address, of 4 bytes, and when NAT-PMP has said it.
    var external: (ip: [UInt8], at: Instant)?
    var upnp: UPnPClient
    /// What UPnP has to delete.
    var endings: [(transport: MappedPort.Transport, external: UInt16)] = []
    /// Whether the gateway keeps mappings by UPnP for ever only, and whether it may choose another port.
    var hasNoLeases = false
    var takesAny = true
    /// When UPnP's service was searched again last because it did not answer, and when it is to be.
    var searchedAt: Instant?
    var nextSearch = Instant.distantFuture
    /// For external ports.
    var random: RandomSource
    private var clock = GatewayClock()
    private var restartedAt: Instant?
    private var outputs: [PortMappingOutput] = []
    private var polled = 0

    /// - Parameters:
    ///   - client: this machine's address towards the gateway, of 4 bytes, or of 16 for pinholes.
    ///   - gateway: its own, of the same family.
    ///   - nonce: `nonceSize` bytes that others cannot guess.
    public init(from client: [UInt8], to gateway: [UInt8], nonce: [UInt8], limits: PortMappingLimits = PortMappingLimits(), now: Instant) {
        self.client = client
        upnp = UPnPClient(from: client, to: gateway, limits: limits.upnp)
        random = RandomSource(seed: nonce.number(0))
        self.nonce = nonce
        self.limits = limits
        phase = .inquiring(GatewayInquiry(from: client, now: now))
    }

    public func pollOutput() -> PortMappingOutput? {
        for wish in upnp.takeWishes() { outputs.append(.upnp(wish)) }
        guard polled < outputs.count else {
            outputs.removeAll(keepingCapacity: true)
            polled = 0
            return nil
        }
        polled += 1
        return outputs[polled - 1]
    }

    func append(_ output: PortMappingOutput) { outputs.append(output) }

    // MARK: Inputs

    /// The ports to map from now on, in place of others; beyond `PortMappingLimits.ports` they are left out.
    public func setPorts(_ ports: [MappedPort], now: Instant) {
        let wanted = ports.prefix(limits.ports)
        for entry in entries where !wanted.contains(entry.port) { end(entry, .networkChanged) }
        entries.removeAll { !wanted.contains($0.port) }
        for port in wanted where !entries.contains(where: { $0.port == port }) {
            entries.append(PortMappingEntry(port, now: now))
        }
        advance(to: now)
    }

    /// A datagram from the gateway.
    public func received(_ bytes: [UInt8], now: Instant) {
        switch phase {
        case .inquiring(var inquiry):
            inquiry.received(bytes, now: now)
            phase = .inquiring(inquiry)
        case .speaking(.pcp): if let answer = PCP.Answer(bytes) { received(answer, now: now) }
        case .speaking(.natPMP): if let answer = NATPMP.Answer(bytes) { received(answer, now: now) }
        case .releasing(let by, _): farewell(bytes, by)
        case .speaking(.upnp), .resting, .over: break
        }
        advance(to: now)
    }

    /// The network says that nobody at the gateway listens. Only the first question believes it: forged, it ends no mapping.
    public func unreachable(now: Instant) {
        guard case .inquiring(var inquiry) = phase else { return }
        inquiry.refused()
        phase = .inquiring(inquiry)
        advance(to: now)
    }

    /// Another machine takes over, because the network has changed. Nothing is sent any more.
    public func abandon() {
        for entry in entries where entry.external != nil {
            entry.external = nil
            append(.changed(PortMappingChange(entry.port, .lost(.networkChanged))))
        }
        entries = []
        upnp.stop()
        phase = .over
    }

    /// Has the gateway end all mappings, and waits for its answers within `PortMappingLimits.release` or `releaseUPnP`. Then `.released`
    /// follows.
    public func release(now: Instant) {
        if case .speaking(.upnp) = phase, releaseUPnP(now: now) { return }
        guard case .speaking(let by) = phase, entries.contains(where: { $0.external != nil }) else {
            if case .over = phase { return }
            if case .releasing = phase { return }
            return released()
        }
        entries.removeAll { $0.external == nil }
        // Twice, since one may be lost and there is no time to find out.
        for _ in 0..<2 { for entry in entries { sendEnd(entry, by) } }
        phase = .releasing(by, until: now + limits.release)
    }

    // MARK: Time

    public var nextDeadline: Instant {
        switch phase {
        case .inquiring(let inquiry): return entries.isEmpty ? .distantFuture : inquiry.nextDeadline
        case .resting(let until), .releasing(_, let until): return until
        case .over: return .distantFuture
        case .speaking(.upnp): return nextDeadlineUPnP
        case .speaking:
            var soonest = Instant.distantFuture
            for entry in entries { soonest = min(soonest, entry.nextDeadline) }
            return soonest
        }
    }

    public func advance(to now: Instant) {
        switch phase {
        case .inquiring(var inquiry):
            guard !entries.isEmpty else { return }
            for request in inquiry.advance(to: now) { append(.send(request)) }
            phase = .inquiring(inquiry)
            if inquiry.isOver(at: now) { inquired(inquiry, now: now) }
        case .resting(let until): if until <= now { inquire(now: now) }
        case .releasing(_, let until): if until <= now { released() }
        case .speaking(.upnp): advanceUPnP(now: now)
        case .speaking(let by): for entry in entries { advance(entry, by, now: now) }
        case .over: break
        }
    }

    private func inquire(now: Instant) {
        phase = .inquiring(GatewayInquiry(from: client, now: now))
        advance(to: now)
    }

    private func inquired(_ inquiry: GatewayInquiry, now: Instant) {
        if inquiry.speaksPCP {
            speak(.pcp, now: now)
        } else if let ip = inquiry.external {
            guard Multiaddr.isPublic(ip) else { return rest(.notPublic(ip), now: now) }
            external = (ip, now)
            speak(.natPMP, now: now)
        } else if client.count == 16 {
            rest(.silent, now: now)
        } else {
            upnp.search(now: now)
            speak(.upnp, now: now)
        }
    }

    private func speak(_ by: GatewayProtocol, now: Instant) {
        phase = .speaking(by)
        clock = GatewayClock()
        for entry in entries { entry.ask(at: now) }
        advance(to: now)
    }

    /// Reports why no port is mapped, and leaves the gateway in peace.
    func rest(_ why: PortMappingError, now: Instant) {
        for entry in entries { refuse(entry, why, now: now) }
        upnp.stop()
        phase = .resting(until: now + limits.retry)
    }

    // MARK: What both protocols share

    /// The gateway's count of seconds, in an answer. If it has restarted, all is mapped again.
    func heard(epoch: UInt32, now: Instant) {
        guard clock.note(epoch, at: now), isTimeForMore(now: now) else { return }
        for entry in entries where entry.external != nil { entry.ask(at: now) }
    }

    /// Whether enough time lies between this sign of a restart and the one before.
    private func isTimeForMore(now: Instant) -> Bool {
        if let restartedAt, now - restartedAt < limits.restartGap { return false }
        restartedAt = now
        return true
    }

    /// A datagram that the gateway has sent to all machines of the network, `announcements`: that it has restarted, or has another address
    /// (RFC 6887, section 14.1; RFC 6886, section 3.2.1). Whoever writes the gateway's address as a sender can send one, so it is believed
    /// no further than that the gateway is asked again.
    public func announced(_ bytes: [UInt8], now: Instant) {
        var isNew = false
        if let answer = PCP.Answer(bytes), answer.mapping == nil {
            if case .speaking(.pcp) = phase { isNew = clock.note(answer.epoch, at: now) }
        } else if let answer = NATPMP.Answer(bytes), case .address(let ip) = answer.content {
            if case .speaking(.natPMP) = phase {
                let isLate = clock.note(answer.epoch, at: now)
                isNew = isLate || ip != external?.ip
            }
        } else {
            return
        }
        if case .resting = phase {
            // It may offer by now what it did not when it was asked.
            if isTimeForMore(now: now) { phase = .resting(until: now + delay()) }
        } else if isNew, isTimeForMore(now: now) {
            for entry in entries where entry.external != nil { entry.ask(at: now + delay()) }
        }
    }

    /// All machines of the network have heard the same.
    private func delay() -> Interval { .milliseconds(UInt64(random.below(Int(limits.longestDelay.milliseconds)))) }

    /// The gateway says that it forwards a port.
    func granted(_ entry: PortMappingEntry, at external: Endpoint, lifetime: UInt32, renewal: Interval? = nil, now: Instant) {
        let time = Interval.seconds(UInt64(min(lifetime, limits.longestLifetime)))
        let isKnown = entry.external == external
        entry.granted(external, for: time, renewal: renewal ?? Interval(nanoseconds: time.nanoseconds / 2), now: now)
        let state: PortMappingChange.State =
            isKnown ? .renewed(external: external, until: entry.expires) : .mapped(external: external, until: entry.expires)
        append(.changed(PortMappingChange(entry.port, state)))
    }

    /// The port is not mapped, for a reason that is reported unless it is the one that was reported last.
    func refuse(_ entry: PortMappingEntry, _ why: PortMappingError, now: Instant) {
        if entry.external != nil {
            append(.changed(PortMappingChange(entry.port, .lost(why))))
        } else if entry.refusal != why {
            append(.changed(PortMappingChange(entry.port, .refused(why))))
        }
        entry.refused(why, until: now + limits.retry)
    }

    private func end(_ entry: PortMappingEntry, _ why: PortMappingError) {
        guard entry.external != nil, case .speaking(let by) = phase else { return }
        sendEnd(entry, by)
        append(.changed(PortMappingChange(entry.port, .lost(why))))
    }

    func released() {
        phase = .over
        upnp.stop()
        entries = []
        append(.released)
    }
}

extension Multiaddr {
    /// Whether the Internet reaches an IP address.
    static func isPublic(_ ip: [UInt8]) -> Bool { Multiaddr.tcp(ip: ip, port: 1).reach == .public }
}
