/// What `Node.check` says: facts, and what they mean.
public struct CheckReport: Sendable, Equatable {
    /// What was found.
    public let facts: CheckFacts
    public let verdict: CheckVerdict

    /// - Parameters:
    ///   - facts: what was found.
    ///   - unixSeconds: this machine's time.
    public init(_ facts: CheckFacts, unixSeconds: Int64) {
        self.facts = facts
        verdict = CheckVerdict(facts, unixSeconds: unixSeconds)
    }
}
