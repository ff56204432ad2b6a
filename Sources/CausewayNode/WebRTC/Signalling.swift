public import CausewayConnection
public import CausewayIdentity

/// Signalling of private WebRTC (webrtc/webrtc.md): relayed connections carry the descriptions of direct ones, which then replace them.
///
/// The side that dialled the relayed connection makes the offer, as soon as identify has named this protocol.
///
///     offerer    opening --stream ready--> describing --described--> awaiting --answer--> trickling --connected--> link
///     answerer   awaiting --offer--> describing --described--> trickling --connected--> link
///
/// Anything else ends the attempt. The relayed connection stays, and the next attempt follows after 10, 20, 40 ... 300 s.
public final class Signalling: PeerConnectionSignalling {
    static var protocolID: [UInt8] { [UInt8](utf8: "/webrtc-signaling/0.0.1") }
    private static let retry = Interval.seconds(10)
    private static let pause = Interval.seconds(1)
    private static let longestRetry = Interval.seconds(300)

    private enum Step { case opening, awaiting, describing, trickling }

    private final class Session {
        let link: UInt32
        let stream: StreamKey
        let peer: PeerID
        let isOfferer: Bool
        let startedAt: Instant
        let deadline: Instant
        var step: Step
        var inbox = MessageInbox()
        var candidates = 0
        /// Whether the shell has a peer connection for the attempt.
        var isBegun = false

        init(_ link: UInt32, _ stream: StreamKey, _ peer: PeerID, isOfferer: Bool, in node: NodeState) {
            self.link = link
            self.stream = stream
            self.peer = peer
            self.isOfferer = isOfferer
            startedAt = node.now
            deadline = node.now + node.limits.signallingTime
            step = isOfferer ? .opening : .awaiting
        }
    }

    /// Failed upgrade attempts to this peer since it last had a direct connection.
    private final class Failures {
        let peer: PeerID
        var count: UInt64 = 0
        var retryAt = Instant.distantFuture

        init(_ peer: PeerID) { self.peer = peer }
    }

    private var sessions: [Session] = []
    private var failures: [Failures] = []

    public init() {}

    public var served: [ProtocolTable.Entry] { [ProtocolTable.Entry(name: Self.protocolID, owner: .node, allowsLimited: true)] }

    public var nextDeadline: Instant {
        var soonest = Instant.distantFuture
        for session in sessions { soonest = min(soonest, session.deadline) }
        for one in failures { soonest = min(soonest, one.retryAt) }
        return soonest
    }

    var sessionCount: Int { sessions.count }

    // MARK: Starting

    public func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeState) {
        guard link.isRelayed, !link.isInbound else { return }
        guard session(with: peer, isOfferer: true) == nil else { return }
        if let failed = failures(of: peer) {
            if failed.count > 0 { return node.upgradeFailed(peer, .backedOff) }
            forget(peer)
        }
        _ = offer(to: peer, in: node)
    }

    /// Returns false if there is nothing to upgrade.
    private func offer(to peer: PeerID, in node: NodeState) -> Bool {
        guard let link = node.connections.best(for: peer, allowsLimited: true), link.isRelayed, !link.isInbound else { return false }
        guard node.peers.speaks(peer, Self.protocolID) else {
            node.upgradeFailed(peer, .failed(.noCommonProtocol(.signalling)))
            return false
        }
        guard sessions.count < node.limits.signallings else {
            failed(peer, .limit(.pendingConnections, value: UInt64(node.limits.signallings)), startedAt: node.now, in: node)
            return true
        }
        let stream = node.openStream(on: link.id, [Self.protocolID], for: self)
        sessions.append(Session(node.nextLink(), stream, peer, isOfferer: true, in: node))
        return true
    }

    public func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState) {
        guard let session = session(on: stream), session.step == .opening else { return }
        session.step = .describing
        session.isBegun = true
        node.append(.peerConnection(link: session.link, .offer))
    }

    public func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState) {
        guard let link = node.connections[stream.link], sessions.count < node.limits.signallings,
            session(with: link.peer, isOfferer: false) == nil
        else {
            node.reset(stream)
            return
        }
        sessions.append(Session(node.nextLink(), stream, link.peer, isOfferer: false, in: node))
    }

    // MARK: The remote

    public func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeState) {
        guard let session = session(on: stream) else { return }
        session.inbox.add(bytes)
        do throws(SignallingFault) {
            while self.session(on: stream) != nil, let message = session.inbox.next(limit: node.limits.signallingMessage) {
                try received(SignallingMessage(message), in: session, in: node)
            }
            if let fault = session.inbox.fault { throw fault == .tooLong ? .messageTooLong : .malformed }
        } catch {
            end(session, .peerFault(.signalling, code: error.rawValue), in: node)
        }
    }

    private func received(_ message: SignallingMessage, in session: Session, in node: NodeState) throws(SignallingFault) {
        switch (message.kind, session.step, session.isOfferer) {
        case (.offer, .awaiting, false):
            session.step = .describing
            session.isBegun = true
            node.append(.peerConnection(link: session.link, .answer(message.data)))
        case (.answer, .awaiting, true):
            session.step = .trickling
            node.append(.peerConnection(link: session.link, .accept(message.data)))
        case (.candidate, .trickling, _), (.candidate, .describing, false):
            session.candidates += 1
            if session.candidates > node.limits.signallingCandidates { throw .tooManyCandidates }
            if !message.isEndOfCandidates { node.append(.peerConnection(link: session.link, .candidate(message.data))) }
        default: throw .unexpectedType
        }
    }

    /// Once both descriptions have arrived, the remote may finish before us.
    public func finished(_ stream: StreamKey, in node: NodeState) {
        guard let session = session(on: stream), session.step != .trickling else { return }
        end(session, .peerFault(.signalling, code: SignallingFault.endedEarly.rawValue), in: node)
    }

    public func closed(_ stream: StreamKey, error: StreamError?, in node: NodeState) {
        guard let session = session(on: stream), error != nil || session.step != .trickling else { return }
        switch error {
        case .connection(let error): end(session, error, in: node)
        case .unsupportedProtocol: end(session, .noCommonProtocol(.signalling), in: node)
        default: end(session, .peerFault(.signalling, code: SignallingFault.endedEarly.rawValue), in: node)
        }
    }

    // MARK: The shell

    public func described(_ link: UInt32, _ description: [UInt8], in node: NodeState) {
        guard let session = session(of: link), session.step == .describing else { return }
        let message = SignallingMessage(session.isOfferer ? .offer : .answer, description)
        session.step = session.isOfferer ? .awaiting : .trickling
        node.send(message.framed, on: session.stream)
    }

    public func gathered(_ link: UInt32, _ candidate: [UInt8], in node: NodeState) {
        guard let session = session(of: link), session.step == .awaiting || session.step == .trickling else { return }
        node.send(SignallingMessage(.candidate, candidate).framed, on: session.stream)
    }

    public func peerConnected(_ link: UInt32, in node: NodeState) {
        guard let session = session(of: link), session.step == .trickling, let relayed = node.connections[session.stream.link] else {
            node.append(.peerConnection(link: link, .close))
            return
        }
        sessions.remove(session)
        forget(session.peer)
        node.conclude(session.stream)
        let remote = session.isOfferer ? Self.address(over: relayed.remoteAddress, session.peer) : Self.inbound(session.peer)
        node.expectLink(
            link, remoteAddress: remote, localAddress: .webRTC, path: .direct(.webRTC), carrier: nil, isInbound: !session.isOfferer)
        node.append(.peerConnection(link: link, .carry(session.peer, relayed.publicKey)))
    }

    public func peerFailed(_ link: UInt32, _ fault: SignallingFault, in node: NodeState) {
        guard let session = session(of: link) else { return }
        end(session, .peerFault(.signalling, code: fault.rawValue), in: node)
    }

    // MARK: Ending

    public func linkClosed(_ link: ConnectedLink, in node: NodeState) {
        let peer = link.peer
        // Without a relayed connection that we dialled, there is nothing to repeat.
        guard let best = node.connections.best(for: peer, allowsLimited: true) else { return forget(peer) }
        guard !link.isRelayed, best.isRelayed, !best.isInbound, failures(of: peer) == nil,
            session(with: peer, isOfferer: true) == nil
        else { return }
        // A direct connection that was lost is made again, but sooner if it lasted, and later if it comes and goes. If the peer itself
        // left, the relayed connection is gone, too.
        let wait = node.now - link.openedAt < Self.retry ? Self.retry : Self.pause
        entry(of: peer).retryAt = node.now + wait
    }

    public func advance(in node: NodeState) {
        for session in sessions where session.deadline <= node.now { end(session, .timedOut(.signalling), in: node) }
        for one in failures where one.retryAt <= node.now {
            one.retryAt = .distantFuture
            if !offer(to: one.peer, in: node) { forget(one.peer) }
        }
    }

    private func end(_ session: Session, _ error: ConnectionError, in node: NodeState) {
        sessions.remove(session)
        node.reset(session.stream)
        if session.isBegun { node.append(.peerConnection(link: session.link, .close)) }
        guard !session.isOfferer else { return failed(session.peer, error, startedAt: session.startedAt, in: node) }
        let outcome = DialOutcome(
            peer: session.peer, address: Self.inbound(session.peer), result: .failed(error), took: node.now - session.startedAt,
            isInbound: true)
        node.emit(.dialAttempt(outcome))
    }

    private func failed(_ peer: PeerID, _ error: ConnectionError, startedAt: Instant, in node: NodeState) {
        node.upgradeFailed(peer, .failed(error))
        guard let link = node.connections.best(for: peer, allowsLimited: true) else { return }
        let outcome = DialOutcome(
            peer: peer, address: Self.address(over: link.remoteAddress, peer), result: .failed(error), took: node.now - startedAt)
        node.emit(.dialAttempt(outcome))
        let entry = entry(of: peer)
        entry.retryAt = node.now + Interval(nanoseconds: min(Self.retry.nanoseconds << min(entry.count, 5), Self.longestRetry.nanoseconds))
        entry.count += 1
    }

    private func failures(of peer: PeerID) -> Failures? {
        for one in failures where one.peer == peer { return one }
        return nil
    }

    private func entry(of peer: PeerID) -> Failures {
        if let one = failures(of: peer) { return one }
        let made = Failures(peer)
        failures.append(made)
        return made
    }

    private func forget(_ peer: PeerID) { if let one = failures(of: peer) { failures.remove(one) } }

    private func session(on stream: StreamKey) -> Session? {
        for session in sessions where session.stream == stream { return session }
        return nil
    }

    private func session(of link: UInt32) -> Session? {
        for session in sessions where session.link == link { return session }
        return nil
    }

    private func session(with peer: PeerID, isOfferer: Bool) -> Session? {
        for session in sessions where session.isOfferer == isOfferer && session.peer == peer { return session }
        return nil
    }

    /// The address of a peer that makes an offer. Only its candidates say where it is.
    private static func inbound(_ peer: PeerID) -> Multiaddr { Multiaddr.webRTC.appending(peer) }

    /// `<relay>/p2p-circuit/webrtc/p2p/<peer>`, made from a relayed connection's address.
    private static func address(over relayed: Multiaddr, _ peer: PeerID) -> Multiaddr {
        relayed.withoutPeerID.appending(Multiaddr.webRTC).appending(peer)
    }
}
