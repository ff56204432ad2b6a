import CausewayIdentity

extension Connection {
    // MARK: Keep-alive

    /// A ping after a time of silence, and the connection's end if the silence continues.
    func lifeDeadline(in streams: StreamMachine) -> Instant {
        if let probeSent, probeSent > lastReceived {
            return probeSent + (isDoubted ? streams.limits.probeTimeout : streams.limits.keepAliveTimeout)
        }
        return lastReceived + streams.limits.keepAliveInterval
    }

    func checkLife(in streams: StreamMachine) {
        if let probeSent, probeSent > lastReceived { return streams.fail(.closed(.unresponsive)) }
        sendPing(in: streams)
        probeSent = streams.now
        isDoubted = false
    }

    func sendPing(in streams: StreamMachine) {
        pingValue &+= 1
        pingSent = streams.now
        lastPing = streams.now
        sendControl(.ping, .syn, stream: 0, length: pingValue, in: streams)
    }
}
