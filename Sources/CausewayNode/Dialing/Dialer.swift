import CausewayConnection
import CausewayIdentity

/// Reaches peers: takes requests, tries several addresses of a peer at once in a sensible order, and tells what came of each.
///
/// All requests for one peer share one `PeerDial`. Circuits are made by `CircuitDialing` once their relay is reached, which is a dial of
/// its own.
final class Dialer {
    /// A `/dnsaddr` record may lead to further ones this often, and a request to so many addresses in all.
    static let nameLevels = 4
    static let addressLimit = 100
    /// How long relayed addresses wait for direct ones, and one address for the one before it (RFC 8305; go-libp2p's numbers).
    static let relayedDelay = Interval.milliseconds(500)
    static let stagger = Interval.milliseconds(250)
    static let localStagger = Interval.milliseconds(30)

    let transports: DialTransports
    var circuits: (any CircuitDialing)?
    /// Relayed connections may become direct ones by WebRTC.
    var upgrades = false
    var dials = BytesTable<PeerDial>()
    /// In the order of their beginning.
    var order: [PeerDial] = []
    /// Attempts that are under way, by the link that each is to become.
    var byLink = Table<UInt32, (dial: PeerDial, attempt: DialAttempt)>()
    var byLookup = Table<UInt32, (dial: PeerDial, attempt: DialAttempt)>()
    var lastLookup: UInt32 = 0
    var backoff = DialBackoff()
    /// Dials of relays that are over, for the circuits that wait for them.
    var relayAnswers: [(link: UInt32, relay: ConnectedLink?, outcomes: [DialOutcome])] = []
    private(set) var nextDeadline = Instant.distantFuture

    init(transports: DialTransports) { self.transports = transports }

    // MARK: Requests

    func connect(request: UInt32, peer: PeerID, addresses: [Multiaddr], allowsLimited: Bool, in node: NodeState) {
        let isOneCircuit = addresses.count == 1 && addresses[0].transport == .circuit
        // Who names nothing but WebRTC over relays does not mean the relayed connection.
        let isUpgrade = !addresses.isEmpty && addresses.allSatisfy { $0.isUpgradedCircuit }
        let request = DialRequest(
            origin: .application(request), allowsLimited: allowsLimited || isOneCircuit, directOnly: isUpgrade,
            deadline: node.now + node.limits.dialTime)
        begin(request, peer, addresses, isExplicit: true, in: node)
        settle(in: node)
    }

    func connect(_ asked: ConnectRequest, in node: NodeState) {
        let request = DialRequest(
            origin: .part(request: asked.id, owner: asked.owner), allowsLimited: false, directOnly: true,
            deadline: node.now + node.limits.dialTime)
        begin(request, asked.peer, asked.addresses, isExplicit: true, in: node)
        settle(in: node)
    }

    /// False if no such request waits here.
    func cancel(request: UInt32, in node: NodeState) -> Bool {
        for dial in order {
            guard let index = dial.requests.firstIndex(where: { $0.origin == .application(request) }) else { continue }
            dial.requests.remove(at: index)
            node.answer(request, .cancelled)
            if dial.requests.isEmpty { end(dial, in: node) }
            settle(in: node)
            return true
        }
        return false
    }

    func cancelAll(in node: NodeState) {
        for dial in order {
            for request in dial.requests {
                if case .application(let number) = request.origin { node.answer(number, .cancelled) }
            }
            dial.requests = []
            end(dial, in: node)
        }
        settle(in: node)
    }

    func begin(_ request: DialRequest, _ peer: PeerID, _ addresses: [Multiaddr], isExplicit: Bool, in node: NodeState) {
        guard peer != node.peerID else {
            var outcomes: [DialOutcome] = []
            for address in addresses {
                outcomes.append(DialOutcome(peer: peer, address: address.withoutPeerID, result: .ownPeer, took: Interval(nanoseconds: 0)))
            }
            for outcome in outcomes { node.emit(.dialAttempt(outcome)) }
            answer(request, nil, outcomes, in: node)
            return
        }
        if let link = fitting(request, peer, in: node) {
            answer(request, link, [], in: node)
            return
        }
        let dial: PeerDial
        if let running = dials[peer.bytes] {
            dial = running
        } else {
            dial = PeerDial(peer, now: node.now)
            dials[peer.bytes] = dial
            order.append(dial)
        }
        dial.requests.append(request)
        for address in addresses { add(address, to: dial, isExplicit: isExplicit, level: 0, in: node) }
        for address in node.peers.addresses(of: peer, now: node.now) { add(address, to: dial, isExplicit: false, level: 0, in: node) }
        lookUpNames(dial, in: node)
    }

    private func fitting(_ request: DialRequest, _ peer: PeerID, in node: NodeState) -> ConnectedLink? {
        guard let best = node.connections.best(for: peer, allowsLimited: request.allowsLimited) else { return nil }
        return request.directOnly && best.isRelayed ? nil : best
    }

    private func answer(_ request: DialRequest, _ link: ConnectedLink?, _ outcomes: [DialOutcome], in node: NodeState) {
        switch request.origin {
        case .application(let number):
            if let link { node.answer(number, .connected(link: link.id)) } else { node.answer(number, .notConnected(outcomes)) }
        case .part(let number, let owner):
            node.connectAnswers.append(ConnectAnswer(request: number, owner: owner, link: link?.id, outcomes: outcomes))
        case .circuit(let id): relayAnswers.append((id, link, outcomes))
        }
    }

    // MARK: What came of links

    /// What is known of a link that was dialled here and is not yet open.
    func address(of link: UInt32) -> (remote: Multiaddr, local: Multiaddr)? {
        guard let attempt = byLink[link]?.attempt else { return nil }
        return (attempt.address, attempt.localAddress ?? attempt.address)
    }

    var pendingLinks: [UInt32] { byLink.keys }

    func linked(_ link: UInt32, local: Multiaddr) {
        guard let attempt = byLink[link]?.attempt else { return }
        attempt.localAddress = local
        attempt.isLinked = true
    }

    /// A connection stands, whoever made it.
    func opened(_ link: ConnectedLink, in node: NodeState) {
        var isOurs = false
        if let (dial, attempt) = byLink[link.id] {
            isOurs = true
            if link.isRelayed, attempt.address.isUpgradedCircuit, dial.requests.contains(where: { $0.directOnly || !$0.allowsLimited }) {
                attempt.step = .upgrading
                attempt.deadline = node.now + node.limits.signallingTime
            } else {
                finish(attempt, of: dial, .connected, in: node)
            }
        }
        if let dial = dials[link.peer.bytes] {
            if !link.isRelayed {
                for attempt in dial.attempts where attempt.isUpgrading { finish(attempt, of: dial, .connected, in: node) }
            }
            var left: [DialRequest] = []
            for request in dial.requests {
                if let link = fitting(request, link.peer, in: node) {
                    answer(request, link, dial.outcomes, in: node)
                } else {
                    left.append(request)
                }
            }
            dial.requests = left
            // Two that dial each other must not both give their own connection up for the other's; and a direct one that is
            // nearly there is worth more than a circuit.
            if left.isEmpty { end(dial, sparingLinked: !isOurs || link.isRelayed, in: node) }
        }
        settle(in: node)
    }

    /// A link ended before it was open.
    func closed(_ link: UInt32, _ error: ConnectionError, in node: NodeState) { failed(link, .failed(error), in: node) }

    func circuitFailed(_ failed: FailedCircuit, in node: NodeState) { self.failed(failed.link, failed.result, in: node) }

    /// What was to lead from a circuit to a direct connection did not.
    func upgradeFailed(_ failed: FailedUpgrade, in node: NodeState) {
        guard let dial = dials[failed.peer.bytes] else { return }
        for attempt in dial.attempts where attempt.isUpgrading { finish(attempt, of: dial, failed.result, in: node) }
        settle(in: node)
    }

    func failed(_ link: UInt32, _ result: DialOutcome.Result, in node: NodeState) {
        guard let (dial, attempt) = byLink[link] else { return }
        finish(attempt, of: dial, result, in: node)
        settle(in: node)
    }

    // MARK: Time

    func advance(in node: NodeState) {
        for dial in order {
            for attempt in dial.attempts where !attempt.isOver && attempt.deadline <= node.now {
                let layer = attempt.layer
                giveUp(attempt, in: node)
                finish(attempt, of: dial, .failed(.timedOut(layer)), in: node)
            }
            expireRequests(of: dial, in: node)
        }
        settle(in: node)
    }

    /// A request whose time is over hears what is known by then of each address.
    private func expireRequests(of dial: PeerDial, in node: NodeState) {
        let late = dial.requests.filter { $0.deadline <= node.now }
        guard !late.isEmpty else { return }
        dial.requests.removeAll { $0.deadline <= node.now }
        if dial.requests.isEmpty { end(dial, isLate: true, in: node) }
        var outcomes = dial.outcomes
        for attempt in dial.attempts where !attempt.isOver {
            outcomes.append(outcome(of: attempt, in: dial, attempt.isWaiting ? .cancelled : .failed(.timedOut(attempt.layer)), in: node))
        }
        for request in late { answer(request, nil, outcomes, in: node) }
    }

    /// Starts what may start, ends what is over, hands on what relays' dials brought.
    func settle(in node: NodeState) {
        var isSettled = false
        while !isSettled {
            isSettled = true
            let answers = relayAnswers
            relayAnswers = []
            for answer in answers {
                isSettled = false
                relayReached(answer.link, answer.relay, answer.outcomes, in: node)
            }
            for dial in order {
                if start(dial, in: node) { isSettled = false }
                guard dial.isOver, dials[dial.peer.bytes] === dial else { continue }
                isSettled = false
                remove(dial)
                for request in dial.requests { answer(request, nil, dial.outcomes, in: node) }
                dial.requests = []
            }
        }
        reckon(node)
    }

    /// Nobody waits for the peer any more.
    func end(_ dial: PeerDial, isLate: Bool = false, sparingLinked: Bool = false, in node: NodeState) {
        for attempt in dial.attempts where !attempt.isOver {
            if sparingLinked, attempt.isLinked || node.expectedLinks[attempt.link] != nil { continue }
            let result: DialOutcome.Result = isLate && !attempt.isWaiting ? .failed(.timedOut(attempt.layer)) : .cancelled
            giveUp(attempt, in: node)
            finish(attempt, of: dial, result, in: node)
        }
        if dial.isOver { remove(dial) }
    }

    private func remove(_ dial: PeerDial) {
        guard dials[dial.peer.bytes] === dial else { return }
        dials[dial.peer.bytes] = nil
        order.removeAll { $0 === dial }
    }

    private func reckon(_ node: NodeState) {
        nextDeadline = .distantFuture
        let isFull = active(in: node) >= node.limits.dials
        for dial in order {
            for request in dial.requests { nextDeadline = min(nextDeadline, request.deadline) }
            let isBlocked = isFull || dial.active >= node.limits.dialsPerPeer
            for attempt in dial.attempts where !attempt.isOver {
                let moment = attempt.isWaiting ? (isBlocked ? .distantFuture : dial.nextStart[attempt.group.rawValue]) : attempt.deadline
                nextDeadline = min(nextDeadline, moment)
            }
        }
    }
}
