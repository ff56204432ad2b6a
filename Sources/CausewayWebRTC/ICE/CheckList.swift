import CausewayIdentity

/// The pairs of one agent, the best first, and those of them that have to be checked before all others.
struct CheckList {
    private(set) var pairs: [CandidatePair] = []
    private(set) var triggered: [CandidatePair] = []
    private let limits: ICELimits

    init(_ limits: ICELimits) { self.limits = limits }

    func pair(_ path: ICEPath) -> CandidatePair? {
        for pair in pairs where pair.remote == path.remote && pair.base.socket == path.socket { return pair }
        return nil
    }

    /// The pair whose check has this transaction.
    func pair(asking transaction: TransactionID) -> CandidatePair? {
        for pair in pairs where pair.check?.transaction == transaction || pair.replaced?.transaction == transaction { return pair }
        return nil
    }

    /// Adds a pair in its place. Beyond the limit, the last one goes that nothing is known of; that may be the new one.
    mutating func insert(_ pair: CandidatePair, _ role: ICERole) {
        let priority = pair.priority(role)
        var place = pairs.count
        while place > 0, pairs[place - 1].priority(role) < priority { place -= 1 }
        pairs.insert(pair, at: place)
        guard pairs.count > limits.pairs else { return }
        for index in pairs.indices.reversed() where pairs[index].state == .waiting || pairs[index].state == .failed {
            let gone = pairs.remove(at: index)
            triggered.removeAll { $0 === gone }
            return
        }
        pairs.remove(at: place)
    }

    /// Priorities depend on the role.
    mutating func sort(_ role: ICERole) {
        var sorted: [CandidatePair] = []
        for pair in pairs {
            var place = sorted.count
            while place > 0, sorted[place - 1].priority(role) < pair.priority(role) { place -= 1 }
            sorted.insert(pair, at: place)
        }
        pairs = sorted
    }

    // MARK: What to check next

    /// Has a pair checked soon. One that is being checked is asked once more at once (RFC 8445, section 7.3.1.4).
    mutating func trigger(_ pair: CandidatePair) {
        guard pair.begun < limits.checksPerPair else { return }
        for known in triggered where known === pair { return }
        if let check = pair.check {
            pair.replaced = check
            pair.check = nil
        }
        if pair.state != .succeeded { pair.state = .waiting }
        triggered.append(pair)
    }

    /// Takes the pair whose turn it is out of its queue.
    /// - Parameter onlyTriggered: Ordinary checks have ended.
    mutating func next(onlyTriggered: Bool) -> CandidatePair? {
        if !triggered.isEmpty { return triggered.removeFirst() }
        return onlyTriggered ? nil : firstWaiting
    }

    func hasNext(onlyTriggered: Bool) -> Bool { !triggered.isEmpty || !onlyTriggered && firstWaiting != nil }

    /// Ends all checks, because a pair was chosen. Those of nominated ones go on: a remote that nominates with every check may mean them.
    mutating func stop() {
        triggered.removeAll { !$0.isNominated }
        for pair in pairs where !pair.isNominated {
            pair.check = nil
            if pair.state == .inProgress { pair.state = .waiting }
        }
    }

    private var firstWaiting: CandidatePair? {
        for pair in pairs where pair.state == .waiting { return pair }
        return nil
    }

    // MARK: What is known

    /// The best pair that has worked.
    var best: CandidatePair? {
        for pair in pairs where pair.state == .succeeded { return pair }
        return nil
    }

    /// Pairs that wait or have no answer yet.
    var underwayCount: Int {
        var count = 0
        for pair in pairs where pair.isUnderway { count += 1 }
        return count
    }

    /// Whether a pair that is better than this one may still work.
    func mayImprove(on pair: CandidatePair) -> Bool {
        for better in pairs {
            if better === pair { return false }
            if better.isUnderway { return true }
        }
        return false
    }
}
