import CausewayConnection
public import CausewayIdentity

// Making, refreshing and losing reservations.
extension RelayClient {
    /// Makes a reservation at the relay that `relayAddress` names, and keeps it until `release`. The request is answered once: by the
    /// reservation, or by the reason why the first attempt failed, which is then not repeated.
    public func reserve(request: UInt32, relayAddress: Multiaddr, in node: NodeState) {
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

    /// Cancels a request of `reserve`, and what it began if nothing else wants that. Returns false if no such request waits.
    public func cancel(request: UInt32, in node: NodeState) -> Bool {
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
    public func release(_ peer: PeerID, in node: NodeState) {
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

    func attempt(_ relay: KeptRelay, in node: NodeState) {
        if let link = directLink(to: relay.peer, in: node) {
            ask(relay, on: link, in: node)
        } else {
            relay.step = .connecting
            relay.request = node.requestConnection(
                to: relay.peer, addresses: relay.addresses, origin: relay.isLearnt ? .heard : .named, for: self)
        }
    }

    public func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeState) {
        for relay in order where relay.step == .connecting && relay.request == request {
            if link != nil, let direct = directLink(to: relay.peer, in: node) {
                ask(relay, on: direct, in: node)
            } else {
                failed(relay, .unreachable(outcomes), in: node)
            }
            return
        }
    }

    private func ask(_ relay: KeptRelay, on link: ConnectedLink, in node: NodeState) {
        let stream = node.openStream(on: link.id, [HopCodec.hopID], for: self)
        relay.step = .asking
        relay.stream = stream
        track(stream, .reservation(relay), for: limits.reserveTime, in: node)
        node.send(HopCodec.reserve, on: stream)
    }

    func reservationAnswered(_ answer: HopMessage, on stream: RelayClientStream, of relay: KeptRelay, in node: NodeState) throws(RelayFault)
    {
        guard case .status(let status, let details, let limit) = answer else { throw .unexpectedType }
        guard status == HopStatus.ok, let link = node.connections[stream.key.link] else {
            drop(stream, in: node)
            failed(relay, .refused(status: status), in: node)
            return
        }
        guard let details else { throw .missingReservation }
        let reservation = try checked(details, limit: limit, of: relay, on: link, in: node)
        forget(stream)
        // Finish our direction: the stream has done its work. We do not wait for the relay's end.
        node.conclude(stream.key)
        made(reservation, at: relay, on: link, in: node)
    }

    private func checked(
        _ details: ReservationAnswer, limit: CircuitLimit?, of relay: KeptRelay, on link: ConnectedLink, in node: NodeState
    ) throws(RelayFault) -> Reservation {
        let now = node.unixSeconds
        guard details.expire > now, details.expire - now <= limits.longestReservation.seconds else { throw .badExpiry }
        if !details.voucher.isEmpty, let voucher = try Voucher.open(details.voucher, from: relay.peer) {
            guard voucher.relay == relay.peer.bytes, voucher.peer == node.peerID.bytes, voucher.expiration > now else { throw .badVoucher }
        }
        let addresses = usable(details.addresses, of: relay, on: link)
        guard !addresses.isEmpty else { throw .noAddress }
        return Reservation(
            relay: relay.peer, expires: details.expire, addresses: addresses, limit: RelayClient.effective(limit))
    }

    /// The addresses to advertise: those that the relay names and that may be its own, with the one at which we reached it first. If there
    /// are none, the one at which we reached it.
    private func usable(_ named: [[UInt8]], of relay: KeptRelay, on link: ConnectedLink) -> [Multiaddr] {
        var addresses: [Multiaddr] = []
        for bytes in named where addresses.count < limits.addresses && bytes.count <= limits.addressLength {
            guard let address = try? Multiaddr(bytes: bytes), mayBelong(address, to: relay.peer, on: link) else { continue }
            let circuit = RelayClient.circuitAddress(address, relay.peer)
            guard !addresses.contains(circuit) else { continue }
            let isReached = address.withoutPeerID == link.remoteAddress.withoutPeerID
            addresses.insert(circuit, at: isReached ? 0 : addresses.count)
        }
        guard addresses.isEmpty else { return addresses }
        let reached = link.isInbound ? relay.addresses : [link.remoteAddress]
        for address in reached where !address.isCircuit { addresses.append(RelayClient.circuitAddress(address, relay.peer)) }
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

    private func made(_ reservation: Reservation, at relay: KeptRelay, on link: ConnectedLink, in node: NodeState) {
        let isNew = relay.reservation == nil
        relay.step = .resting
        relay.failures = 0
        relay.reservation = reservation
        relay.wasHeld = true
        relay.link = link.id
        relay.retained = []
        let left = Interval.seconds(reservation.expires - node.unixSeconds)
        relay.expiresAt = node.now + left
        relay.nextAttempt = node.now + refreshTime(left)
        if isNew { node.spare(relay.peer) }
        advertise(in: node)
        answerWaiting(for: relay, .reserved(reservation), in: node)
        tell(relay, isNew ? .made : .refreshed, in: node)
    }

    func answerWaiting(for relay: KeptRelay, _ answer: Answer, in node: NodeState) {
        for request in relay.waiting { node.answer(request, answer) }
        relay.waiting = []
    }

    private func tell(_ relay: KeptRelay, _ state: ReservationChange.State, in node: NodeState) {
        node.emit(.reservation(ReservationChange(relay: relay.peer, state: state, reservation: relay.reservation)))
    }

    private func refreshTime(_ left: Interval) -> Interval {
        let threeQuarters = Interval(nanoseconds: left.nanoseconds / 4 * 3)
        return max(threeQuarters, left > limits.refreshGap ? limits.refreshGap : limits.shortestRefresh)
    }

    // MARK: Failures

    /// An attempt has failed. A reservation that has not expired is kept until its end.
    func failed(_ relay: KeptRelay, _ error: ReservationError, in node: NodeState) {
        relay.step = .resting
        relay.failures = min(relay.failures + 1, 16)
        // A relay that refused will refuse again for a while.
        if case .refused = error { relay.failures = max(relay.failures, 5) }
        relay.nextAttempt = node.now + retryTime(relay.failures, in: node)
        answerWaiting(for: relay, .notReserved(error), in: node)
        tell(relay, .failed(error), in: node)
        if relay.isPinned, !relay.wasHeld { unpin(relay, in: node) }
        choose(in: node)
    }

    /// 1, 2, 4 ... s, up to the longest time; up to a quarter less at random, so that a relay's peers spread.
    private func retryTime(_ failures: Int, in node: NodeState) -> Interval {
        let full = min(limits.retry.nanoseconds << UInt64(min(max(failures - 1, 0), 16)), limits.longestRetry.nanoseconds)
        return Interval(nanoseconds: full - node.random.next() % (full / 4 + 1))
    }

    /// The reservation is lost, but still wanted.
    private func lost(_ relay: KeptRelay, in node: NodeState) {
        relay.retained = relay.advertised
        relay.retainedUntil = node.now + limits.addressGrace
        relay.failures = 0
        relay.nextAttempt = node.now + Interval(nanoseconds: node.random.next() % (limits.firstRetry.nanoseconds + 1))
        giveBack(relay, in: node)
    }

    /// Gives up what was held.
    func giveBack(_ relay: KeptRelay, in node: NodeState) {
        guard relay.reservation != nil else { return }
        relay.reservation = nil
        relay.link = nil
        node.unspare(relay.peer)
        tell(relay, .lost, in: node)
    }

    public func linkOpened(_ link: ConnectedLink, in node: NodeState) {
        guard !link.isRelayed, let relay = relays[link.peer.bytes], relay.mustBeTried, relay.reservation == nil, relay.step == .resting
        else { return }
        ask(relay, on: link, in: node)
    }

    public func linkClosed(_ link: ConnectedLink, in node: NodeState) {
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

    func advanceRelays(in node: NodeState) {
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

    func advertise(in node: NodeState) {
        var addresses: [Multiaddr] = []
        for relay in order {
            for address in relay.advertised where !addresses.contains(address) { addresses.append(address) }
        }
        node.setCircuitAddresses(addresses)
    }

    /// The direct connection that will stay, if there are two because both sides dialled.
    func directLink(to peer: PeerID, in node: NodeState) -> ConnectedLink? {
        guard let link = node.connections.best(for: peer, allowsLimited: true), !link.isRelayed else { return nil }
        return link
    }
}
