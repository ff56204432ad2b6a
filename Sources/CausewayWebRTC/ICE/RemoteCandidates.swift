import CausewayIdentity

/// The candidates of the remote, each with what becomes of it.
struct RemoteCandidates {
    private(set) var all: [RemoteCandidate] = []
    private var peerReflexive = 0
    private let limits: ICELimits
    private let mayCheck: (Endpoint) -> Bool

    init(_ limits: ICELimits, mayCheck: @escaping (Endpoint) -> Bool) {
        self.limits = limits
        self.mayCheck = mayCheck
    }

    /// The endpoint to check. nil: the candidate is not used.
    /// - Parameter fragment: The remote's, if it is known.
    mutating func add(_ candidate: ICECandidate, of fragment: [UInt8]?, bases: [LocalBase]) -> Endpoint? {
        guard all.count - peerReflexive < limits.remoteCandidates else { return nil }
        let verdict = verdict(on: candidate, of: fragment, bases: bases)
        if verdict == .known, isAnnounced(candidate) { return nil }
        all.append(RemoteCandidate(candidate, verdict))
        guard verdict == .used, case .endpoint(let endpoint) = candidate.address else { return nil }
        return endpoint
    }

    /// The candidate's own checks came before its name: from now on it is what it is named. Its pairs stay as they are.
    private mutating func isAnnounced(_ candidate: ICECandidate) -> Bool {
        for index in all.indices where all[index].candidate.kind == .peerReflexive && all[index].candidate.address == candidate.address {
            all[index] = RemoteCandidate(candidate, .used)
            peerReflexive -= 1
            return true
        }
        return false
    }

    /// Adds the source of a check, which is used whatever the policy says: the remote has proven to be there.
    mutating func add(peerReflexive source: Endpoint, priority: UInt32) {
        guard candidate(at: source) == nil, peerReflexive < limits.peerReflexiveCandidates else { return }
        peerReflexive += 1
        let candidate = ICECandidate(foundation: [], priority: priority, address: .endpoint(source), kind: .peerReflexive)
        all.append(RemoteCandidate(candidate, .used))
    }

    /// The used candidate with this endpoint.
    func candidate(at endpoint: Endpoint) -> ICECandidate? {
        for one in all where one.verdict == .used && one.candidate.address == .endpoint(endpoint) { return one.candidate }
        return nil
    }

    var hasUsed: Bool {
        for one in all where one.verdict == .used { return true }
        return false
    }

    private func verdict(on candidate: ICECandidate, of fragment: [UInt8]?, bases: [LocalBase]) -> RemoteCandidate.Verdict {
        if let fragment, let named = candidate.fragment, named != fragment { return .otherSession }
        guard candidate.transport == .udp else { return .otherTransport }
        guard candidate.component == 1 else { return .otherComponent }
        guard case .endpoint(let endpoint) = candidate.address else { return .unresolvedName }
        guard endpoint.isUnicast else { return .notAnAddress }
        guard self.candidate(at: endpoint) == nil else { return .known }
        guard mayCheck(endpoint) else { return .refused }
        for base in bases where base.reaches(endpoint) { return .used }
        return .unreachable
    }
}
