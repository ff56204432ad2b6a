import CausewayConnection
public import CausewayIdentity

// Making, refreshing and losing reservations.
extension RelayClient {
    /// Makes a reservation at the relay that `relayAddress` names, and keeps it until `release`. The request is answered once: by the
    /// reservation, or by the reason why the first attempt failed, which is then not repeated.
    public func reserve(request: UInt32, relayAddress: Multiaddr, in node: NodeContext) {
        guard let (peer, address) = RelayClient.relay(of: relayAddress) else {
            node.answer(request, .notReserved(.notARelayAddress))
            return
        }
        let relay = known(peer, address, in: node)
        relay.isPinned = true
        if let reservation = relay.reservation {
            node.answer(request, .reserved(reservation))
            return
        }
        relay.waiting.append(request)
        if relay.step == .resting { attempt(relay, in: node) }
    }

    /// Cancels a request of `reserve`, and what it began if nothing else wants that.
    public func cancel(request: UInt32, in node: NodeContext) -> Bool {
        for relay in order {
            guard let index = relay.waiting.firstIndex(of: request) else { continue }
            relay.waiting.remove(at: index)
            node.answer(request, .cancelled)
            if relay.waiting.isEmpty, !relay.wasHeld { unpin(relay, in: node) }
            return true
        }
        return false
    }

    /// Gives up the reservation at this relay, and does not choose the relay again. The connection stays.
    public func release(_ peer: PeerID, in node: NodeContext) {
        guard let relay = relays[peer.bytes] else { return }
        discard(relay, in: node)
        choose(in: node)
    }

    /// The reservations held at this moment, in the order in which their relays were named.
    public var reservations: [Reservation] {
        var held: [Reservation] = []
        for relay in order { if let reservation = relay.reservation { held.append(reservation) } }
        return held
    }

    /// Whether a relay may bring circuits: we hold a reservation there, are asking for one, or others may still know our addresses there.
    func expectsCircuits(from peer: PeerID) -> Bool {
        guard let relay = relays[peer.bytes] else { return false }
        return relay.step == .asking || !relay.advertised.isEmpty
    }

    // MARK: Attempts

    func attempt(_ relay: RelayReservation, in node: NodeContext) {
        if let link = directLink(to: relay.peer, in: node) {
            ask(relay, on: link, in: node)
        } else {
            relay.step = .connecting
            let policy = DialPolicy(relay.addresses, origin: relay.isLearnt ? .heard : .named, path: .direct, port: .listener)
            relay.request = node.requestConnection(to: relay.peer, policy, for: self)
        }
    }

    public func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeContext) {
        for relay in order where relay.step == .connecting && relay.request == request {
            if link != nil, let direct = directLink(to: relay.peer, in: node) {
                ask(relay, on: direct, in: node)
            } else {
                failed(relay, .unreachable(outcomes), in: node)
            }
            return
        }
    }

    private func ask(_ relay: RelayReservation, on link: ConnectedLink, in node: NodeContext) {
        let stream = node.openStream(on: link.id, [HopCodec.hopID], for: self, handsOver: .afterOneMessage)
        relay.step = .asking
        relay.stream = stream
        track(stream, .reservation(relay), for: limits.reserveTime, in: node)
        node.send(HopCodec.reserve, on: stream)
    }

    func reservationAnswered(
        _ answer: HopMessage, on stream: RelayClientStream, of relay: RelayReservation, in node: NodeContext
    ) throws(RelayFault) {
        guard case .status(let status, let details, let limit) = answer else { throw .unexpectedType }
        guard status == HopStatus.ok, let link = node.connections[stream.key.link] else {
            drop(stream, in: node)
            failed(relay, .refused(status: status), in: node)
            return
        }
        guard let details else { throw .missingReservation }
        let reservation = try checked(details, limit: limit, of: relay, on: link, in: node)
        let left = timeLeft(of: details, in: node)
        forget(stream)
        // Finish our direction: the stream has done its work. We do not wait for the relay's end.
        node.conclude(stream.key)
        made(reservation, for: left, at: relay, on: link, in: node)
    }

    /// No clock shows more than the last second of the year 9999.
    private static let endOfTime: UInt64 = 253_402_300_799

    private func checked(
        _ details: ReservationAnswer, limit: CircuitLimit?, of relay: RelayReservation, on link: ConnectedLink, in node: NodeContext
    ) throws(RelayFault) -> Reservation {
        guard 1...Self.endOfTime ~= details.expire else { throw .badExpiry }
        if !details.voucher.isEmpty, let voucher = try Voucher.open(details.voucher, from: relay.peer) {
            guard voucher.relay == relay.peer.bytes, voucher.peer == node.peerID.bytes else { throw .badVoucher }
        }
        let addresses = usable(details.addresses, of: relay, on: link)
        guard !addresses.isEmpty else { throw .noAddress }
        return Reservation(
            relay: relay.peer, expires: details.expire, addresses: addresses, limit: RelayClient.effective(limit))
    }

    /// How long the reservation lasts. Either clock may be wrong, by years, and that keeps nobody out: what the relay counts from now is
    /// believed before its time of day, and a time of day that cannot be is replaced by a short time.
    private func timeLeft(of details: ReservationAnswer, in node: NodeContext) -> Interval {
        let longest = limits.longestReservation.seconds
        if details.lasts > 0 { return .seconds(min(details.lasts, longest)) }
        let now = node.unixSeconds
        guard details.expire > now, details.expire - now <= longest else { return limits.assumedReservation }
        return .seconds(details.expire - now)
    }

    /// The addresses to advertise: first the one at which we reached the relay, which it may not know behind a router, then those that it
    /// names and that may be its own. If there are none, those that the user named.
    private func usable(_ named: [[UInt8]], of relay: RelayReservation, on link: ConnectedLink) -> [Multiaddr] {
        var addresses: [Multiaddr] = []
        func add(_ address: Multiaddr) {
            let circuit = RelayClient.circuitAddress(address, relay.peer)
            if !address.isCircuit, !addresses.contains(circuit) { addresses.append(circuit) }
        }
        if !link.isInbound { add(link.remoteAddress) }
        for bytes in named where addresses.count < limits.addresses && bytes.count <= limits.addressLength {
            if let address = try? Multiaddr(bytes: bytes), mayBelong(address, to: relay.peer, on: link) { add(address) }
        }
        if addresses.isEmpty { for address in relay.addresses { add(address) } }
        return addresses
    }

    /// Whether an address may belong to the relay. We give the addresses that a relay names to others as our own, so they must lead to that
    /// relay, by a transport that peers have. A relay that we reached at a public address may not name loopback or private addresses: those
    /// would be ours, or other people's.
    private func mayBelong(_ address: Multiaddr, to relay: PeerID, on link: ConnectedLink) -> Bool {
        if let named = address.peerID, named != relay { return false }
        switch address.transport {
        case .tcp, .webSocket, .webRTCDirect, .quic: break
        case .circuit, .webRTC, .other: return false
        }
        return address.reach != .none && (!address.reach.isLocal || link.remoteAddress.reach.isLocal)
    }

    private func made(
        _ reservation: Reservation, for left: Interval, at relay: RelayReservation, on link: ConnectedLink, in node: NodeContext
    ) {
        let isNew = relay.reservation == nil
        relay.step = .resting
        relay.failures = 0
        relay.reservation = reservation
        relay.wasHeld = true
        relay.link = link.id
        relay.retained = []
        relay.expiresAt = node.now + left
        relay.nextAttempt = node.now + refreshTime(left)
        if isNew { node.connections.protect(relay.peer, tag: RelayClient.protection) }
        advertise(in: node)
        answerWaiting(for: relay, .reserved(reservation), in: node)
        tell(relay, isNew ? .made : .refreshed, in: node)
    }

    func answerWaiting(for relay: RelayReservation, _ answer: Answer, in node: NodeContext) {
        for request in relay.waiting { node.answer(request, answer) }
        relay.waiting = []
    }

    private func tell(_ relay: RelayReservation, _ state: ReservationChange.State, in node: NodeContext) {
        node.emit(.reservation(ReservationChange(relay: relay.peer, state: state, reservation: relay.reservation)))
    }

    private func refreshTime(_ left: Interval) -> Interval {
        let threeQuarters = Interval(nanoseconds: left.nanoseconds / 4 * 3)
        return max(threeQuarters, left > limits.refreshGap ? limits.refreshGap : limits.shortestRefresh)
    }

    // MARK: Failures

    private static let refusedPause = Interval.seconds(15)

    /// An attempt has failed. A reservation that has not expired is kept until its end.
    func failed(_ relay: RelayReservation, _ error: ReservationError, in node: NodeContext) {
        relay.step = .resting
        relay.failures = min(relay.failures + 1, 16)
        relay.nextAttempt = node.now + retryTime(relay.failures, in: node)
        // A relay that refused will refuse again for a while.
        if case .refused = error { relay.nextAttempt = relay.nextAttempt + Self.refusedPause }
        answerWaiting(for: relay, .notReserved(error), in: node)
        tell(relay, .failed(error), in: node)
        if relay.isPinned, !relay.wasHeld { unpin(relay, in: node) }
        choose(in: node)
    }

    /// 1, 2, 4 ... s, up to the longest time; up to three quarters less at random, so that a relay's peers spread.
    private func retryTime(_ failures: Int, in node: NodeContext) -> Interval {
        let full = min(limits.retry.nanoseconds << UInt64(min(max(failures - 1, 0), 16)), limits.longestRetry.nanoseconds)
        return Interval(nanoseconds: full - node.random.next() % (full / 4 * 3 + 1))
    }

    /// The reservation is lost, but still wanted.
    private func lost(_ relay: RelayReservation, in node: NodeContext) {
        relay.retained = relay.advertised
        relay.retainedUntil = node.now + limits.addressGrace
        relay.failures = 0
        relay.nextAttempt = soon(in: node)
        returnCredit(relay, in: node)
        advertise(in: node)
    }

    /// Gives up what was held.
    func returnCredit(_ relay: RelayReservation, in node: NodeContext) {
        guard relay.reservation != nil else { return }
        relay.reservation = nil
        relay.link = nil
        node.connections.unprotect(relay.peer, tag: RelayClient.protection)
        tell(relay, .lost, in: node)
    }

    public func linkOpened(_ link: ConnectedLink, in node: NodeContext) {
        guard !link.isRelayed, let relay = relays[link.peer.bytes], relay.mustBeTried, relay.reservation == nil, relay.step == .resting
        else { return }
        ask(relay, on: link, in: node)
    }

    public func linkClosed(_ link: ConnectedLink, in node: NodeContext) {
        guard let relay = relays[link.peer.bytes], relay.link == link.id else { return }
        if let other = directLink(to: link.peer, in: node) {
            // The relay counts us by peer, so the reservation is still ours. But another process of the relay may have granted it.
            relay.link = other.id
            if relay.step == .resting { ask(relay, on: other, in: node) }
        } else {
            lost(relay, in: node)
        }
    }

    // MARK: Time

    /// Asks every relay again, those that hold a place for us, too: they may have forgotten us while the machine slept.
    func machineChanged(in node: NodeContext) {
        for relay in order {
            relay.failures = 0
            relay.nextAttempt = min(relay.nextAttempt, soon(in: node))
        }
    }

    /// At random, so that the peers of a relay do not all come in the same instant.
    private func soon(in node: NodeContext) -> Instant {
        node.now + Interval(nanoseconds: node.random.next() % (limits.firstRetry.nanoseconds + 1))
    }

    func advanceRelays(in node: NodeContext) {
        for relay in order {
            if relay.reservation != nil, relay.expiresAt <= node.now { lost(relay, in: node) }
            if relay.reservation == nil, !relay.retained.isEmpty, relay.retainedUntil <= node.now {
                relay.retained = []
                advertise(in: node)
            }
            if relay.step == .resting, relay.mustBeTried, relay.nextAttempt <= node.now { attempt(relay, in: node) }
        }
        choose(in: node)
    }

    func advertise(in node: NodeContext) {
        var addresses: [OwnAddress] = []
        for relay in order {
            let until = relay.reservation == nil ? relay.retainedUntil : relay.expiresAt + limits.addressGrace
            for address in relay.advertised { addresses.append(OwnAddress(address, .reservation(by: relay.peer, until: until))) }
        }
        node.addresses.replace(.reservation, by: addresses, in: node)
    }

    /// The direct connection that will stay, if there are two because both sides dialled.
    func directLink(to peer: PeerID, in node: NodeContext) -> ConnectedLink? {
        guard let link = node.connections.best(for: peer, allowsLimited: true), !link.isRelayed else { return nil }
        return link
    }
}
