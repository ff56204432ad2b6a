import CausewayIdentity

// SHUTDOWN, SHUTDOWN ACK, SHUTDOWN COMPLETE (RFC 9260, section 9.2).
extension Association {
    /// The next step, if all that was sent is acknowledged.
    func proceedShutdown(at now: Instant) {
        guard transmission.isDone, outgoingResets.isIdle || state == .shutdownReceived else { return }
        switch state {
        case .shutdownPending:
            state = .shutdownSent
            sendShutdown(at: now)
        case .shutdownReceived:
            state = .shutdownAcknowledgementSent
            sendShutdownAcknowledgement(at: now)
        default: break
        }
    }

    func sendShutdown(at now: Instant) {
        let cumulative = received.cumulative
        let chunk = [UInt8](writing: 8) { ShutdownChunks.write(cumulative: cumulative, to: &$0) }
        controls.append(ControlQueue.Waiting(chunk: chunk, tag: remoteTag, isAnswer: true))
        shutdownDeadline = now + transmission.roundTrip.timeout
    }

    private func sendShutdownAcknowledgement(at now: Instant) {
        let chunk = [UInt8](writing: 4) { ShutdownChunks.writeAcknowledgement(to: &$0) }
        controls.append(ControlQueue.Waiting(chunk: chunk, tag: remoteTag, isAnswer: true))
        shutdownDeadline = now + transmission.roundTrip.timeout
    }

    /// T2-shutdown has expired.
    func repeatShutdown(at now: Instant) {
        shutdownTries += 1
        guard shutdownTries <= limits.retransmissions else { return end(.remoteGone) }
        if state == .shutdownSent { sendShutdown(at: now) } else { sendShutdownAcknowledgement(at: now) }
    }

    func received(shutdown value: PacketBytes, at now: Instant) {
        guard let cumulative = ShutdownChunks.cumulative(value) else { return }
        switch state {
        case .established, .shutdownPending, .shutdownReceived:
            guard transmission.acknowledge(through: cumulative, at: now, events: events) else {
                return fail(.acknowledgedUnsent, .protocolViolation)
            }
            state = .shutdownReceived
            proceedShutdown(at: now)
        case .shutdownSent:
            // Both wanted to end at once.
            state = .shutdownAcknowledgementSent
            sendShutdownAcknowledgement(at: now)
        default: break
        }
    }

    func receivedShutdownAcknowledgement() {
        guard state == .shutdownSent || state == .shutdownAcknowledgementSent else { return }
        let chunk = [UInt8](writing: 4) { ShutdownChunks.writeComplete(to: &$0) }
        controls.append(ControlQueue.Waiting(chunk: chunk, tag: remoteTag))
        end(nil)
    }
}
