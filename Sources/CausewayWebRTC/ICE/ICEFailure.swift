/// Why two agents have no path.
public enum ICEFailure: Error, Equatable, Sendable {
    /// The remote named no candidate that can be tried.
    case noRemoteCandidate
    /// Nobody answered any check.
    case noAnswer
    /// There are paths, but the remote never nominated one.
    case notNominated
    /// The path worked, and the remote has not answered for `ICELimits.consentTime`.
    case consentExpired
}
