import CausewayIdentity

// Answers to this side's checks (RFC 8445, section 7.2.5) and questions.

extension ICEAgent {
    func received(answer message: STUNMessage, over path: ICEPath, _ base: LocalBase, now: Instant) {
        if let found = gathering.receive(message, over: path) {
            if let candidate = locals.add(.serverReflexive, found.mapped, of: found.base) { events.append(.candidate(candidate)) }
            return
        }
        guard let remote, message.isIntact(password: remote.password), message.unknownAttributes.isEmpty else { return }
        if message.kind == .success, let selected, selected.path == path, consent?.answered(message.transaction, at: now) == true {
            selected.answered += 1
            return consented()
        }
        guard let pair = checkList.pair(asking: message.transaction) else { return }
        let isReplaced = pair.check?.transaction != message.transaction
        guard let check = isReplaced ? pair.replaced : pair.check else { return }
        if isReplaced { pair.replaced = nil } else { pair.check = nil }
        if message.kind == .success {
            // Behind some NATs an answer comes from elsewhere than where the check went: no path for packets (section 7.2.5.2.1).
            if pair.path == path { succeeded(pair, check, message, now: now) } else { failed(pair) }
        } else if message.errorCode == .roleConflict {
            conflicted(pair, check)
        } else {
            failed(pair)
        }
    }

    private func succeeded(_ pair: CandidatePair, _ check: CandidatePair.Check, _ message: STUNMessage, now: Instant) {
        pair.state = .succeeded
        pair.answered += 1
        pair.begun = 0
        // Of one that was sent twice nobody knows which was answered.
        if check.retransmission.count == 1 { pair.roundTrip = now - check.sentAt }
        if let mapped = message.mappedAddress { _ = locals.add(.peerReflexive, mapped, of: pair.base) }
        reportPath(now: now)
        if check.isNominating, role == .controlling { return select(pair, now: now) }
        guard role == .controlled else { return }
        if isMoving(to: pair, now: now) { select(pair, now: now) } else if pair.isNominated { follow(pair, now: now) }
    }

    func failed(_ pair: CandidatePair) {
        pair.state = .failed
        pair.check = nil
        if nominating === pair { nominating = nil }
    }

    /// The remote claims the role that this side had when it asked (RFC 8445, section 7.2.5.1).
    private func conflicted(_ pair: CandidatePair, _ check: CandidatePair.Check) {
        if check.role == role {
            take(role.other)
            tieBreaker = source.number()
        }
        guard pair.begun < limits.checksPerPair else { return failed(pair) }
        pair.state = .waiting
        checkList.trigger(pair)
    }

    private func consented() {
        guard isDisconnected, let toldPath else { return }
        isDisconnected = false
        events.append(.path(toldPath))
    }
}
