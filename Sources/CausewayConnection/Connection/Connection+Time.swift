extension Connection {
    // MARK: Keep-alive

    /// A ping after a time of silence, and the connection's end if the silence continues.
    var lifeDeadline: Instant {
        if let probeSent, probeSent > lastReceived { return probeSent + limits.keepAliveTimeout }
        return lastReceived + limits.keepAliveInterval
    }

    func checkLife() {
        if let probeSent, probeSent > lastReceived { return fail(.closed(.unresponsive)) }
        sendPing()
        probeSent = now
    }

    func sendPing() {
        pingValue &+= 1
        pingSent = now
        lastPing = now
        sendControl(.ping, .syn, stream: 0, length: pingValue)
    }
}
