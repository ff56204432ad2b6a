public import CausewayConnection
public import CausewayIdentity

/// A peer connection that two sides agree on by signalling (RFC 8829; webrtc/webrtc.md): one description each, and candidates as they are
/// found.
///
///     offerer    description --> remote --> accept
///     answerer   remote --> init(answering:) --> description
///
/// Its owner drives `connection` as ever, and passes on the candidates that it tells. They may come and go from the beginning.
public final class SignalledSession {
    public let isOfferer: Bool
    public let connection: PeerConnection
    /// The offer or the answer, for the remote: before any candidate.
    public let description: [UInt8]
    private let agent: ICEAgent
    /// The name of the media section that candidates belong to.
    private let mediaName: [UInt8]
    private var hasRemoteDescription = false
    private var isConnected = false

    /// The channel that an offer has so that there is something to offer (webrtc/webrtc.md). It carries nothing.
    static let firstChannel = [UInt8](utf8: "init")

    /// Makes an offer.
    /// - Parameters:
    ///   - bases: The sockets, at most `ICELimits.sockets`.
    ///   - servers: STUN servers, at most `ICELimits.servers`.
    ///   - secret: 32 random bytes for ICE, used for nothing else.
    ///   - entropy: 32 random bytes for SCTP, used for nothing else.
    ///   - hardNATs: What to do where NATs are hard, if the remote does so, too. nil: nothing.
    public convenience init(
        offeringFrom bases: [LocalBase], servers: [Endpoint], by endpoint: any DTLSEndpoint, secret: [UInt8], entropy: [UInt8],
        hardNATs: HardNATs? = nil, now: Instant
    ) {
        let credentials = ICECredentials(secret: secret)
        let offer = SessionDescription(credentials, fingerprints: [endpoint.fingerprint], setup: .either)
        let agent = Self.agent(.controlling, credentials, bases, servers, secret, hardNATs, now)
        self.init(isOfferer: true, offer, agent, PeerConnection(negotiating: agent, by: endpoint, entropy: entropy), initiates: true)
    }

    /// Answers an offer.
    public convenience init(
        answering text: [UInt8], from bases: [LocalBase], servers: [Endpoint], by endpoint: any DTLSEndpoint, secret: [UInt8],
        entropy: [UInt8], hardNATs: HardNATs? = nil, now: Instant
    ) throws(SDPError) {
        let offer = try Self.read(.offer, text)
        let credentials = ICECredentials(secret: secret)
        let answer = SessionDescription(answering: offer, credentials, fingerprint: endpoint.fingerprint)
        let agent = Self.agent(.controlled, credentials, bases, servers, secret, hardNATs, now)
        let connection = PeerConnection(negotiating: agent, by: endpoint, entropy: entropy)
        self.init(isOfferer: false, answer, agent, connection, initiates: offer.initiation != nil)
        take(offer, as: answer.setup == .active ? .client : .server, now: now)
    }

    /// - Parameter initiates: Whether the description has the INIT chunk: in every offer, and in the answer to one that has it.
    private init(isOfferer: Bool, _ own: SessionDescription, _ agent: ICEAgent, _ connection: PeerConnection, initiates: Bool) {
        var own = own
        own.initiation = initiates ? connection.initiation : nil
        own.largestMessage = UInt64(SCTPLimits().messageBytes)
        own.passesHardNATs = agent.hardNATReport != nil
        self.isOfferer = isOfferer
        self.agent = agent
        self.connection = connection
        description = own.text
        mediaName = own.mediaName
    }

    /// A remote may name whatever it likes, as in a browser. How much is sent there is in `ICELimits`: a check in 50 ms, each seven times,
    /// to 64 candidates at most, and of what is in it the remote chooses its own name and nothing else. `HardNATLimits` says what is sent
    /// to one public address beside that, if the application allows it.
    private static func agent(
        _ role: ICERole, _ credentials: ICECredentials, _ bases: [LocalBase], _ servers: [Endpoint], _ secret: [UInt8],
        _ hardNATs: HardNATs?, _ now: Instant
    ) -> ICEAgent {
        var limits = ICELimits()
        limits.patience = patience
        let agent = ICEAgent(
            role, credentials, bases: bases, servers: servers, secret: secret, now: now, limits: limits, mayCheck: { _ in true })
        if let hardNATs { agent.pass(hardNATs) }
        return agent
    }

    /// Without a path so long after the remote's description, the attempt has failed: browsers wait 15 s. A dial waits as long
    /// (`NodeLimits.dialTime`), so it hears of the failure and does not just end.
    private static let patience = Interval.seconds(12)

    // MARK: The remote

    /// The remote's answer to the offer.
    public func accept(_ text: [UInt8], now: Instant) throws(SDPError) {
        guard isOfferer, !hasRemoteDescription else { return }
        let answer = try Self.read(.answer, text)
        take(answer, as: answer.setup == .active ? .server : .client, now: now)
    }

    private func take(_ remote: SessionDescription, as role: DTLSRole, now: Instant) {
        hasRemoteDescription = true
        agent.setRemote(remote.credentials, isLite: remote.isLite, passesHardNATs: remote.passesHardNATs, now: now)
        for candidate in remote.candidates { agent.add(candidate) }
        // An answerer that repeats the lines it does not know has begun nothing.
        let agreed = remote.initiation == connection.initiation ? nil : remote.initiation
        connection.setRemote(role, .fingerprints(remote.fingerprints), agreed: agreed, now: now)
    }

    private static func read(_ kind: SessionDescription.Kind, _ text: [UInt8]) throws(SDPError) -> SessionDescription {
        var result: Result<SessionDescription, SDPError> = .failure(.noDataChannels)
        text.withUnsafeBytes { bytes in
            do throws(SDPError) { result = .success(try SessionDescription(kind, parsing: bytes)) } catch { result = .failure(error) }
        }
        let description = try result.get()
        guard description.sctpPort == PacketHeader.port else { throw .otherPort }
        return description
    }

    /// A candidate of the remote, as JSON (RTCIceCandidateInit). What cannot be read or used is skipped: others may do.
    public func add(candidate text: [UInt8]) {
        guard let line = (try? JSON(parsing: text))?[Field.candidate]?.string,
            let candidate = line.withUnsafeBytes({ ICECandidate(line: $0) })
        else { return }
        agent.add(candidate)
    }

    /// A candidate of this side for the remote.
    public func text(of candidate: ICECandidate) -> [UInt8] {
        var named = candidate
        named.fragment = agent.local.fragment
        return JSON.object([
            JSON.Member(Field.candidate, .string(named.line)), JSON.Member(Field.mediaName, .string(mediaName)),
            JSON.Member(Field.mediaIndex, .integer(0)), JSON.Member(Field.fragment, .string(agent.local.fragment)),
        ]).bytes
    }

    /// Of RTCIceCandidateInit.
    private enum Field {
        static let candidate = [UInt8](utf8: "candidate")
        static let mediaName = [UInt8](utf8: "sdpMid")
        static let mediaIndex = [UInt8](utf8: "sdpMLineIndex")
        static let fragment = [UInt8](utf8: "usernameFragment")
    }

    // MARK: Progress

    /// The association stands: channels can be opened.
    func connected() {
        isConnected = true
        // A remote that waits for the first channel has seen it, and one that does not care sees it go.
        if isOfferer, let first = try? connection.channels.open(label: Self.firstChannel) { connection.channels.close(first) }
    }

    public var report: PeerConnectionReport {
        let ice = agent.report
        let state: PeerConnectionReport.State =
            isConnected ? .connected : ice.timeToPath != nil ? .securing : hasRemoteDescription ? .checking : .signalling
        let report = PeerConnectionReport(
            state, localCandidates: ice.local.count, remoteCandidates: ice.remote.count,
            usableCandidates: ice.remote.count { $0.verdict == .used }, checkedPairs: ice.pairs.count { $0.sent > 0 },
            answeredPairs: ice.pairs.count { $0.answered > 0 })
        #if hasFeature(Embedded)
            return report
        #else
            return PeerConnectionReport(report, hardNAT: agent.hardNATReport)
        #endif
    }
}
