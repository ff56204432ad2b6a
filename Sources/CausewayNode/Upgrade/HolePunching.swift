import CausewayConnection
import CausewayIdentity

/// Hole punching over TCP (relay/DCUtR.md, `/libp2p/dcutr`): both sides of a relayed connection dial each other at the same time, from the
/// ports that the other dials, so that the NATs between them take it for dials of their own hosts.
///
///     initiator   connecting --CONNECT--> waiting --half a round trip--> dialling --connected--> direct
///                     ^                                                     |
///                     +---------------------- next attempt -----------------+
///     other side  listening --CONNECT--> syncing --SYNC--> dialling --connected--> direct
///
/// Who accepted the relayed connection is the initiator. In the handshakes of a connection that both have dialled it is the server, and the
/// other side the client. Each also dials as any dialler does, from another port: the initiator at once where the remote says that it can
/// be reached, and both together with the hole punch. That costs little, and is the only dial with clear roles that reaches a listener
/// whose NAT lets it in: for the listener, whoever dials is the client.
final class HolePunching: DirectUpgrading {
    static var protocolID: [UInt8] { [UInt8](utf8: "/libp2p/dcutr") }

    /// The attempts that a remote has begun on one connection.
    private final class Heard {
        let link: UInt32
        var count = 0
        var spanEnds = Instant(nanoseconds: 0)

        init(_ link: UInt32) { self.link = link }
    }

    private let limits: HolePunchLimits
    private let filter: HearsayFilter
    private var punches: [HolePunch] = []
    private var heard: [Heard] = []

    init(_ limits: HolePunchLimits, filter: HearsayFilter) {
        self.limits = limits
        self.filter = filter
    }

    var served: [ProtocolTable.Entry] { [ProtocolTable.Entry(name: Self.protocolID, owner: .node, allowsLimited: true)] }

    var nextDeadline: Instant {
        var soonest = Instant.distantFuture
        for punch in punches { soonest = min(soonest, punch.nextDeadline) }
        return soonest
    }

    var punchCount: Int { punches.count }

    // MARK: The initiator

    var circuitForm: Multiaddr? { nil }

    func turn(on link: ConnectedLink) -> UpgradeTurn { link.isInbound ? .first : .never }

    func isSpoken(by peer: PeerID, in node: NodeContext) -> Bool { node.peers.speaks(peer, Self.protocolID) }

    func upgrade(_ link: ConnectedLink, in node: NodeContext) {
        guard punch(with: link.peer, isInitiator: true) == nil else { return }
        guard punches.count < limits.punches else {
            return node.upgradeEnded(link.peer, .limit(.pendingConnections, value: UInt64(limits.punches)))
        }
        let punch = HolePunch(link, isInitiator: true, now: node.now, deadline: node.now + limits.exchangeTime)
        punches.append(punch)
        dialDirectly(punch, in: node)
        begin(punch, in: node)
    }

    /// Dials the addresses that the remote advertises, while the hole punch goes on.
    private func dialDirectly(_ punch: HolePunch, in node: NodeContext) {
        var promising: [Multiaddr] = []
        for known in node.peers.known(of: punch.peer, now: node.now) where !known.address.isCircuit && !known.address.reach.isLocal {
            promising.append(known.address)
        }
        guard !promising.isEmpty else { return }
        let policy = DialPolicy(promising, .only, origin: .heard, path: .direct)
        punch.request = node.requestConnection(to: punch.peer, policy, within: limits.exchangeTime, for: self)
    }

    func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeContext) {
        for punch in punches where punch.request == request {
            punch.request = nil
            if punch.step == .dialledDirectly, link == nil { end(punch, outcomes.first?.result ?? .unsupported, in: node) }
        }
    }

    /// Begins an attempt.
    private func begin(_ punch: HolePunch, in node: NodeContext) {
        guard let link = node.connections[punch.link.id], !link.isClosing else { return end(punch, .failed(.link(errno: 0)), in: node) }
        punch.deadline = node.now + limits.exchangeTime
        let offer = HolePunchOffer(for: link, filter, limit: limits.addresses, in: node)
        guard !offer.addresses.isEmpty else {
            punch.step = .dialledDirectly
            return punch.request == nil ? end(punch, .unsupported, in: node) : ()
        }
        punch.attempt += 1
        punch.offer = offer
        punch.dials = []
        punch.inbox = MessageInbox()
        punch.step = .connecting
        punch.startedAt = node.now
        punch.sentAt = node.now
        let stream = node.openStream(on: link.id, [Self.protocolID], for: self)
        punch.stream = stream
        node.send(HolePunchMessage(.connect, offer.addresses).framed, on: stream)
    }

    // MARK: The other side

    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let link = node.connections[stream.link], link.isRelayed, !link.isInbound, mayBegin(link, in: node) else {
            return node.reset(stream)
        }
        // The initiator has given up the attempt before.
        if let last = punch(with: link.peer, isInitiator: false) { stop(last, winner: nil, in: node) }
        guard punches.count < limits.punches else { return node.reset(stream) }
        punches.append(HolePunch(link, isInitiator: false, stream: stream, now: node.now, deadline: node.now + limits.exchangeTime))
    }

    private func mayBegin(_ link: ConnectedLink, in node: NodeContext) -> Bool {
        var known: Heard?
        for one in heard where one.link == link.id { known = one }
        let one = known ?? Heard(link.id)
        if known == nil { heard.append(one) }
        if node.now >= one.spanEnds {
            one.spanEnds = node.now + limits.heardSpan
            one.count = 0
        }
        one.count += 1
        return one.count <= limits.heardAttempts
    }

    func linkClosed(_ link: ConnectedLink, in node: NodeContext) { heard.removeAll { $0.link == link.id } }

    // MARK: Messages

    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {
        guard let punch = punch(on: stream) else { return }
        punch.inbox.add(bytes)
        do throws(HolePunchFault) {
            while punch.stream == stream, let message = punch.inbox.next(limit: limits.messageSize) {
                try received(HolePunchMessage(message), of: punch, on: stream, in: node)
            }
            if let fault = punch.inbox.fault { throw fault == .tooLong ? .messageTooLong : .malformed }
        } catch {
            end(punch, .failed(.peerFault(.holePunching, code: error.rawValue)), in: node)
        }
    }

    private func received(
        _ message: HolePunchMessage, of punch: HolePunch, on stream: StreamKey, in node: NodeContext
    ) throws(HolePunchFault) {
        switch (message.kind, punch.step) {
        case (.connect, .connecting):
            try takeAddresses(message, of: punch, in: node)
            node.send(HolePunchMessage(.sync).framed, on: stream)
            conclude(punch, in: node)
            punch.step = .waiting
            // SYNC takes as long as the answer took, half of the round trip. Then both SYNs leave at once.
            punch.deadline = node.now + Interval(nanoseconds: (node.now - punch.sentAt).nanoseconds / 2)
        case (.connect, .listening):
            try takeAddresses(message, of: punch, in: node)
            let offer = HolePunchOffer(for: punch.link, filter, limit: limits.addresses, in: node)
            guard !offer.addresses.isEmpty else { return end(punch, .unsupported, in: node) }
            punch.offer = offer
            punch.step = .syncing
            node.send(HolePunchMessage(.connect, offer.addresses).framed, on: stream)
        case (.sync, .syncing):
            conclude(punch, in: node)
            dial(punch, for: limits.answerTime, in: node)
        default: throw .unexpectedType
        }
    }

    private func takeAddresses(_ message: HolePunchMessage, of punch: HolePunch, in node: NodeContext) throws(HolePunchFault) {
        punch.remote = []
        for named in message.addresses where punch.remote.count < limits.addresses {
            if let other = named.peerID, other != punch.peer { continue }
            let address = named.withoutPeerID
            guard address.isPunchable, filter.admits(address, in: node), !punch.remote.contains(address), !isOwn(address, in: node) else {
                continue
            }
            punch.remote.append(address)
        }
        if punch.remote.isEmpty { throw .noAddress }
    }

    /// Hosts of two networks may have one private address. Behind it is this node, then.
    private func isOwn(_ address: Multiaddr, in node: NodeContext) -> Bool {
        for one in node.addresses.all where one.address == address { return true }
        return false
    }

    private func conclude(_ punch: HolePunch, in node: NodeContext) {
        if let stream = punch.stream { node.conclude(stream) }
        punch.stream = nil
    }

    func finished(_ stream: StreamKey, in node: NodeContext) {
        guard let punch = punch(on: stream) else { return }
        end(punch, .failed(.peerFault(.holePunching, code: HolePunchFault.endedEarly.rawValue)), in: node)
    }

    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) {
        guard let punch = punch(on: stream) else { return }
        punch.stream = nil
        switch error {
        case .connection(let error): end(punch, .failed(error), in: node)
        case .unsupportedProtocol: end(punch, .failed(.noCommonProtocol(.holePunching)), in: node)
        default: end(punch, .failed(.peerFault(.holePunching, code: HolePunchFault.endedEarly.rawValue)), in: node)
        }
    }

    // MARK: Dials

    private func dial(_ punch: HolePunch, for time: Interval, in node: NodeContext) {
        punch.step = .dialling
        punch.deadline = node.now + time
        // The last attempt is for remotes that have the roles the wrong way round: go-libp2p before 0.41.
        let isServer = punch.isInitiator && punch.attempt < limits.attempts
        for address in punch.remote {
            let port = punch.offer?.port(toward: address)
            punch.dials.append(HolePunch.Dial(address, as: isServer ? .simultaneousServer : .simultaneousClient, from: port))
            punch.dials.append(HolePunch.Dial(address, as: .dialler, from: nil))
        }
        for dial in punch.dials { start(dial, of: punch, in: node) }
    }

    private func start(_ dial: HolePunch.Dial, of punch: HolePunch, in node: NodeContext) {
        dial.repeatAt = .distantFuture
        dial.link = node.nextLink()
        node.expectLink(
            dial.link, remoteAddress: dial.address, localAddress: dial.address, path: .direct(.tcp), carrier: nil,
            isInbound: dial.role == .simultaneousServer)
        node.append(.dial(link: dial.link, DialTarget(dial.address, expecting: punch.peer, from: dial.port, as: dial.role)))
    }

    func linkFailed(_ link: UInt32, _ result: DialOutcome.Result, in node: NodeContext) {
        guard let (punch, dial) = dial(of: link) else { return }
        dial.link = 0
        dial.result = result
        if case .failed(.link) = result, dial.repetitions < limits.redials {
            dial.repetitions += 1
            dial.repeatAt = node.now + limits.redialPause
        }
        for other in punch.dials where !other.isOver { return }
        attemptFailed(punch, in: node)
    }

    /// A direct connection is open, whoever made it. Dials that have come as far as the remote may count on go on: the remote may have
    /// another one of them open, and of two connections `ConnectionTrimmer` closes the one that both sides agree on.
    func linkOpened(_ link: ConnectedLink, in node: NodeContext) {
        guard !link.isRelayed else { return }
        for punch in punches where punch.peer == link.peer {
            stop(punch, winner: link.id, in: node)
            if punch.isInitiator { node.upgradeEnded(punch.peer, .connected) }
        }
    }

    private func attemptFailed(_ punch: HolePunch, in node: NodeContext) {
        if punch.isInitiator, punch.attempt < limits.attempts {
            report(punch, winner: nil, in: node)
            giveUpDials(of: punch, in: node)
            return begin(punch, in: node)
        }
        let result = punch.remote.first.map { punch.result(of: $0, winner: nil) } ?? .failed(.timedOut(.holePunching))
        stop(punch, winner: nil, in: node)
        if punch.isInitiator { node.upgradeEnded(punch.peer, result) }
    }

    // MARK: Ending

    func advance(in node: NodeContext) {
        for punch in punches {
            for dial in punch.dials where dial.repeatAt <= node.now { start(dial, of: punch, in: node) }
            guard punch.deadline <= node.now else { continue }
            switch punch.step {
            case .waiting: dial(punch, for: limits.attemptTime, in: node)
            case .dialling: attemptFailed(punch, in: node)
            case .connecting, .listening, .syncing: end(punch, .failed(.timedOut(.holePunching)), in: node)
            case .dialledDirectly: end(punch, .failed(.timedOut(.transport)), in: node)
            }
        }
    }

    func shutdown(in node: NodeContext) { for punch in punches { stop(punch, winner: nil, in: node) } }

    /// Ends a hole punch before anything was dialled.
    private func end(_ punch: HolePunch, _ result: DialOutcome.Result, in node: NodeContext) {
        // That this side has no address to offer is no attempt.
        if result != .unsupported { node.emit(.dialAttempt(outcome(of: punch, punch.link.remoteAddress.withoutPeerID, result, in: node))) }
        stop(punch, winner: nil, in: node)
        if punch.isInitiator { node.upgradeEnded(punch.peer, result) }
    }

    /// Lets go of a hole punch. `winner`: the direct connection.
    private func stop(_ punch: HolePunch, winner: UInt32?, in node: NodeContext) {
        punches.remove(punch)
        if let stream = punch.stream { node.reset(stream) }
        report(punch, winner: winner, in: node)
        guard let winner else { return giveUpDials(of: punch, in: node) }
        for dial in punch.dials where dial.link != 0 && dial.link != winner { node.append(.link(dial.link, .cancelDial)) }
    }

    private func giveUpDials(of punch: HolePunch, in node: NodeContext) {
        for dial in punch.dials where dial.link != 0 {
            _ = node.expectedLinks.removeValue(forKey: dial.link)
            node.append(.link(dial.link, .close(.cancelled)))
        }
        punch.dials = []
    }

    private func report(_ punch: HolePunch, winner: UInt32?, in node: NodeContext) {
        guard !punch.dials.isEmpty else { return }
        for address in punch.remote {
            node.emit(.dialAttempt(outcome(of: punch, address, punch.result(of: address, winner: winner), in: node)))
        }
    }

    private func outcome(
        of punch: HolePunch, _ address: Multiaddr, _ result: DialOutcome.Result, in node: NodeContext
    ) -> DialOutcome {
        DialOutcome(peer: punch.peer, address: address, result: result, took: node.now - punch.startedAt, isInbound: !punch.isInitiator)
    }

    // MARK: Looking up

    private func punch(on stream: StreamKey) -> HolePunch? {
        for punch in punches where punch.stream == stream { return punch }
        return nil
    }

    private func punch(with peer: PeerID, isInitiator: Bool) -> HolePunch? {
        for punch in punches where punch.isInitiator == isInitiator && punch.peer == peer { return punch }
        return nil
    }

    private func dial(of link: UInt32) -> (HolePunch, HolePunch.Dial)? {
        for punch in punches { for dial in punch.dials where dial.link == link { return (punch, dial) } }
        return nil
    }
}
