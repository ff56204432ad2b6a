import CausewayIdentity

extension Connection {
    /// A stream of the table. Only `makeStream` adds streams, so the type is known.
    func stream(_ id: UInt32) -> YamuxStream? { streams[id].map { Self.yamux($0) } }

    static func yamux(_ stream: MultiplexedStream) -> YamuxStream { unsafeDowncast(stream, to: YamuxStream.self) }

    // MARK: Windows

    func giveBack(_ count: Int, of stream: YamuxStream) {
        stream.owed += UInt32(count)
        guard stream.owed >= stream.windowSize / 2 else { return }
        var credit = stream.owed
        if let roundTrip, now - stream.epoch < Interval(nanoseconds: roundTrip.nanoseconds &* 4) {
            let growth = allowedGrowth(of: stream)
            stream.windowSize += growth
            windowGrowth += Int(growth)
            credit += growth
        }
        stream.owed = 0
        stream.epoch = now
        stream.receiveWindow += credit
        sendControl(.windowUpdate, takeFlags(of: stream), stream: stream.id, length: credit)
        // A busy connection is never silent, but its windows need the current round-trip time.
        if now - lastPing >= limits.keepAliveInterval { sendPing() }
    }

    private func allowedGrowth(of stream: YamuxStream) -> UInt32 {
        let room = min(limits.maximumWindow - Int(stream.windowSize), limits.windowsPerConnection - windowGrowth)
        return UInt32(max(0, min(Int(stream.windowSize), room)))
    }

    // MARK: Waiting writers

    /// Puts a writer that has credit into the queue for room on the wire.
    func enqueueWriter(_ stream: YamuxStream) {
        guard stream.isWaiting, stream.takesData, stream.sendWindow > 0, !stream.isQueued else { return }
        stream.isQueued = true
        waiting.append(stream.id)
    }

    /// The next writer that may continue, in the order in which they came, once half of the wire is free.
    func nextWriter() -> UInt32? {
        while wire.count <= limits.wireHighWater / 2, let first = waiting.first {
            waiting.removeFirst()
            guard let stream = stream(first) else { continue }
            stream.isQueued = false
            guard stream.sendWindow > 0 else { continue }
            stream.isWaiting = false
            return stream.id
        }
        return nil
    }
}
