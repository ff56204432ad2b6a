import CausewayIdentity

extension Connection {
    // MARK: Windows

    /// Returns credit: half of the window or more. If that took less than four round trips, the window was holding the sender back,
    /// so it doubles, as in go-yamux.
    func openWindow(_ window: YamuxStream, in streams: StreamMachine) {
        var credit = UInt32(window.stream.unreturnedCredit)
        if let roundTrip, streams.now - window.epoch < Interval(nanoseconds: roundTrip.nanoseconds &* 4) {
            let growth = allowedGrowth(of: window, in: streams)
            window.windowSize += growth
            windowGrowth += Int(growth)
            credit += growth
        }
        window.stream.unreturnedCredit = 0
        window.stream.creditStep = Int(window.windowSize / 2)
        window.epoch = streams.now
        window.receiveWindow += credit
        sendControl(.windowUpdate, window.takeFlags(), stream: window.stream.id, length: credit, in: streams)
        // A busy connection is never silent, but its windows need the current round-trip time.
        if streams.now - lastPing >= streams.limits.keepAliveInterval { sendPing(in: streams) }
    }

    private func allowedGrowth(of window: YamuxStream, in streams: StreamMachine) -> UInt32 {
        let room = min(streams.limits.maximumWindow - Int(window.windowSize), streams.limits.windowsPerConnection - windowGrowth)
        return UInt32(max(0, min(Int(window.windowSize), room)))
    }

    // MARK: Waiting writers

    /// Puts a writer that has credit into the queue for room on the wire.
    func enqueueWriter(_ window: YamuxStream) {
        guard window.stream.isWaiting, window.stream.takesData, window.sendWindow > 0, !window.isQueued else { return }
        window.isQueued = true
        waiting.append(window.stream.id)
    }

    /// The next writer that may continue, in the order in which they came, once half of the wire is free.
    func nextWriter(in streams: StreamMachine) -> MultiplexedStream? {
        while let first = waiting.first, wire.count <= streams.limits.wireHighWater / 2 {
            waiting.removeFirst()
            guard let window = windows[first] else { continue }
            window.isQueued = false
            guard window.sendWindow > 0 else { continue }
            window.stream.isWaiting = false
            return window.stream
        }
        return nil
    }
}
