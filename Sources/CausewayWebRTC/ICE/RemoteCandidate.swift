/// A candidate that the remote has named, or that its checks came from.
public struct RemoteCandidate: Equatable, Sendable {
    /// What becomes of it.
    public enum Verdict: Equatable, Sendable {
        case used
        /// The policy says that no remote may have it tried.
        case refused
        /// A name that nobody has resolved. The remote's own checks may still arrive.
        case unresolvedName
        /// No socket of this side reaches it: of another family, or another machine's loopback.
        case unreachable
        /// TCP, or something that we do not know.
        case otherTransport
        case otherComponent
        /// It names another fragment than the remote's description: a session before or after this one.
        case otherSession
        /// Unspecified, multicast, or without a port.
        case notAnAddress
        /// The same again.
        case known
    }

    public let candidate: ICECandidate
    public let verdict: Verdict

    init(_ candidate: ICECandidate, _ verdict: Verdict) {
        self.candidate = candidate
        self.verdict = verdict
    }
}
