import CausewayConnection
import CausewayIdentity

/// Reaches peers: takes requests, tries several addresses of a peer in parallel in a sensible order, and reports the result for each.
///
/// All requests for one peer share one `PeerDial`, unless they want a connection of their own. `CircuitDialing` makes a circuit when its
/// relay is connected, which takes a dial of its own.
final class Dialer: NodeProtocol, AddressDialing {
    /// Bound: how often one `/dnsaddr` record may lead to a further one.
    static let nameLevels = 4
    /// Bound: addresses of one request in all, which its names may lead to.
    static let addressLimit = 100
    /// How long relayed addresses wait for direct ones, and one address for the one before it (RFC 8305; go-libp2p's numbers).
    static let relayedDelay = Interval.milliseconds(500)
    static let stagger = Interval.milliseconds(250)
    static let localStagger = Interval.milliseconds(30)

    let transports: DialTransports
    let filter: HearsayFilter
    var circuits: (any CircuitDialing)?
    /// Whether relayed connections may become direct ones by WebRTC.
    var upgrades = false
    /// By `PeerDial.key`.
    var dials = BytesTable<PeerDial>()
    /// In the order in which they started.
    var order: [PeerDial] = []
    /// The running attempts, by the number of the link that each is to become.
    var byLink = Table<UInt32, DialAttempt>()
    var backoff = DialBackoff()
    #if !hasFeature(Embedded)
        var pace = HearsayPace()
    #endif
    /// Answers of relays' dials that have ended, for the circuits that wait for them.
    private var relayAnswers: [DialRequest] = []
    private(set) var nextDeadline = Instant.distantFuture

    init(transports: DialTransports, allowsLocalHearsay: Bool) {
        self.transports = transports
        filter = HearsayFilter(allowsLocal: allowsLocalHearsay, looksNamesUp: !transports.contains(.hostNames))
    }

    // MARK: Requests

    func connect(request: UInt32, peer: PeerID, addresses: [Multiaddr], allowsLimited: Bool, in node: NodeContext) {
        let isOneCircuit = addresses.count == 1 && addresses[0].transport == .circuit
        // A request that names only WebRTC over relays does not want the relayed connection itself.
        var isUpgrade = !addresses.isEmpty
        for address in addresses where !address.isUpgradedCircuit { isUpgrade = false }
        let path: DialPolicy.Path = isUpgrade ? .direct : allowsLimited || isOneCircuit ? .any : .unlimited
        let policy = DialPolicy(addresses, origin: .named, path: path)
        connect(DialRequest(.application, request, peer, policy, deadline: node.now + node.limits.dialTime), in: node)
    }

    func connect(_ request: DialRequest, in node: NodeContext) {
        begin(request, in: node)
        settle(in: node)
    }

    func cancel(request: UInt32, in node: NodeContext) -> Bool {
        guard withdraw(.application, request, in: node) else { return false }
        settle(in: node)
        return true
    }

    /// Withdraws a request. If it was the last one for its peer, ends everything that goes on to reach the peer.
    func withdraw(_ asker: DialRequest.Asker, _ number: UInt32, in node: NodeContext) -> Bool {
        for dial in order {
            for index in dial.requests.indices where dial.requests[index].isOf(asker, number) {
                dial.requests.remove(at: index)
                if asker == .application { node.answer(number, .cancelled) }
                if dial.requests.isEmpty { end(dial, in: node) }
                return true
            }
        }
        return false
    }

    func machineChanged(in node: NodeContext) {
        backoff.clear()
        #if !hasFeature(Embedded)
            // A page's sockets are its browser's.
            for dial in order { for attempt in dial.attempts where attempt.group != .relayed { beginAgain(attempt, of: dial, in: node) } }
            settle(in: node)
        #endif
    }

    func shutdown(in node: NodeContext) {
        for dial in order {
            for request in dial.requests where request.asker == .application { node.answer(request.number, .cancelled) }
            dial.requests = []
            end(dial, in: node)
        }
        settle(in: node)
    }

    func begin(_ request: DialRequest, in node: NodeContext) {
        let peer = request.peer
        guard peer != node.peerID else {
            var outcomes: [DialOutcome] = []
            for address in request.policy.named {
                let outcome = DialOutcome(peer: peer, address: address.withoutPeerID, result: .ownPeer, took: Interval(nanoseconds: 0))
                outcomes.append(outcome)
                node.emit(.dialAttempt(outcome))
            }
            answer(request, nil, outcomes, in: node)
            return
        }
        let policy = request.policy
        if policy.reuses, let link = fitting(request, in: node) {
            answer(request, link, [], in: node)
            return
        }
        let dial = dial(for: request, in: node)
        dial.requests.append(request)
        for address in policy.named { add(address, to: dial, policy.origin, policy, level: 0, in: node) }
        guard policy.addresses == .known else { return }
        for known in node.peers.known(of: peer, now: node.now) {
            add(known.address, to: dial, known.origin, policy, level: 0, in: node)
        }
    }

    private func dial(for request: DialRequest, in node: NodeContext) -> PeerDial {
        let made = PeerDial(request, now: node.now)
        if let running = dials[made.key] { return running }
        dials[made.key] = made
        order.append(made)
        return made
    }

    private func fitting(_ request: DialRequest, in node: NodeContext) -> ConnectedLink? {
        let path = request.policy.path
        guard let best = node.connections.best(for: request.peer, allowsLimited: path == .any) else { return nil }
        return path == .direct && best.isRelayed ? nil : best
    }

    private func answer(_ request: DialRequest, _ link: ConnectedLink?, _ outcomes: [DialOutcome], in node: NodeContext) {
        request.link = link?.id
        request.outcomes = outcomes
        switch request.asker {
        case .application: node.answer(request.number, link.map { .connected($0.description) } ?? .notConnected(outcomes))
        case .protocol: node.wishes.append(.connected(request))
        case .circuit: relayAnswers.append(request)
        }
    }

    // MARK: Results of links

    func linkOpened(_ link: ConnectedLink, in node: NodeContext) {
        let ours = byLink[link.id]
        if let attempt = ours {
            if link.isRelayed, attempt.address.isUpgradedCircuit, wantsUpgrade(attempt.peer) {
                attempt.step = .upgrading
                attempt.deadline = node.now + node.limits.signallingTime
            } else {
                finish(attempt, .connected, in: node)
            }
        }
        if let attempt = ours, let own = dials[attempt.key], !own.isShared {
            for request in own.requests { answer(request, link, own.outcomes, in: node) }
            own.requests = []
            end(own, in: node)
        }
        if !link.isProbe, let dial = dials[link.peer.bytes] {
            if !link.isRelayed { finishUpgrades(of: dial, .connected, nil, in: node) }
            var left: [DialRequest] = []
            for request in dial.requests {
                if let link = fitting(request, in: node) {
                    answer(request, link, dial.outcomes, in: node)
                } else {
                    left.append(request)
                }
            }
            dial.requests = left
            // If two peers dial each other, both must not give up their own connection for the other's. And a direct connection that is
            // nearly ready is worth more than a circuit.
            if left.isEmpty { end(dial, yields: ours == nil || link.isRelayed, in: node) }
        }
        settle(in: node)
    }

    /// Whether a waiting request does not accept a relayed connection.
    private func wantsUpgrade(_ peer: PeerID) -> Bool {
        guard let dial = dials[peer.bytes] else { return false }
        for request in dial.requests where request.policy.path != .any { return true }
        return false
    }

    private func finishUpgrades(
        of dial: PeerDial, _ result: DialOutcome.Result, _ report: PeerConnectionReport?, in node: NodeContext
    ) {
        for attempt in dial.attempts where attempt.step == .upgrading {
            attempt.peerConnection = report
            finish(attempt, result, in: node)
        }
    }

    /// The upgrade of a circuit to a direct connection failed.
    func upgradeFailed(_ peer: PeerID, _ result: DialOutcome.Result, _ report: PeerConnectionReport?, in node: NodeContext) {
        guard let dial = dials[peer.bytes] else { return }
        finishUpgrades(of: dial, result, report, in: node)
        settle(in: node)
    }

    func linkFailed(_ link: UInt32, _ result: DialOutcome.Result, in node: NodeContext) {
        guard let attempt = byLink[link] else { return }
        finish(attempt, attempt.isGivenUp ? .cancelled : result, in: node)
        settle(in: node)
    }

    // MARK: Time

    func advance(in node: NodeContext) {
        for dial in order {
            for attempt in dial.attempts where !attempt.isOver && attempt.deadline <= node.now {
                let layer = attempt.layer
                giveUp(attempt, in: node)
                finish(attempt, .failed(.timedOut(layer)), in: node)
            }
            expireRequests(of: dial, in: node)
        }
        settle(in: node)
    }

    /// Answers each request that is past its deadline, with the outcomes known by then.
    private func expireRequests(of dial: PeerDial, in node: NodeContext) {
        var late: [DialRequest] = []
        var left: [DialRequest] = []
        for request in dial.requests { if request.deadline <= node.now { late.append(request) } else { left.append(request) } }
        guard !late.isEmpty else { return }
        dial.requests = left
        if left.isEmpty { end(dial, isLate: true, in: node) }
        var outcomes = dial.outcomes
        for attempt in dial.attempts where !attempt.isOver {
            outcomes.append(outcome(of: attempt, attempt.isWaiting ? .cancelled : .failed(.timedOut(attempt.layer)), in: node))
        }
        for request in late { answer(request, nil, outcomes, in: node) }
    }

    /// Starts what may start, ends what is over, and passes on the results of relays' dials.
    func settle(in node: NodeContext) {
        var isSettled = false
        while !isSettled {
            isSettled = true
            let answers = relayAnswers
            relayAnswers = []
            for answer in answers {
                isSettled = false
                relayReached(answer, in: node)
            }
            for dial in order {
                if start(dial, in: node) { isSettled = false }
                guard dial.isOver, dials[dial.key] === dial else { continue }
                isSettled = false
                remove(dial)
                for request in dial.requests { answer(request, nil, dial.outcomes, in: node) }
                dial.requests = []
            }
        }
        updateDeadline(node)
    }

    /// Ends a dial for which no request waits any more. With `yields`, attempts that have come so far that the remote may count on them are
    /// asked to end only if their transport is not connected yet; otherwise they go on.
    func end(_ dial: PeerDial, isLate: Bool = false, yields: Bool = false, in node: NodeContext) {
        for attempt in dial.attempts where !attempt.isOver {
            if yields, attempt.step == .dialling, attempt.group != .relayed || node.expectedLinks[attempt.link] != nil {
                attempt.isGivenUp = true
                node.append(.link(attempt.link, .cancelDial))
                continue
            }
            let result: DialOutcome.Result = isLate && !attempt.isWaiting ? .failed(.timedOut(attempt.layer)) : .cancelled
            giveUp(attempt, in: node)
            finish(attempt, result, in: node)
        }
        if dial.isOver { remove(dial) }
    }

    private func remove(_ dial: PeerDial) {
        guard dials[dial.key] === dial else { return }
        dials[dial.key] = nil
        order.remove(dial)
    }

    /// When to look at a waiting attempt again. The end of time: when something else ends.
    private func turn(of attempt: DialAttempt, in dial: PeerDial, _ isBlocked: Bool) -> Instant {
        if isBlocked || attempt.isName && attempt.heldUntil == Instant(nanoseconds: 0) { return .distantFuture }
        return attempt.isName ? attempt.heldUntil : max(attempt.heldUntil, dial.nextStart[attempt.group.rawValue])
    }

    private func updateDeadline(_ node: NodeContext) {
        nextDeadline = .distantFuture
        let isFull = byLink.count >= node.limits.dials
        for dial in order {
            for request in dial.requests { nextDeadline = min(nextDeadline, request.deadline) }
            let isBlocked = isFull || dial.active >= node.limits.dialsPerPeer
            for attempt in dial.attempts where !attempt.isOver {
                nextDeadline = min(nextDeadline, attempt.isWaiting ? turn(of: attempt, in: dial, isBlocked) : attempt.deadline)
            }
        }
    }
}
