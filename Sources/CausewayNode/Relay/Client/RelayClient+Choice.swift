import CausewayConnection
public import CausewayIdentity

// Chooses the relays at which to hold reservations.
extension RelayClient {
    /// Keeps reservations at `count` of the candidates, in their order. If one refuses or is unreachable, the next takes its turn, and it
    /// is tried again later. None of them has to be reachable now. `learns`: relays that identify names are candidates, too, after these.
    /// Replaces an earlier call. Returns the addresses that name no relay.
    @discardableResult
    public func keepRelays(_ candidates: [Multiaddr], count: Int, learns: Bool = false, in node: NodeContext) -> [Multiaddr] {
        wanted = max(count, 0)
        self.learns = learns
        for relay in order where !relay.isLearnt || !learns { relay.isCandidate = false }
        var unusable: [Multiaddr] = []
        for candidate in candidates {
            guard let (peer, address) = RelayClient.relay(of: candidate) else {
                unusable.append(candidate)
                continue
            }
            let relay = known(peer, address, in: node)
            relay.isCandidate = true
            relay.isLearnt = false
        }
        for relay in order where !relay.isCandidate && !relay.isPinned { discard(relay, in: node) }
        var excess = activeCandidates - wanted
        // The last ones first.
        var index = order.count
        while excess > 0, index > 0 {
            index -= 1
            let relay = order[index]
            guard relay.isCandidate, relay.isActive, !relay.isPinned else { continue }
            rest(relay, in: node)
            excess -= 1
        }
        choose(in: node)
        return unusable
    }

    public func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeContext) {
        guard learns, !link.isRelayed, let told = node.peers.description(of: peer), told.protocolIDsUTF8.contains(HopCodec.hopID) else {
            return
        }
        // The address at which we reached it is known to work. Otherwise, the addresses that it names have to do.
        var addresses = link.isInbound ? [] : [link.remoteAddress]
        for address in told.listenAddresses where addresses.count < limits.addresses && !address.isCircuit && !addresses.contains(address) {
            addresses.append(address)
        }
        learn(peer, addresses: addresses, in: node)
    }

    /// A connected peer offers to be a relay.
    func learn(_ peer: PeerID, addresses: [Multiaddr], in node: NodeContext) {
        guard learns, relays[peer.bytes] == nil else { return }
        var learnt = 0
        var oldest: RelayReservation?
        for relay in order where relay.isLearnt {
            learnt += 1
            if oldest == nil, !relay.isActive { oldest = relay }
        }
        if learnt >= limits.learntCandidates {
            guard let oldest else { return }
            discard(oldest, in: node)
        }
        let relay = added(peer, addresses, in: node)
        relay.isCandidate = true
        relay.isLearnt = true
        choose(in: node)
    }

    /// Starts attempts at candidates until the wanted number is held or in progress.
    func choose(in node: NodeContext) {
        var missing = wanted - activeCandidates
        guard missing > 0 else { return }
        for relay in order where missing > 0 && relay.isCandidate && !relay.isActive && relay.nextAttempt <= node.now {
            attempt(relay, in: node)
            missing -= 1
        }
    }

    private var activeCandidates: Int {
        var count = 0
        for relay in order where relay.isCandidate && relay.isActive { count += 1 }
        return count
    }

    var relayDeadline: Instant {
        var soonest = Instant.distantFuture
        let mayChoose = activeCandidates < wanted
        for relay in order {
            soonest = min(soonest, relay.deadline)
            if mayChoose, relay.isCandidate, !relay.isActive { soonest = min(soonest, relay.nextAttempt) }
        }
        return soonest
    }

    // MARK: The list

    /// The relay's peer id, and the address without its circuit part. nil: the address does not name a relay that can be reached directly.
    static func relay(of address: Multiaddr) -> (PeerID, Multiaddr)? {
        var address = address
        if let (relay, rest) = address.splitAtCircuit() {
            guard rest.bytes.isEmpty else { return nil }
            address = relay
        }
        guard !address.isCircuit, let peer = address.peerID else { return nil }
        return (peer, address)
    }

    func known(_ peer: PeerID, _ address: Multiaddr, in node: NodeContext) -> RelayReservation {
        // If the address is only the name, the peer store has to know the addresses.
        let addresses = address.withoutPeerID.bytes.isEmpty ? [] : [address]
        guard let relay = relays[peer.bytes] else { return added(peer, addresses, in: node) }
        for address in addresses where !relay.addresses.contains(address) { relay.addresses.append(address) }
        return relay
    }

    private func added(_ peer: PeerID, _ addresses: [Multiaddr], in node: NodeContext) -> RelayReservation {
        let relay = RelayReservation(peer: peer, addresses: addresses, now: node.now)
        relays[peer.bytes] = relay
        order.append(relay)
        return relay
    }

    /// The relay is not named by a request any more.
    func unpin(_ relay: RelayReservation, in node: NodeContext) {
        relay.isPinned = false
        if !relay.isCandidate { discard(relay, in: node) }
    }

    func discard(_ relay: RelayReservation, in node: NodeContext) {
        rest(relay, in: node)
        relay.isPinned = false
        relay.isCandidate = false
        relays[relay.peer.bytes] = nil
        order.remove(relay)
    }

    /// Gives up the reservation there, and any attempt.
    private func rest(_ relay: RelayReservation, in node: NodeContext) {
        if relay.step == .asking, let stream = streams[relay.stream.packed] { drop(stream, in: node) }
        relay.step = .resting
        answerWaiting(for: relay, .cancelled, in: node)
        relay.retained = []
        returnCredit(relay, in: node)
        advertise(in: node)
    }
}
