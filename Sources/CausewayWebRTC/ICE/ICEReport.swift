public import CausewayIdentity

/// What became of an agent's attempt: for those who want to know why there is no path, or why this one.
public struct ICEReport: Equatable, Sendable {
    /// What is known of a pair.
    public struct Pair: Equatable, Sendable {
        /// RFC 8445, section 6.1.2.6. There is one check list, so no pair is frozen.
        public enum State: Equatable, Sendable { case waiting, inProgress, succeeded, failed }

        public let local: Endpoint
        public let remote: Endpoint
        public let remoteKind: ICECandidate.Kind
        public let state: State
        public let isSelected: Bool
        /// Checks and questions of consent that were sent, and their answers.
        public let sent: Int
        public let answered: Int
        /// nil: no answer, or only to checks that were sent again.
        public let roundTrip: Interval?
    }

    public let role: ICERole
    public let local: [ICECandidate]
    public let remote: [RemoteCandidate]
    /// The best first.
    public let pairs: [Pair]
    /// Since the start. nil: it has not happened.
    public let timeToPath: Interval?
    public let timeToCompletion: Interval?
    public let failure: ICEFailure?
}

extension ICEAgent {
    /// What has happened so far.
    public var report: ICEReport {
        ICEReport(
            role: role, local: locals.all, remote: remotes.all, pairs: checkList.pairs.map(describe),
            timeToPath: pathAt.map { $0 - startedAt }, timeToCompletion: completedAt.map { $0 - startedAt }, failure: failure)
    }

    private func describe(_ pair: CandidatePair) -> ICEReport.Pair {
        ICEReport.Pair(
            local: pair.base.endpoint, remote: pair.remote, remoteKind: pair.remoteKind, state: pair.state, isSelected: pair === selected,
            sent: pair.sent, answered: pair.answered, roundTrip: pair.roundTrip)
    }
}
