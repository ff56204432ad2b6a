public import CausewayIdentity

/// One side of ICE with one component (RFC 8445), trickling its candidates (RFC 8838).
///
///     checking --a pair has worked--> path --a pair is nominated--> completed --no consent for 20 s--> disconnected
///         |                                                             ^------------answer------------/  |
///         '--39.5 s, nothing underway--> failed                                                           '--10 s--> failed
///
/// The remote's end of candidates changes nothing: its checks may come from where it never knew to be, so patience alone ends an attempt
/// (RFC 8863).
///
/// Its owner gives it datagrams of its sockets that look like STUN, and candidates of the remote, in any order; it drains `pollOutput`
/// after each input and each deadline.
public final class ICEAgent {
    enum Phase { case checking, completed, failed }

    public let local: ICECredentials
    public internal(set) var remote: ICECredentials?
    public internal(set) var role: ICERole
    public let limits: ICELimits
    var phase = Phase.checking
    var tieBreaker: UInt64
    var source: TransactionSource

    var locals: LocalCandidates
    var remotes: RemoteCandidates
    var gathering: Gathering
    var hasToldEnd = false
    var checkList: CheckList
    var answers: BindingAnswers
    var events: [ICEOutput] = []
    /// When the next new check may be sent.
    var paceAt: Instant
    /// Nothing is to be done before this moment. nil: there was an input, so one has to look.
    var restsUntil: Instant?

    /// The pair whose nomination this side has begun, and the pair that was nominated.
    var nominating: CandidatePair?
    var selected: CandidatePair?
    var consent: Consent?
    var isDisconnected = false
    /// When a path has to be nominated, because the network changed meanwhile.
    var probeEndsAt = Instant.distantFuture
    var toldPath: ICEPath?
    /// nil: nothing is done about hard NATs.
    var hardNAT: HardNATAttempt?

    let startedAt: Instant
    var remoteKnownAt: Instant?
    var pathAt: Instant?
    var completedAt: Instant?
    var failure: ICEFailure?

    /// - Parameters:
    ///   - role: Who offers controls, unless the remote is lite.
    ///   - bases: The sockets, at most `ICELimits.sockets`; loopback only if there is nothing else.
    ///   - servers: STUN servers, at most `ICELimits.servers`.
    ///   - secret: 32 random bytes, used for nothing else.
    ///   - mayCheck: Which endpoints that the remote names may be sent checks, as a remote can name anything. It is not asked about those
    ///     that the remote's own checks come from.
    public init(
        _ role: ICERole, _ local: ICECredentials, bases: [LocalBase], servers: [Endpoint] = [], secret: [UInt8], now: Instant,
        limits: ICELimits = ICELimits(), mayCheck: @escaping (Endpoint) -> Bool
    ) {
        self.role = role
        self.local = local
        self.limits = limits
        source = TransactionSource(.transactions, secret: secret)
        tieBreaker = source.number()
        locals = LocalCandidates(bases, limits: limits)
        remotes = RemoteCandidates(limits, mayCheck: mayCheck)
        gathering = Gathering(locals.bases, servers: servers, limits: limits)
        checkList = CheckList(limits)
        answers = BindingAnswers(limits)
        paceAt = now
        startedAt = now
        for candidate in locals.all { events.append(.candidate(candidate)) }
    }

    // MARK: Inputs

    /// A datagram that looks like STUN.
    public func receive(_ datagram: UnsafeRawBufferPointer, over path: ICEPath, now: Instant) {
        restsUntil = nil
        guard phase != .failed, let message = try? STUNMessage(datagram) else { return }
        switch message.kind {
        case .request: received(check: message, over: path, now: now)
        case .success, .failure: if let base = locals.base(of: path.socket) { received(answer: message, over: path, base, now: now) }
        case .indication: break
        }
    }

    /// The remote's description. Its candidates may come before and after.
    /// - Parameter passesHardNATs: It takes part where NATs are hard, too.
    public func setRemote(_ credentials: ICECredentials, isLite: Bool = false, passesHardNATs: Bool = false, now: Instant) {
        guard remote == nil else { return }
        if !passesHardNATs { hardNAT?.decline() }
        restsUntil = nil
        remote = credentials
        remoteKnownAt = now
        if isLite { take(.controlling) }
    }

    /// A candidate that the remote has named. What becomes of it is in the report.
    public func add(_ candidate: ICECandidate) {
        restsUntil = nil
        guard phase != .failed, let endpoint = remotes.add(candidate, of: remote?.fragment, bases: locals.bases) else { return }
        for base in locals.bases where base.reaches(endpoint) { _ = pair(base, endpoint) }
    }

    /// The machine slept, or its network changed: the path ends soon unless the remote answers on it.
    public func probe(now: Instant) {
        restsUntil = nil
        consent?.doubt(at: now)
        if consent == nil { probeEndsAt = min(probeEndsAt, now + limits.probeTime) }
    }

    /// When `pollOutput` has something to do without an input.
    public var nextDeadline: Instant { restsUntil ?? dueAt }

    /// The same, found out anew.
    var dueAt: Instant {
        guard phase != .failed else { return .distantFuture }
        var soonest = gathering.nextDeadline
        if hasNewCheck { soonest = min(soonest, paceAt) }
        for pair in checkList.pairs { soonest = min(soonest, deadline(of: pair)) }
        if let hardNAT, remote != nil { soonest = min(soonest, hardNAT.nextDeadline) }
        if let consent { return min(soonest, consent.nextAt, consent.endsAt, isDisconnected ? .distantFuture : consent.disconnectedAt) }
        return min(soonest, nominationAt, patienceEndsAt, probeEndsAt)
    }
}
