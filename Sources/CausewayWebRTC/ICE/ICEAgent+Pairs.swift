import CausewayIdentity

extension ICEAgent {
    /// The pair of a base and an endpoint that is a used candidate; made if it is not there. nil: there are too many better ones.
    func pair(_ base: LocalBase, _ endpoint: Endpoint) -> CandidatePair? {
        let path = ICEPath(socket: base.socket, remote: endpoint)
        if let known = checkList.pair(path) { return known }
        guard let candidate = remotes.candidate(at: endpoint) else { return nil }
        let pair = CandidatePair(
            base, endpoint, localPriority: locals.priority(.host, of: base), remotePriority: candidate.priority, remoteKind: candidate.kind)
        checkList.insert(pair, role)
        return checkList.pair(path)
    }

    /// Takes a role, after a conflict or because the remote is lite.
    func take(_ role: ICERole) {
        guard role != self.role else { return }
        self.role = role
        nominating = nil
        checkList.sort(role)
    }

    /// The nominated path, or the best that works as long as there is none (RFC 8445, section 12.1).
    func reportPath(now: Instant) {
        guard let path = (selected ?? checkList.best)?.path, path != toldPath else { return }
        if pathAt == nil { pathAt = now }
        toldPath = path
        events.append(.path(path))
    }

    // MARK: Nomination

    /// A check of the remote, which controls, nominates the pair.
    func nominated(_ pair: CandidatePair, now: Instant) {
        pair.nominatedAt = now
        pair.isNominated = true
        guard pair !== selected else { return }
        if pair.state == .succeeded { follow(pair, now: now) } else { checkList.trigger(pair) }
    }

    /// Of remotes that nominate with every check, the best pair counts. Of those that change their minds, the last.
    func follow(_ pair: CandidatePair, now: Instant) {
        if let selected, pair.priority(role) < selected.priority(role), now < selected.nominatedAt + limits.renominationDelay { return }
        select(pair, now: now)
    }

    /// Both sides know of the nomination.
    func select(_ pair: CandidatePair, now: Instant) {
        guard pair !== selected else { return }
        selected = pair
        nominating = nil
        consent = Consent(at: now, limits: limits, &source)
        isDisconnected = false
        reportPath(now: now)
        guard phase == .checking else { return }
        phase = .completed
        completedAt = now
        checkList.stop()
        events.append(.completed)
    }

    /// When a controlling agent decides, if a better pair may still come.
    var nominationAt: Instant {
        guard role == .controlling, selected == nil, nominating == nil, let best = checkList.best, let pathAt else { return .distantFuture }
        return checkList.mayImprove(on: best) ? pathAt + limits.nominationDelay : pathAt
    }

    /// The remote shows itself over another pair, and does not answer over the selected one any more: a NAT has given it another port.
    func isMoving(to pair: CandidatePair, now: Instant) -> Bool {
        guard let consent, pair !== selected else { return false }
        return consent.answeredAt + limits.silence + limits.silence <= now
    }

    func nominateIfDue(now: Instant) {
        guard nominationAt <= now, let best = checkList.best else { return }
        nominating = best
        checkList.trigger(best)
    }
}
