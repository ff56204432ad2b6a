public import CausewayIdentity

// What time brings.
extension Association {
    /// To be called at `nextDeadline`, or later.
    public func advance(to now: Instant) {
        guard state != .ended else { return }
        if now >= handshake.deadline { repeatHandshake(at: now) }
        if now >= shutdownDeadline { repeatShutdown(at: now) }
        if transmission.advance(at: now), transmission.timeouts > limits.retransmissions { end(.remoteGone) }
        acknowledgement.advance(at: now)
        outgoingResets.advance(at: now)
        if outgoingResets.timeouts > limits.retransmissions { end(.remoteGone) }
        endStarvation(at: now)
        askWhetherIdle(at: now)
    }

    private func askWhetherIdle(at now: Instant) {
        guard state == .established else { return }
        let nonce = heartbeats.advance(at: now, timeout: transmission.roundTrip.timeout) { entropy.number64() }
        guard let nonce else { return }
        guard heartbeats.missed <= limits.retransmissions else { return end(.remoteGone) }
        let chunk = [UInt8](writing: 16) { HeartbeatChunk.write(nonce: nonce, to: &$0) }
        controls.append(ControlQueue.Waiting(chunk: chunk, tag: remoteTag))
    }
}
