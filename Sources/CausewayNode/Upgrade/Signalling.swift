public import CausewayConnection
public import CausewayIdentity

/// Signalling of private WebRTC (webrtc/webrtc.md): relayed connections carry the descriptions of direct ones.
///
/// The side that dialled the relayed connection makes the offer; the other side, if none comes.
///
///     offerer    opening --stream ready--> describing --described--> awaiting --answer--> trickling --connected--> link
///     answerer   awaiting --offer--> describing --described--> trickling --connected--> link
///
/// Anything else ends the attempt.
public final class Signalling: PeerConnectionSignalling {
    static var protocolID: [UInt8] { [UInt8](utf8: "/webrtc-signaling/0.0.1") }

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
        /// How far that peer connection has come, if the shell says so.
        var report: PeerConnectionReport?

        init(_ link: UInt32, _ stream: StreamKey, _ peer: PeerID, isOfferer: Bool, in node: NodeContext) {
            self.link = link
            self.stream = stream
            self.peer = peer
            self.isOfferer = isOfferer
            startedAt = node.now
            deadline = node.now + node.limits.signallingTime
            step = isOfferer ? .opening : .awaiting
        }
    }

    private let stunServers: [Multiaddr]
    private var sessions: [Session] = []
    /// The relayed connections on which the remote has begun at least once, so that it will again.
    private var offered: [UInt32] = []

    /// - Parameter stunServers: those to ask for public addresses, `/ip4/…/udp/…`, beside those of connected peers.
    public init(stunServers: [Multiaddr] = []) { self.stunServers = stunServers }

    public var served: [ProtocolTable.Entry] { [ProtocolTable.Entry(name: Self.protocolID, owner: .node, allowsLimited: true)] }

    public var nextDeadline: Instant {
        var soonest = Instant.distantFuture
        for session in sessions { soonest = min(soonest, session.deadline) }
        return soonest
    }

    var sessionCount: Int { sessions.count }

    // MARK: Starting

    public var circuitForm: Multiaddr? { .webRTC }

    /// Whoever dialled. A remote that only wanted to be relayed does not, so the other side takes its place.
    public func turn(on link: ConnectedLink) -> UpgradeTurn {
        guard link.isInbound else { return .first }
        return offered.contains(link.id) ? .never : .second
    }

    public func isSpoken(by peer: PeerID, in node: NodeContext) -> Bool { node.peers.speaks(peer, Self.protocolID) }

    public func upgrade(_ link: ConnectedLink, in node: NodeContext) {
        let peer = link.peer
        guard session(with: peer, isOfferer: true) == nil else { return }
        guard sessions.count < node.limits.signallings else {
            return failed(peer, .limit(.pendingConnections, value: UInt64(node.limits.signallings)), startedAt: node.now, in: node)
        }
        let stream = node.openStream(on: link.id, [Self.protocolID], for: self)
        sessions.append(Session(node.nextLink(), stream, peer, isOfferer: true, in: node))
    }

    public func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let session = session(on: stream), session.step == .opening else { return }
        session.step = .describing
        session.isBegun = true
        node.append(.peerConnection(link: session.link, .offer(stunServers: STUNServers.list(stunServers, in: node))))
    }

    public func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let link = node.connections[stream.link], sessions.count < node.limits.signallings,
            session(with: link.peer, isOfferer: false) == nil
        else {
            node.reset(stream)
            return
        }
        sessions.append(Session(node.nextLink(), stream, link.peer, isOfferer: false, in: node))
        if !offered.contains(link.id) { offered.append(link.id) }
    }

    public func linkClosed(_ link: ConnectedLink, in node: NodeContext) { offered.removeAll { $0 == link.id } }

    // MARK: The remote

    public func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {
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

    private func received(_ message: SignallingMessage, in session: Session, in node: NodeContext) throws(SignallingFault) {
        switch (message.kind, session.step, session.isOfferer) {
        case (.offer, .awaiting, false):
            session.step = .describing
            session.isBegun = true
            node.append(.peerConnection(link: session.link, .answer(message.data, stunServers: STUNServers.list(stunServers, in: node))))
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
    public func finished(_ stream: StreamKey, in node: NodeContext) {
        guard let session = session(on: stream), session.step != .trickling else { return }
        end(session, .peerFault(.signalling, code: SignallingFault.endedEarly.rawValue), in: node)
    }

    public func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) {
        guard let session = session(on: stream), error != nil || session.step != .trickling else { return }
        switch error {
        case .connection(let error): end(session, error, in: node)
        case .unsupportedProtocol: end(session, .noCommonProtocol(.signalling), in: node)
        default: end(session, .peerFault(.signalling, code: SignallingFault.endedEarly.rawValue), in: node)
        }
    }

    // MARK: The shell

    public func described(_ link: UInt32, _ description: [UInt8], in node: NodeContext) {
        guard let session = session(of: link), session.step == .describing else { return }
        let message = SignallingMessage(session.isOfferer ? .offer : .answer, description)
        session.step = session.isOfferer ? .awaiting : .trickling
        node.send(message.framed, on: session.stream)
    }

    public func gathered(_ link: UInt32, _ candidate: [UInt8], in node: NodeContext) {
        guard let session = session(of: link), session.step == .awaiting || session.step == .trickling else { return }
        node.send(SignallingMessage(.candidate, candidate).framed, on: session.stream)
    }

    public func peerConnected(_ link: UInt32, in node: NodeContext) {
        guard let session = session(of: link), session.step == .trickling, let relayed = node.connections[session.stream.link] else {
            node.append(.peerConnection(link: link, .close))
            return
        }
        sessions.remove(session)
        node.upgradeEnded(session.peer, .connected)
        node.conclude(session.stream)
        let remote = session.isOfferer ? Self.address(over: relayed.remoteAddress, session.peer) : Self.inbound(session.peer)
        node.expectLink(
            link, remoteAddress: remote, localAddress: .webRTC, path: .direct(.webRTC), carrier: nil, isInbound: !session.isOfferer)
        node.append(.peerConnection(link: link, .carry(session.peer, relayed.publicKey)))
        #if !hasFeature(Embedded)
            // What was done beside ICE has its cost, so both applications hear of it.
            guard let report = session.report, report.hardNAT?.part != nil else { return }
            let outcome = DialOutcome(
                peer: session.peer, address: remote, result: .connected, took: node.now - session.startedAt,
                isInbound: !session.isOfferer, peerConnection: report)
            node.emit(.dialAttempt(outcome))
        #endif
    }

    public func peerProgressed(_ link: UInt32, _ report: PeerConnectionReport, in node: NodeContext) {
        session(of: link)?.report = report
    }

    #if !hasFeature(Embedded)
        public func progress(with peer: PeerID) -> PeerConnectionReport? {
            guard let session = session(with: peer, isOfferer: true) ?? session(with: peer, isOfferer: false) else { return nil }
            return session.report ?? PeerConnectionReport(.signalling)
        }
    #endif

    public func peerFailed(_ link: UInt32, _ fault: SignallingFault, in node: NodeContext) {
        guard let session = session(of: link) else { return }
        end(session, .peerFault(.signalling, code: fault.rawValue), in: node)
    }

    // MARK: Ending

    public func advance(in node: NodeContext) {
        for session in sessions where session.deadline <= node.now { end(session, .timedOut(.signalling), in: node) }
    }

    private func end(_ session: Session, _ error: ConnectionError, in node: NodeContext) {
        sessions.remove(session)
        node.reset(session.stream)
        if session.isBegun { node.append(.peerConnection(link: session.link, .close)) }
        guard !session.isOfferer else {
            return failed(session.peer, error, startedAt: session.startedAt, report: session.report, in: node)
        }
        let outcome = DialOutcome(
            peer: session.peer, address: Self.inbound(session.peer), result: .failed(error), took: node.now - session.startedAt,
            isInbound: true, peerConnection: session.report)
        node.emit(.dialAttempt(outcome))
    }

    private func failed(
        _ peer: PeerID, _ error: ConnectionError, startedAt: Instant, report: PeerConnectionReport? = nil, in node: NodeContext
    ) {
        node.upgradeEnded(peer, .failed(error), report)
        guard let link = node.connections.best(for: peer, allowsLimited: true) else { return }
        let outcome = DialOutcome(
            peer: peer, address: Self.address(over: link.remoteAddress, peer), result: .failed(error), took: node.now - startedAt,
            peerConnection: report)
        node.emit(.dialAttempt(outcome))
    }

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
