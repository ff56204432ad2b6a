import CausewayIdentity

extension ICEAgent {
    /// Until then, checks of the remote may still come that nobody has announced (RFC 8863).
    var patienceEndsAt: Instant {
        guard let remoteKnownAt, checkList.underwayCount == 0, nominating == nil else { return .distantFuture }
        return max(remoteKnownAt, pathAt ?? remoteKnownAt) + limits.patience
    }

    func advance(to now: Instant) {
        guard phase != .failed else { return }
        for pair in checkList.pairs {
            guard let check = pair.check else { continue }
            if check.retransmission.isOver(at: now) || check.sentAt + limits.patience <= now { failed(pair) }
        }
        advanceHardNAT(to: now)
        guard let consent else {
            nominateIfDue(now: now)
            if min(patienceEndsAt, probeEndsAt) <= now { end(reason) }
            return
        }
        if !isDisconnected, consent.disconnectedAt <= now {
            isDisconnected = true
            events.append(.disconnected)
        }
        if consent.endsAt <= now { end(.consentExpired) }
    }

    private func end(_ failure: ICEFailure) {
        phase = .failed
        self.failure = failure
        events.append(.failed(failure))
    }

    private var reason: ICEFailure {
        if checkList.best != nil { return .notNominated }
        return remotes.hasUsed ? .noAnswer : .noRemoteCandidate
    }
}
