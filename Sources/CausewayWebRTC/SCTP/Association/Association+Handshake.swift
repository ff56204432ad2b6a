import CausewayIdentity

// INIT, INIT ACK, COOKIE ECHO, COOKIE ACK (RFC 9260, sections 5.1 and 5.2).
extension Association {
    func sendInitiation(at now: Instant) {
        let chunk = [UInt8](writing: 64) { local.write(.initiation, to: &$0) }
        controls.append(ControlQueue.Waiting(chunk: chunk, tag: 0, isAlone: true, hasChecksum: true))
        handshake.sent(at: now)
    }

    private func sendCookieEcho(_ chunk: [UInt8], at now: Instant) {
        controls.append(ControlQueue.Waiting(chunk: chunk, tag: remoteTag, hasChecksum: true))
        handshake.sent(at: now)
    }

    /// T1 has expired.
    func repeatHandshake(at now: Instant) {
        guard handshake.tries <= limits.handshakeRetransmissions else { return end(.handshakeTimeout) }
        if let chunk = handshake.cookieEcho { sendCookieEcho(chunk, at: now) } else { sendInitiation(at: now) }
    }

    // MARK: INIT

    /// Nothing is kept of it; the cookie in the answer has everything.
    func received(initiation value: PacketBytes, at now: Instant) {
        guard let remote = InitiationChunk(value) else { return }
        guard remote.isUsable else { return }
        var answer = local
        var cookie = StateCookie(madeAt: now, local: local, remote: remote)
        switch state {
        case .closed, .cookieWait: break
        // Its chunk was agreed on, but ours has not reached it, because somebody in between drops such lines of descriptions.
        case .established where remote.tag == remoteTag: break
        case .cookieEchoed:
            // Both began at once: the answer names the same tag as this side's own INIT (section 5.2.1).
            cookie.localTieTag = local.tag
            cookie.remoteTieTag = remoteTag
        case .established, .shutdownPending, .shutdownSent, .shutdownReceived:
            // The remote may have begun anew, so the answer has a tag of its own, and the cookie what it replaces (section 5.2.2).
            answer.tag = entropy.tag()
            answer.initialTSN = TSN(entropy.number32())
            cookie.local = answer
            cookie.localTieTag = local.tag
            cookie.remoteTieTag = remoteTag
        case .shutdownAcknowledgementSent:
            return controls.append(
                ControlQueue.Waiting(
                    chunk: [UInt8](writing: 4) { ShutdownChunks.writeAcknowledgement(to: &$0) }, tag: remoteTag, isAnswer: true))
        case .ended: return
        }
        answer.cookie = cookie.sealed(by: entropy.secret)
        let chunk = [UInt8](writing: 256 + 2 * InitiationChunk.unrecognizedBytes) {
            answer.write(.initiationAcknowledgement, reporting: remote.unrecognized, to: &$0)
        }
        controls.append(ControlQueue.Waiting(chunk: chunk, tag: remote.tag, isAlone: true, isAnswer: true, hasChecksum: true))
    }

    // MARK: INIT ACK

    func received(initiationAcknowledgement value: PacketBytes, at now: Instant) {
        guard state == .cookieWait, let remote = InitiationChunk(value) else { return }
        // A packet with tag 0 would look like an INIT.
        guard remote.tag != 0 else { return end(.protocolViolation(.badInitiation)) }
        remoteTag = remote.tag
        guard let cookie = remote.cookie, cookie.count <= limits.cookieBytes else { return fail(.badInitiation, .missingParameter) }
        guard remote.isUsable else { return fail(.badInitiation, .invalidParameter) }
        adopt(remote)
        state = .cookieEchoed
        let echo = [UInt8](writing: Chunk.headSize + cookie.count) { CookieChunks.write(echo: cookie, to: &$0) }
        handshake.proceed(with: echo)
        sendCookieEcho(echo, at: now)
    }

    /// Takes over what the remote says of itself.
    func adopt(_ remote: InitiationChunk) {
        remoteTag = remote.tag
        features = remote.features.intersection(local.features)
        outboundStreams = Int(min(remote.inboundStreams, local.outboundStreams))
        received = ReceivedTSNs(initial: remote.initialTSN, limits: limits)
        incomingResets = IncomingResets(initialTSN: remote.initialTSN)
        transmission.remoteWindow = Int(remote.window)
    }

    // MARK: COOKIE ECHO

    /// What a good cookie means depends on whether this side and the remote are those of the association that there is (section 5.2.4).
    func received(cookieEcho value: PacketBytes, tag: UInt32, at now: Instant) {
        guard state != .ended, let cookie = StateCookie(value, secret: entropy.secret), tag == cookie.local.tag else { return }
        let isSameLocal = cookie.local.tag == local.tag
        let isSameRemote = remoteTag != 0 && cookie.remote.tag == remoteTag
        if now - cookie.madeAt > limits.cookieLifetime, !(isSameLocal && isSameRemote) {
            return sendError(.staleCookie, [UInt8](repeating: 0, count: 4), tag: cookie.remote.tag)
        }
        if isSameLocal, isSameRemote || state.isOpening {
            // Cases D and B of the table, and a remote that was the only one to begin.
            if state.isOpening {
                if !isSameRemote { adopt(cookie.remote) }
                open(at: now)
            }
            acknowledgeCookie()
        } else if !isSameLocal, !isSameRemote, remoteTag != 0, cookie.localTieTag == local.tag, cookie.remoteTieTag == remoteTag {
            // Case A: the remote has lost everything that this side holds for it, so nothing can go on.
            sendAbort(.restart)
            end(.restartedByRemote)
        }
    }

    private func acknowledgeCookie() {
        controls.append(
            ControlQueue.Waiting(
                chunk: [UInt8](writing: 4) { CookieChunks.writeAcknowledgement(to: &$0) }, tag: remoteTag, isAnswer: true))
    }

    func receivedCookieAcknowledgement(at now: Instant) {
        guard state == .cookieEchoed else { return }
        open(at: now)
    }

    func open(at now: Instant) {
        state = .established
        handshake.stop()
        heartbeats.heard(at: now)
        events.append(.connected)
    }

    // MARK: ERROR

    /// The remote found the cookie too old: the handshake begins again (section 5.2.6).
    func received(error value: PacketBytes, at now: Instant) {
        guard state == .cookieEchoed, ErrorChunk.names(.staleCookie, in: value), handshake.tries <= limits.handshakeRetransmissions else {
            return
        }
        state = .cookieWait
        handshake.cookieEcho = nil
        sendInitiation(at: now)
    }

    func sendError(_ cause: ErrorCause, _ information: [UInt8], tag: UInt32) {
        let chunk = [UInt8](writing: 8 + information.count) { ErrorChunk.write(cause, information, to: &$0) }
        controls.append(ControlQueue.Waiting(chunk: chunk, tag: tag, isAnswer: true))
    }
}
