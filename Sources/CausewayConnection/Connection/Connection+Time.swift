extension Connection {
    /// When `advance` has something to do. It moves with everything received, so a shell may ask again when it fires rather than at every
    /// input.
    public var nextDeadline: Instant {
        if isClosed { return .distantFuture }
        if let upgrade { return upgrade.deadline }
        return min(negotiationDeadline, lifeDeadline)
    }

    /// Lets deadlines pass.
    public func advance(to now: Instant) {
        moveTime(to: now)
        guard !isClosed else { return }
        if let upgrade {
            if self.now >= upgrade.deadline { fail(.timedOut(upgrade.layer)) }
            return
        }
        if self.now >= negotiationDeadline { expireNegotiations() }
        if self.now >= lifeDeadline { checkLife() }
    }

    func moveTime(to now: Instant) {
        if now > self.now { self.now = now }
    }

    // MARK: Keep-alive

    /// A ping after a time of silence; the end if the silence goes on.
    private var lifeDeadline: Instant {
        if let probeSent, probeSent > lastReceived { return probeSent + limits.keepAliveTimeout }
        return lastReceived + limits.keepAliveInterval
    }

    private func checkLife() {
        if let probeSent, probeSent > lastReceived { return fail(.closed(.unresponsive)) }
        sendPing()
        probeSent = now
    }

    /// Asks for a sign of life now, as when the machine woke up or its network changed: without one the connection ends within
    /// `keepAliveTimeout`.
    public func probe(now: Instant) {
        moveTime(to: now)
        guard isEstablished, probeSent.map({ $0 <= lastReceived }) ?? true else { return }
        sendPing()
        probeSent = self.now
    }

    func sendPing() {
        pingValue &+= 1
        pingSent = now
        lastPing = now
        sendControl(.ping, .syn, stream: 0, length: pingValue)
    }

    // MARK: Negotiations

    /// Deadlines are rounded up to quarters of a second, so that a flood of streams does not have every one of them looked for on its own.
    func negotiationDeadline(from now: Instant) -> Instant {
        let exact = now + limits.negotiationTime
        let step: UInt64 = 250_000_000
        guard exact.nanoseconds < .max - step else { return exact }
        return Instant(nanoseconds: (exact.nanoseconds / step + 1) * step)
    }

    private func expireNegotiations() {
        var expired: [UInt32] = []
        var next = Instant.distantFuture
        for stream in streams.values where !stream.isSettled {
            if stream.deadline <= now { expired.append(stream.id) } else { next = min(next, stream.deadline) }
        }
        negotiationDeadline = next
        expired.sort()
        for id in expired {
            if let stream = streams[id] { abandon(stream, .timedOut) }
        }
    }
}
