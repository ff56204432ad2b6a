import CausewayConnection
import CausewayIdentity

// Starts the attempts of a dial one after the other, with several running at the same time.
extension Dialer {
    // MARK: Adding addresses

    /// Queues an address, or reports at once why it is not tried.
    func add(
        _ named: Multiaddr, hostName: [UInt8]? = nil, to dial: PeerDial, _ origin: AddressOrigin, _ policy: DialPolicy,
        level: Int, in node: NodeContext
    ) {
        let address = named.withoutPeerID
        guard dial.takes(address, origin) else { return }
        let attempt = DialAttempt(
            address, hostName: hostName, of: dial, origin, policy, level: level, isName: needsLookUp(address), now: node.now)
        let isUnwanted = attempt.group == .relayed && !address.isUpgradedCircuit && dial.directOnly
        guard origin == .named || !isUnwanted else { return }
        dial.addressCount += 1
        if let reason = refusal(of: named, attempt, in: dial, in: node) {
            attempt.step = .over
            // Of an endless list, only the first excess address is reported.
            if dial.addressCount <= Self.addressLimit + 1 { note(reason, of: attempt, in: dial, in: node) }
            return
        }
        if origin == .heard, !dial.takesHearsay(attempt, limits: node.limits) { return }
        if origin == .named { backoff.clear(dial.peer, address) }
        dial.insert(attempt)
        if attempt.group == .relayed, dial.isRelayedHeldBack {
            dial.nextStart[DialAttempt.Group.relayed.rawValue] = dial.startedAt + Self.relayedDelay
        }
    }

    private func refusal(of named: Multiaddr, _ attempt: DialAttempt, in dial: PeerDial, in node: NodeContext) -> DialOutcome.Result? {
        if dial.addressCount > Self.addressLimit { return .limit(.addressesPerPeer, value: UInt64(Self.addressLimit)) }
        if let other = named.peerID, other != dial.peer { return .failed(.wrongPeer(expected: dial.peer, actual: other)) }
        // A circuit through our own relay leads to its target, not to us.
        if node.addresses.direct.contains(attempt.address) { return .ownPeer }
        // For a circuit, the dial of its relay checks this.
        if attempt.origin == .heard, attempt.group != .relayed, !filter.admits(attempt.address, in: node) { return .hearsay }
        if attempt.origin != .named, attempt.policy.backoff == .kept, backoff.holds(dial.peer, attempt.address, at: node.now) {
            return .backedOff
        }
        if attempt.group == .relayed {
            let directOnly = dial.directOnly && !(upgrades && attempt.address.isUpgradedCircuit)
            return directOnly || circuits == nil || relay(of: attempt, in: node) == nil ? .unsupported : nil
        }
        if attempt.isName {
            guard hasResolver else { return .unresolved(code: 0) }
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

    /// The relay that a circuit's address names. It must be a single relay, with a direct address and its peer id, that is neither this
    /// node nor the target.
    private func relay(of attempt: DialAttempt, in node: NodeContext) -> Multiaddr? {
        guard let (relay, rest) = attempt.address.splitAtCircuit(), rest.bytes.isEmpty || upgrades && rest == .webRTC, !relay.isCircuit,
            let peer = relay.peerID, peer != node.peerID, peer != attempt.peer
        else { return nil }
        return relay
    }

    // MARK: Starting

    /// Starts the attempts whose time has come. Returns whether one started.
    func start(_ dial: PeerDial, in node: NodeContext) -> Bool {
        guard dial.isAwaited(at: node.now) else { return false }
        if dial.isRelayedHeldBack, !dial.hasDirectAttempts {
            dial.isRelayedHeldBack = false
            dial.nextStart[DialAttempt.Group.relayed.rawValue] = node.now
        }
        for attempt in dial.attempts { attempt.heldUntil = Instant(nanoseconds: 0) }
        var hasStarted = lookUpNames(dial, in: node)
        for group in dial.nextStart.indices {
            for attempt in dial.attempts
            where attempt.isWaiting && !attempt.isName && attempt.group.rawValue == group && dial.nextStart[group] <= node.now {
                guard byLink.count < node.limits.dials, dial.active < node.limits.dialsPerPeer else { return hasStarted }
                guard mayStart(attempt, in: node) else { continue }
                hasStarted = true
                dial.nextStart[group] = node.now + (attempt.group == .local ? Self.localStagger : Self.stagger)
                start(attempt, in: node)
            }
        }
        return hasStarted
    }

    /// Whether an attempt may start. Hearsay keeps to its pace. Circuits need none: they cost only the relay, whose dial is checked by
    /// itself.
    func mayStart(_ attempt: DialAttempt, in node: NodeContext) -> Bool {
        #if !hasFeature(Embedded)
            // A page dials nobody by itself.
            guard attempt.origin == .heard, attempt.group != .relayed, let host = attempt.address.host else { return true }
            var others = 0
            for other in byLink.values where other.origin == .heard && other.group != .relayed {
                if attempt.isName ? other.step == .resolving : other.address.host == host { others += 1 }
            }
            let most = attempt.isName ? node.limits.heardLookUps : node.limits.heardDialsPerHostAtOnce
            // When one of the others ends, this attempt is tried again.
            attempt.heldUntil = others < most ? pace.next(to: host, limits: node.limits, now: node.now) : .distantFuture
            guard attempt.heldUntil <= node.now else { return false }
            pace.started(host, at: node.now)
        #endif
        return true
    }

    private func start(_ attempt: DialAttempt, in node: NodeContext) {
        begin(attempt, .dialling, in: node)
        guard attempt.group == .relayed else {
            node.expectLink(
                attempt.link, remoteAddress: attempt.address, localAddress: attempt.address, path: .direct(at: attempt.address),
                carrier: nil, isInbound: false, isProbe: attempt.policy.purpose == .probe)
            let hostName = attempt.address.sni ?? attempt.hostName
            let target = DialTarget(
                attempt.address, hostName: hostName, expecting: attempt.peer, isProbe: attempt.policy.purpose == .probe,
                from: localPort(of: attempt, in: node))
            return node.append(.dial(link: attempt.link, target))
        }
        guard let relay = relay(of: attempt, in: node), let peer = relay.peerID else { return finish(attempt, .unsupported, in: node) }
        attempt.step = .reachingRelay
        let policy = DialPolicy([relay], origin: attempt.origin, path: .direct, port: .listener)
        let request = DialRequest(.circuit, attempt.link, peer, policy, deadline: attempt.deadline)
        begin(request, in: node)
    }

    private func localPort(of attempt: DialAttempt, in node: NodeContext) -> UInt16? {
        #if hasFeature(Embedded)
            return nil
        #else
            return attempt.policy.port == .listener ? node.addresses.listenPort(toward: attempt.address) : nil
        #endif
    }

    #if !hasFeature(Embedded)
        /// The attempt may wait for an answer from a network that is no longer there, and its transport asks rarely by then.
        func beginAgain(_ attempt: DialAttempt, of dial: PeerDial, in node: NodeContext) {
            guard attempt.step == .dialling, !attempt.isGivenUp else { return }
            giveUp(attempt, in: node)
            byLink[attempt.link] = nil
            attempt.step = .waiting
            dial.nextStart[attempt.group.rawValue] = node.now
        }
    #endif

    func begin(_ attempt: DialAttempt, _ step: DialAttempt.Step, in node: NodeContext) {
        attempt.step = step
        attempt.startedAt = node.now
        attempt.deadline = node.now + node.limits.dialAttemptTime
        attempt.link = node.nextLink()
        byLink[attempt.link] = attempt
    }

    /// The dial of a circuit's relay has ended.
    func relayReached(_ request: DialRequest, in node: NodeContext) {
        guard let attempt = byLink[request.number] else { return }
        guard let link = request.link, let relay = node.connections[link], let circuits, let named = self.relay(of: attempt, in: node)
        else {
            return finish(attempt, request.why ?? .failed(.timedOut(.circuit)), in: node)
        }
        attempt.step = .dialling
        circuits.dialCircuit(link: attempt.link, over: relay, relayAddress: named, target: attempt.peer, in: node)
    }

    // MARK: Ending

    /// Cancels whatever the attempt has started.
    func giveUp(_ attempt: DialAttempt, in node: NodeContext) {
        switch attempt.step {
        case .waiting, .upgrading, .over: return
        case .resolving: node.append(.cancelResolve(request: attempt.link))
        case .reachingRelay:
            _ = withdraw(.circuit, attempt.link, in: node)
        case .dialling:
            guard node.expectedLinks.removeValue(forKey: attempt.link) == nil else {
                return node.append(.link(attempt.link, .close(.cancelled)))
            }
            // The relay has not answered yet.
            circuits?.cancelCircuit(link: attempt.link, in: node)
        }
    }

    /// Ends an attempt: reports its result, lets the next one start at once if this one failed, and holds the address back for a while.
    func finish(_ attempt: DialAttempt, _ result: DialOutcome.Result, in node: NodeContext) {
        guard !attempt.isOver, let dial = dials[attempt.key] else { return }
        note(result, of: attempt, in: dial, in: node)
        byLink[attempt.link] = nil
        attempt.step = .over
        switch result {
        case .connected: backoff.clear(attempt.peer, attempt.address)
        case .cancelled: break
        default:
            if attempt.policy.backoff == .kept { backoff.failed(attempt.peer, attempt.address, at: node.now) }
            dial.nextStart[attempt.group.rawValue] = node.now
        }
    }

    func outcome(of attempt: DialAttempt, _ result: DialOutcome.Result, in node: NodeContext) -> DialOutcome {
        let since = attempt.isWaiting ? node.now : attempt.startedAt
        return DialOutcome(
            peer: attempt.peer, address: attempt.address, result: result, took: node.now - since, peerConnection: attempt.peerConnection)
    }

    private func note(_ result: DialOutcome.Result, of attempt: DialAttempt, in dial: PeerDial, in node: NodeContext) {
        let outcome = outcome(of: attempt, result, in: node)
        dial.outcomes.append(outcome)
        // What comes of a probe concerns nobody but who asked.
        if attempt.policy.purpose == .use { node.emit(.dialAttempt(outcome)) }
    }
}
