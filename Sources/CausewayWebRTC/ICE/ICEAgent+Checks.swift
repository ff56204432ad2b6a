import CausewayIdentity

// Checks of the remote (RFC 8445, section 7.3).

extension ICEAgent {
    func received(check message: STUNMessage, over path: ICEPath, now: Instant) {
        guard let username = message.value(.username), isForUs(username), message.isIntact(password: local.password),
            answers.allows(at: now), let base = locals.base(of: path.socket) ?? hardNATBase(of: path.socket)
        else { return }
        guard message.unknownAttributes.isEmpty else { return answers.add(to: message, path, error: .unknownAttribute) }
        guard isConsistent(message) else { return answers.add(to: message, path, error: .roleConflict) }
        answers.add(to: message, path)
        if let priority = message.number(.priority, as: UInt32.self) { remotes.add(peerReflexive: path.remote, priority: priority) }
        guard let pair = pair(base, path.remote) else { return }
        if message.has(.useCandidate), role == .controlled {
            nominated(pair, now: now)
        } else if isMoving(to: pair, now: now) {
            if role == .controlling { nominating = pair }
            checkList.trigger(pair)
        } else if pair.state != .succeeded, phase == .checking {
            checkList.trigger(pair)
        }
    }

    /// Whether the roles of both sides differ; takes the other one if the remote has more right to this side's (RFC 8445, section 7.3.1.1).
    private func isConsistent(_ message: STUNMessage) -> Bool {
        guard let theirs = message.number(role.attribute, as: UInt64.self) else { return true }
        let remainsControlling = tieBreaker >= theirs
        guard (role == .controlling) != remainsControlling else { return false }
        take(role.other)
        return true
    }

    /// The first of the two fragments is this side's own.
    private func isForUs(_ username: UnsafeRawBufferPointer) -> Bool {
        let own = local.fragment
        guard username.count > own.count, username[own.count] == UInt8(ascii: ":") else { return false }
        for index in own.indices where username[index] != own[index] { return false }
        return true
    }
}
