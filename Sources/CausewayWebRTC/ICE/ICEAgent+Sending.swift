public import CausewayIdentity

extension ICEAgent {
    /// What the agent wants next. nil: nothing, until the next input or deadline; then it costs nothing to ask again.
    /// - Parameter buffer: Has `STUNLimits.messageSize` bytes.
    public func pollOutput(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> ICEOutput? {
        if let restsUntil, now < restsUntil { return nil }
        restsUntil = nil
        if let output = next(into: buffer, now: now) { return output }
        restsUntil = dueAt
        return nil
    }

    private func next(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> ICEOutput? {
        advance(to: now)
        if !events.isEmpty { return events.removeFirst() }
        guard phase != .failed else { return nil }
        if let answer = answers.next(password: local.password, into: buffer) { return answer }
        if let again = sendAgain(into: buffer, now: now) ?? askConsent(into: buffer, now: now) { return again }
        return sendNew(into: buffer, now: now) ?? sendHardNAT(into: buffer, now: now) ?? tellEnd()
    }

    /// Behind everything else, because the last question may have ended just now.
    private func tellEnd() -> ICEOutput? {
        guard !hasToldEnd, gathering.isDone else { return nil }
        hasToldEnd = true
        return .endOfCandidates
    }

    // MARK: Checks

    /// Whether a new check or question waits for its turn.
    var hasNewCheck: Bool {
        gathering.hasWaiting || remote != nil && checkList.hasNext(onlyTriggered: phase == .completed)
    }

    func deadline(of pair: CandidatePair) -> Instant {
        guard let check = pair.check else { return .distantFuture }
        return min(check.retransmission.nextAt, check.sentAt + limits.patience)
    }

    /// Begins one new check or question; one in each Ta (RFC 8445, section 14).
    private func sendNew(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> ICEOutput? {
        guard paceAt <= now, hasNewCheck else { return nil }
        paceAt = now + limits.pace
        if gathering.hasWaiting, remote == nil || checkList.triggered.isEmpty {
            gathering.start(source.next(), now: now)
            return gathering.poll(into: buffer, now: now)
        }
        guard let remote, let pair = checkList.next(onlyTriggered: phase == .completed) else { return nil }
        let busy = Interval(nanoseconds: limits.pace.nanoseconds * UInt64(checkList.underwayCount))
        let interval = max(limits.retransmission.retransmissionTimeout, busy)
        pair.begun += 1
        if pair.state != .succeeded { pair.state = .inProgress }
        pair.check = CandidatePair.Check(
            transaction: source.next(), sentAt: now, role: role, isNominating: nominating === pair,
            retransmission: Retransmission(at: now, interval: interval, limits: limits.retransmission))
        return send(pair, remote, into: buffer, now: now)
    }

    /// A check or question that nobody has answered.
    private func sendAgain(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> ICEOutput? {
        if let question = gathering.poll(into: buffer, now: now) { return question }
        guard let remote else { return nil }
        for pair in checkList.pairs { if let output = send(pair, remote, into: buffer, now: now) { return output } }
        return nil
    }

    private func send(
        _ pair: CandidatePair, _ remote: ICECredentials, into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> ICEOutput? {
        guard let check = pair.check, pair.check?.retransmission.step(at: now) == .send else { return nil }
        pair.sent += 1
        return write(
            check.transaction, over: pair.path, from: pair.base, remote, as: check.role, isNominating: check.isNominating, into: buffer)
    }

    /// A question of consent, which is a check of the path that is used.
    private func askConsent(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> ICEOutput? {
        guard let remote, let selected, let transaction = consent?.ask(at: now, &source) else { return nil }
        selected.sent += 1
        return write(transaction, over: selected.path, from: selected.base, remote, as: role, isNominating: false, into: buffer)
    }

    func write(
        _ transaction: TransactionID, over path: ICEPath, from base: LocalBase, _ remote: ICECredentials, as role: ICERole,
        isNominating: Bool, into buffer: UnsafeMutableRawBufferPointer
    ) -> ICEOutput {
        var writer = STUNWriter(.request, transaction, into: buffer)
        writer.append(username: remote.fragment, local.fragment)
        writer.append(.priority, locals.priority(.peerReflexive, of: base))
        writer.append(role.attribute, tieBreaker)
        if isNominating { writer.append(.useCandidate) }
        return .send(count: writer.finish(password: remote.password), path)
    }
}
