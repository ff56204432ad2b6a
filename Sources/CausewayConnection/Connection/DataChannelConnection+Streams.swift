import CausewayIdentity

extension DataChannelConnection {
    public func setProtocols(_ protocols: ProtocolTable) { self.protocols = protocols }

    public func hasStream(_ stream: UInt32) -> Bool { streams[stream].map { !$0.isTold } ?? false }

    /// Opens a stream and proposes the protocols in this order. With a single proposal it may be written to at once.
    /// - Returns: its number, which is its channel's. Answered by `streamReady` or `streamFailed`.
    public func openStream(_ protocolIDs: [[UInt8]], now: Instant) throws(StreamError) -> UInt32 {
        moveTime(to: now)
        guard !isClosed, !protocolIDs.isEmpty else { throw .notConnected }
        guard openingStreams < limits.unacknowledgedStreams else {
            throw .limit(.streamsAwaitingAccept, value: UInt64(limits.unacknowledgedStreams))
        }
        guard nextStream < 1 << 31 else { throw .limit(.streamsPerConnection, value: 1 << 30) }
        let negotiation = Negotiation(proposing: protocolIDs, limits: limits)
        let stream = DataChannelStream(id: nextStream, isInbound: false, negotiation: negotiation, deadline: negotiationDeadline())
        nextStream += 2
        openingStreams += 1
        add(stream)
        actions.append(.open(stream.id))
        sendReply(stream, negotiation)
        return stream.id
    }

    /// Sends in as few messages as their size allows.
    /// - Returns: how many bytes were taken. If not all then `writable` tells when to go on.
    /// - Throws: `.closed` if the stream is gone or was finished.
    public func write(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        guard let stream = streams[stream], !stream.isTold, !stream.isFinishing else { throw .closed }
        guard stream.negotiation?.isOptimistic ?? true else {
            stream.isWaiting = true
            return 0
        }
        var taken = 0
        while taken < bytes.count {
            guard stream.buffered < limits.channelHighWater else {
                stream.isWaiting = true
                break
            }
            taken += sendPiece(of: bytes, from: taken, on: stream)
        }
        return taken
    }

    public func writeAll(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let stream = streams[stream], !stream.isFinishing, stream.negotiation?.isOptimistic ?? true else { return false }
        var taken = 0
        while taken < bytes.count { taken += sendPiece(of: bytes, from: taken, on: stream) }
        return true
    }

    private func sendPiece(of bytes: UnsafeRawBufferPointer, from start: Int, on stream: DataChannelStream) -> Int {
        let size = min(bytes.count - start, messageSize - DataChannelFraming.overhead)
        send(DataChannelFraming.data(UnsafeRawBufferPointer(rebasing: bytes[start..<start + size])), on: stream)
        return size
    }

    /// Ends our direction, once the protocol is settled.
    public func finish(_ stream: UInt32) {
        guard let stream = streams[stream], !stream.isFinishing else { return }
        stream.isFinishing = true
        if stream.isSettled { sendFinish(stream) }
    }

    /// Ends both directions at once. The end is told as `.resetLocally`. The framing has no place for a code.
    public func reset(_ stream: UInt32, code: UInt32 = 0) {
        guard let stream = streams[stream], !stream.isTold else { return }
        abandon(stream, .resetLocally)
    }

    public func consumed(_ stream: UInt32, _ count: Int) {
        guard let stream = streams[stream] else { return }
        let size = min(count, stream.unread)
        stream.unread -= size
        unread -= size
    }

    // MARK: From the channel

    func receive(_ message: DataChannelDecoder.Message, on stream: DataChannelStream) throws(DataChannelFault) {
        if !message.payload.isEmpty { try receive(message.payload, on: stream) }
        guard streams[stream.id] != nil else { return }
        switch message.flag {
        case .finish: receiveFinish(stream)
        case .finishAcknowledged:
            stream.isFinishAcknowledged = stream.isFinished
            if stream.isTold { closeChannel(of: stream) }
        case .stopSending:
            guard !stream.isFinished else { return }
            stream.isFinishing = true
            if stream.isSettled { sendFinish(stream) }
            resumeWriter(of: stream)
        case .reset: remove(stream, .reset(code: 0), closing: true)
        case nil: break
        }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer, on stream: DataChannelStream) throws(DataChannelFault) {
        if stream.isRemoteFinished { throw .dataAfterFinish }
        var rest = bytes
        while !rest.isEmpty, !stream.isSettled, streams[stream.id] != nil {
            rest = UnsafeRawBufferPointer(rebasing: rest[negotiate(stream, rest)...])
        }
        guard !rest.isEmpty, streams[stream.id] != nil else { return }
        stream.unread += rest.count
        unread += rest.count
        guard stream.unread <= limits.unreadPerChannel, unread <= limits.windowsPerConnection else {
            return abandon(stream, .limit(.receiveWindow, value: UInt64(limits.unreadPerChannel)))
        }
        outputs.append(.data(stream.id, start: arrived.count, count: rest.count))
        arrived.append(rest)
    }

    private func receiveFinish(_ stream: DataChannelStream) {
        guard stream.isSettled else {
            return abandon(stream, .peerFault(.multistream, code: MultistreamFault.finishedEarly.rawValue))
        }
        guard !stream.isRemoteFinished else { return }
        stream.isRemoteFinished = true
        send(DataChannelFraming.flag(.finishAcknowledged), on: stream)
        outputs.append(.finished(stream.id))
        if stream.isFinished { conclude(stream) }
    }

    // MARK: Negotiation

    private func negotiate(_ stream: DataChannelStream, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let negotiation = stream.negotiation else { return 0 }
        do throws(MultistreamFault) {
            let (taken, step) = try negotiation.receive(bytes)
            switch step {
            case .needMore, .progress: break
            case .proposed(let name): answer(stream, negotiation, name)
            case .refused: abandon(stream, .unsupportedProtocol)
            case .settled(let name):
                settle(stream)
                outputs.append(.streamReady(stream.id, protocolID: name))
                if stream.isFinishing { sendFinish(stream) }
                resumeWriter(of: stream)
            }
            if step == .needMore || taken == bytes.count { sendReply(stream, negotiation) }
            return taken
        } catch {
            abandon(stream, .peerFault(.multistream, code: error.rawValue))
            return 0
        }
    }

    private func answer(_ stream: DataChannelStream, _ negotiation: Negotiation, _ name: [UInt8]) {
        guard let entry = protocols.entry(for: name), entry.allowsLimited || !isLimited else { return negotiation.refuse() }
        negotiation.accept(name)
        sendReply(stream, negotiation)
        settle(stream)
        outputs.append(.streamOpened(stream.id, entry))
    }

    private func sendReply(_ stream: DataChannelStream, _ negotiation: Negotiation) {
        let reply = negotiation.takeReply()
        guard !reply.isEmpty, streams[stream.id] != nil else { return }
        reply.withUnsafeBytes { send(DataChannelFraming.data($0), on: stream) }
    }

    private func settle(_ stream: DataChannelStream) {
        stream.negotiation = nil
        stream.deadline = .distantFuture
    }

    // MARK: To the channel

    private func send(_ message: [UInt8], on stream: DataChannelStream) {
        stream.buffered += message.count
        if stream.isReady { actions.append(.send(stream.id, message)) } else { stream.held.append(message) }
    }

    private func sendFinish(_ stream: DataChannelStream) {
        guard !stream.isFinished else { return }
        stream.isFinished = true
        send(DataChannelFraming.flag(.finish), on: stream)
        if stream.isRemoteFinished { conclude(stream) }
    }

    func resumeWriter(of stream: DataChannelStream) {
        guard stream.isWaiting, stream.isSettled, stream.isFinishing || stream.buffered <= limits.channelHighWater / 2 else { return }
        stream.isWaiting = false
        outputs.append(.writable(stream.id))
    }

    // MARK: The table

    func add(_ stream: DataChannelStream) {
        streams[stream.id] = stream
        deadline = min(deadline, stream.deadline)
    }

    /// Both directions are finished. The channel stays until the remote has said that it knows, or is taken not to know how.
    private func conclude(_ stream: DataChannelStream) {
        tellEnd(of: stream, nil)
        guard !stream.isFinishAcknowledged else { return closeChannel(of: stream) }
        stream.deadline = rounded(now + limits.finishAcknowledgementTime)
        deadline = min(deadline, stream.deadline)
    }

    func closeChannel(of stream: DataChannelStream) { remove(stream, nil, closing: true) }

    /// Resets a stream for a reason that its owner is told.
    func abandon(_ stream: DataChannelStream, _ error: StreamError) {
        if stream.isReady { actions.append(.send(stream.id, DataChannelFraming.flag(.reset))) }
        remove(stream, error, closing: true)
    }

    func remove(_ stream: DataChannelStream, _ error: StreamError?, closing: Bool = false) {
        guard streams.removeValue(forKey: stream.id) != nil else { return }
        if closing { actions.append(.close(stream.id)) }
        if stream.isInbound { inboundStreams -= 1 } else if !stream.isReady { openingStreams -= 1 }
        unread -= stream.unread
        tellEnd(of: stream, error)
    }

    /// The owner of a stream hears of its end once; nobody owns an inbound stream before it is settled.
    func tellEnd(of stream: DataChannelStream, _ error: StreamError?) {
        guard !stream.isTold else { return }
        stream.isTold = true
        if stream.isSettled {
            outputs.append(.streamClosed(stream.id, error))
        } else if !stream.isInbound {
            outputs.append(.streamFailed(stream.id, error ?? .closed))
        }
    }
}
