import CausewayConnection
import CausewayIdentity

// One address after the other, and several at once.
extension Dialer {
    // MARK: Taking addresses in

    /// Queues an address, or says at once why it is not tried.
    func add(_ named: Multiaddr, to dial: PeerDial, isExplicit: Bool, level: Int, in node: NodeState) {
        let address = named.withoutPeerID
        guard dial.takes(address, isExplicit: isExplicit) else { return }
        let attempt = DialAttempt(address, isExplicit: isExplicit, level: level)
        let isUnwanted = attempt.group == .relayed && !address.isUpgradedCircuit && dial.requests.allSatisfy { $0.directOnly }
        guard isExplicit || !isUnwanted else { return }
        dial.addressCount += 1
        if let reason = refusal(of: named, attempt, in: dial, in: node) {
            attempt.step = .over
            // An endless list is told of once.
            if dial.addressCount <= Self.addressLimit + 1 { note(outcome(of: attempt, in: dial, reason, in: node), in: dial, in: node) }
            return
        }
        if isExplicit { backoff.clear(dial.peer, address) }
        dial.insert(attempt)
        if attempt.group == .relayed, dial.isRelayedHeldBack {
            dial.nextStart[DialAttempt.Group.relayed.rawValue] = dial.startedAt + Self.relayedDelay
        }
    }

    private func refusal(of named: Multiaddr, _ attempt: DialAttempt, in dial: PeerDial, in node: NodeState) -> DialOutcome.Result? {
        if dial.addressCount > Self.addressLimit { return .limit(.addressesPerPeer, value: UInt64(Self.addressLimit)) }
        if let other = named.peerID, other != dial.peer { return .failed(.wrongPeer(expected: dial.peer, actual: other)) }
        // Circuits through our own relay lead to whom they name.
        if node.listenAddresses.contains(attempt.address) { return .ownPeer }
        if !attempt.isExplicit, backoff.holds(dial.peer, attempt.address, at: node.now) { return .backedOff }
        if attempt.group == .relayed {
            let directOnly = dial.requests.allSatisfy { $0.directOnly } && !(upgrades && attempt.address.isUpgradedCircuit)
            return directOnly || circuits == nil || relay(of: attempt.address, of: dial, in: node) == nil ? .unsupported : nil
        }
        if needsLookUp(attempt.address) {
            return attempt.level >= Self.nameLevels ? .failed(.peerFault(.dns, code: 1)) : nil
        }
        return isSupported(attempt.address) ? nil : .unsupported
    }

    func isSupported(_ address: Multiaddr) -> Bool {
        guard address.reach != .none else { return false }
        return switch address.transport {
        case .tcp: transports.contains(.tcp)
        case .webSocket(let secure): transports.contains(secure ? .secureWebSocket : .webSocket)
        case .webRTCDirect: transports.contains(.webRTCDirect) && address.reach != .name && address.certificateHash != nil
        default: false
        }
    }

    /// The relay that a circuit's address names: one relay, by a direct address with its peer id, that is neither this node nor the target.
    private func relay(of address: Multiaddr, of dial: PeerDial, in node: NodeState) -> (address: Multiaddr, peer: PeerID)? {
        guard let (relay, rest) = address.splitAtCircuit(), rest.bytes.isEmpty || upgrades && rest == .webRTC, !relay.isCircuit,
            let peer = relay.peerID,
            peer != node.peerID, peer != dial.peer
        else { return nil }
        return (relay, peer)
    }

    // MARK: Starting

    func active(in node: NodeState) -> Int { byLink.count + byLookup.count }

    /// Starts the addresses whose time has come. True if one was.
    func start(_ dial: PeerDial, in node: NodeState) -> Bool {
        if dial.isRelayedHeldBack, !dial.hasDirectAttempts {
            dial.isRelayedHeldBack = false
            dial.nextStart[DialAttempt.Group.relayed.rawValue] = node.now
        }
        var hasStarted = false
        for group in DialAttempt.Group.allCases {
            while dial.nextStart[group.rawValue] <= node.now, active(in: node) < node.limits.dials, dial.active < node.limits.dialsPerPeer,
                let attempt = dial.attempts.first(where: { $0.isWaiting && $0.group == group })
            {
                hasStarted = true
                dial.nextStart[group.rawValue] = node.now + (group == .local ? Self.localStagger : Self.stagger)
                start(attempt, of: dial, in: node)
            }
        }
        return hasStarted
    }

    private func start(_ attempt: DialAttempt, of dial: PeerDial, in node: NodeState) {
        attempt.startedAt = node.now
        attempt.deadline = node.now + node.limits.dialAttemptTime
        attempt.link = node.nextLink()
        byLink[attempt.link] = (dial, attempt)
        guard attempt.group == .relayed else {
            attempt.step = .dialling
            node.append(.dial(link: attempt.link, address: attempt.address, expecting: dial.peer))
            return
        }
        guard let relay = relay(of: attempt.address, of: dial, in: node) else { return finish(attempt, of: dial, .unsupported, in: node) }
        attempt.step = .reachingRelay
        let request = DialRequest(
            origin: .circuit(link: attempt.link), allowsLimited: false, directOnly: true, deadline: attempt.deadline)
        begin(request, relay.peer, [relay.address], isExplicit: attempt.isExplicit, in: node)
    }

    /// The dial of a circuit's relay is over.
    func relayReached(_ link: UInt32, _ relay: ConnectedLink?, _ outcomes: [DialOutcome], in node: NodeState) {
        guard let (dial, attempt) = byLink[link] else { return }
        guard let relay, let circuits, let named = self.relay(of: attempt.address, of: dial, in: node) else {
            var result = DialOutcome.Result.failed(.timedOut(.circuit))
            if let why = outcomes.first(where: { if case .failed = $0.result { true } else { false } }) ?? outcomes.first {
                result = why.result
            }
            return finish(attempt, of: dial, result, in: node)
        }
        attempt.step = .dialling
        attempt.localAddress = relay.localAddress
        circuits.dialCircuit(link: link, over: relay, relayAddress: named.address, target: dial.peer, in: node)
    }

    // MARK: Ending

    /// Undoes whatever was begun for an attempt.
    func giveUp(_ attempt: DialAttempt, in node: NodeState) {
        switch attempt.step {
        case .waiting, .resolving, .upgrading, .over: return
        case .reachingRelay:
            for dial in order where dial.requests.contains(where: { $0.origin == .circuit(link: attempt.link) }) {
                dial.requests.removeAll { $0.origin == .circuit(link: attempt.link) }
                if dial.requests.isEmpty { end(dial, in: node) }
            }
        case .dialling:
            guard attempt.group == .relayed, node.expectedLinks.removeValue(forKey: attempt.link) == nil else {
                return node.append(.link(attempt.link, .close(.cancelled)))
            }
            circuits?.cancelCircuit(link: attempt.link, in: node)
        }
    }

    /// An attempt is over: it tells, lets the next one start at once if it failed, and holds its address back for a while.
    func finish(_ attempt: DialAttempt, of dial: PeerDial, _ result: DialOutcome.Result, in node: NodeState) {
        guard !attempt.isOver else { return }
        let outcome = outcome(of: attempt, in: dial, result, in: node)
        if case .resolving(let lookUp) = attempt.step { byLookup[lookUp] = nil }
        byLink[attempt.link] = nil
        attempt.step = .over
        note(outcome, in: dial, in: node)
        switch result {
        case .connected: backoff.clear(dial.peer, attempt.address)
        case .cancelled: break
        default:
            backoff.failed(dial.peer, attempt.address, at: node.now)
            dial.nextStart[attempt.group.rawValue] = node.now
        }
    }

    func outcome(of attempt: DialAttempt, in dial: PeerDial, _ result: DialOutcome.Result, in node: NodeState) -> DialOutcome {
        let took = attempt.isWaiting || attempt.startedAt.nanoseconds == 0 ? Interval(nanoseconds: 0) : node.now - attempt.startedAt
        return DialOutcome(peer: dial.peer, address: attempt.address, result: result, took: took)
    }

    func note(_ outcome: DialOutcome, in dial: PeerDial, in node: NodeState) {
        dial.outcomes.append(outcome)
        node.emit(.dialAttempt(outcome))
    }
}
