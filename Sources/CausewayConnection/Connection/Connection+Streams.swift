import CausewayIdentity

extension Connection {
    public func setProtocols(_ protocols: ProtocolTable) { self.protocols = protocols }

    public func hasStream(_ stream: UInt32) -> Bool { streams[stream] != nil }

    /// Opens a stream and proposes the protocols in this order. With a single proposal it may be written to at once.
    /// - Returns: its Yamux id. Answered by `streamReady` or `streamFailed`.
    public func openStream(_ protocolIDs: [[UInt8]], now: Instant) throws(StreamError) -> UInt32 {
        moveTime(to: now)
        guard isEstablished, !protocolIDs.isEmpty else { throw .notConnected }
        guard unacknowledgedStreams < limits.unacknowledgedStreams else {
            throw .limit(.streamsAwaitingAccept, value: UInt64(limits.unacknowledgedStreams))
        }
        guard nextStream < 1 << 31 else { throw .limit(.streamsPerConnection, value: 1 << 30) }
        let id = nextStream
        nextStream += 2
        let negotiation = Negotiation(proposing: protocolIDs, limits: limits)
        let stream = YamuxStream(
            id: id, isInbound: false, negotiation: negotiation, deadline: negotiationDeadline(from: self.now), now: self.now)
        add(stream)
        sendReply(stream, negotiation, flags: .syn)
        return id
    }

    /// Seals from where the bytes lie into as few frames as the limits allow; what fits a frame stays one.
    /// - Returns: how many bytes were taken. If not all then `writable` tells when to go on.
    /// - Throws: `.closed` if the stream is gone or was finished.
    public func write(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        guard let stream = streams[stream], !stream.isFinishing else { throw .closed }
        guard stream.negotiation?.isOptimistic ?? true else {
            stream.wait = .settling
            return 0
        }
        var taken = 0
        while taken < bytes.count {
            guard stream.sendWindow > 0 else {
                if stream.wait == .nothing { stream.wait = .credit }
                break
            }
            guard wire.count < limits.wireHighWater else {
                enqueueWriter(stream)
                break
            }
            let size = min(bytes.count - taken, limits.framePayload, Int(min(stream.sendWindow, 1 << 30)))
            sendData(stream, UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + size]))
            taken += size
        }
        return taken
    }

    /// All bytes or none, past the wire's high-water mark: for a small message that must not be cut.
    public func writeAll(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let stream = streams[stream], !stream.isFinishing, stream.negotiation?.isOptimistic ?? true else { return false }
        guard bytes.count <= Int(min(stream.sendWindow, 32 << 10)) else { return false }
        sendData(stream, bytes)
        return true
    }

    /// Ends our direction, once the protocol is settled, in a frame of its own: js-libp2p loses what comes together with FIN.
    public func finish(_ stream: UInt32) {
        guard let stream = streams[stream], !stream.isFinishing else { return }
        stream.isFinishing = true
        if stream.isSettled { sendFinish(stream) }
    }

    func sendFinish(_ stream: YamuxStream) {
        stream.isFinished = true
        sendControl(.windowUpdate, takeAcknowledgement(stream).union(.fin), stream: stream.id, length: 0)
        if stream.isRemoteFinished { removeAndTell(stream, nil) }
    }

    /// Ends both directions at once. The end is told as `.resetLocally`.
    /// - Parameter code: told to the remote (0: none); stacks that know no codes ignore it.
    public func reset(_ stream: UInt32, code: UInt32 = 0) {
        guard let stream = streams[stream] else { return }
        sendControl(.windowUpdate, .rst, stream: stream.id, length: code)
        removeAndTell(stream, .resetLocally)
    }

    /// Resets a stream for a reason that its owner is told.
    func abandon(_ stream: YamuxStream, _ error: StreamError) {
        sendControl(.windowUpdate, .rst, stream: stream.id, length: 0)
        removeAndTell(stream, error)
    }

    // MARK: Windows

    /// The stream's reader has taken so many bytes: once they are half of the window the credit goes back. If that took less than four
    /// round trips then the window was what held the sender back, and doubles, as in go-yamux.
    public func consumed(_ stream: UInt32, _ count: Int) {
        guard let stream = streams[stream], !stream.isRemoteFinished, count > 0 else { return }
        let unaccounted = stream.windowSize - min(stream.windowSize, stream.receiveWindow) - stream.owed
        stream.owed += UInt32(min(UInt64(count), UInt64(unaccounted)))
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
        sendControl(.windowUpdate, takeAcknowledgement(stream), stream: stream.id, length: credit)
        // A busy connection is never silent, but its windows want to know the path as it is now.
        if now - lastPing >= limits.keepAliveInterval { sendPing() }
    }

    private func allowedGrowth(of stream: YamuxStream) -> UInt32 {
        let room = min(limits.maximumWindow - Int(stream.windowSize), limits.windowsPerConnection - windowGrowth)
        return UInt32(max(0, min(Int(stream.windowSize), room)))
    }

    // MARK: Waiting writers

    func enqueueWriter(_ stream: YamuxStream) {
        guard stream.wait != .wire else { return }
        stream.wait = .wire
        waiting.append(stream.id)
    }

    /// The next writer that may go on: first come, first served, once half of the wire is free.
    func nextWriter() -> UInt32? {
        while nextWaiting < waiting.count, wire.count <= limits.wireHighWater / 2 {
            let stream = streams[waiting[nextWaiting]]
            nextWaiting += 1
            if nextWaiting == waiting.count {
                waiting = []
                nextWaiting = 0
            }
            guard let stream, stream.wait == .wire else { continue }
            stream.wait = stream.sendWindow > 0 ? .nothing : .credit
            if stream.wait == .nothing { return stream.id }
        }
        return nil
    }

    // MARK: The table

    func add(_ stream: YamuxStream) {
        streams[stream.id] = stream
        negotiatingStreams += 1
        negotiationDeadline = min(negotiationDeadline, stream.deadline)
        if stream.isInbound { inboundStreams += 1 } else { unacknowledgedStreams += 1 }
    }

    func removeAndTell(_ stream: YamuxStream, _ error: StreamError?) {
        guard streams.removeValue(forKey: stream.id) != nil else { return }
        if streams.isEmpty, streams.capacity > 8 { streams = [:] }
        if stream.isInbound {
            inboundStreams -= 1
        } else if !stream.isAcknowledged {
            unacknowledgedStreams -= 1
        }
        windowGrowth -= Int(stream.windowSize - Yamux.initialWindow)
        if frameStream === stream { frameStream = nil }
        tellEnd(of: stream, error)
        if !stream.isSettled {
            negotiatingStreams -= 1
            if negotiatingStreams == 0 { negotiationDeadline = .distantFuture }
        }
    }

    /// The owner of a stream hears of its end once; nobody owns an inbound stream before it is settled.
    func tellEnd(of stream: YamuxStream, _ error: StreamError?) {
        if stream.isSettled {
            outputs.append(.streamClosed(stream.id, error))
        } else if !stream.isInbound {
            outputs.append(.streamFailed(stream.id, error ?? .closed))
        }
    }
}
