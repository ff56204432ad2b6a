import CausewayIdentity

extension DataChannelConnection: StreamCarrier {
    // MARK: Driving

    public func proceed(in streams: StreamMachine) -> ConnectionOutput? {
        streams.moveTime(to: now)
        while !streams.isClosed, !streams.hasOutputs {
            if let handshake {
                guard shakeHands(handshake, in: streams) else { break }
            } else if message != nil {
                if let data = readMessage(in: streams) { return data }
            } else if !read(in: streams) {
                guard let writer = nextWriter() else { return nil }
                return streams.about(writer, .writable(writer.id))
            }
        }
        // Not before: an owner may have ended everything while it was lent bytes.
        if streams.isClosed { dropInput() }
        return nil
    }

    public func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: payload[start..<start + count])
    }

    /// Signs of life are the business of the layers below.
    public func nextDeadline(in streams: StreamMachine) -> Instant { .distantFuture }
    public func deadlinePassed(in streams: StreamMachine) {}
    public func probe(in streams: StreamMachine) {}

    // MARK: Beginning and end

    public var firstStream: UInt32 { 1 }
    public var handshakeLayer: ConnectionError.Layer { .noise }

    /// The end of the peer connection says it.
    public func sayGoodbye(because error: ConnectionError) {}

    public func ended() {
        actions = []
        handshake = nil
        channels = Table()
        waiting = StreamQueue()
    }

    private func dropInput() {
        dropInputs()
        forgetMessage()
        rest = noBytes
        lent = noBytes
    }

    // MARK: Streams

    public func begin(_ stream: MultiplexedStream, in streams: StreamMachine) {
        channels[stream.id] = DataChannelStream(stream)
        // SCTP puts credit together for all channels.
        stream.creditStep = isPaced ? 1 : streams.limits.channelWindow / 8
        if !stream.isInbound { actions.append(.open(stream.id)) }
    }

    /// Sends in as few messages as their size allows.
    public func send(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream, in streams: StreamMachine) -> Int {
        guard let own = channels[stream.id] else { return 0 }
        var taken = 0
        while taken < bytes.count, hasRoom, own.hasCredit, own.buffered < streams.limits.channelHighWater {
            taken += sendPiece(of: bytes, from: taken, on: own, most: own.allowed - own.sent)
        }
        if taken < bytes.count {
            stream.isWaiting = true
            if !hasRoom, own.hasCredit { enqueueWriter(own) }
        }
        return taken
    }

    public func sendAll(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream, in streams: StreamMachine) -> Bool {
        guard let own = channels[stream.id] else { return false }
        var taken = 0
        while taken < bytes.count { taken += sendPiece(of: bytes, from: taken, on: own, most: .max) }
        return true
    }

    /// The remote has to acknowledge it. If it does not, we assume that it does not know how.
    public func finish(_ stream: MultiplexedStream, in streams: StreamMachine) {
        send(.finish, on: stream)
        if !stream.isConcluded { streams.setDeadline(of: stream, after: streams.limits.finishAcknowledgementTime) }
    }

    /// The framing has no place for a code.
    public func reset(_ stream: MultiplexedStream, code: UInt32, in streams: StreamMachine) {
        if stream.isAcknowledged { send(.reset, on: stream) }
        actions.append(.close(stream.id))
    }

    public func resumeWriter(of stream: MultiplexedStream, in streams: StreamMachine) {
        guard let own = channels[stream.id], stream.isWaiting, stream.isSettled,
            stream.isFinishing || own.hasCredit && own.buffered <= streams.limits.channelHighWater / 2
        else { return }
        if !hasRoom, !stream.isFinishing { return enqueueWriter(own) }
        stream.isWaiting = false
        streams.report(.writable(stream.id), of: stream)
    }

    public func giveCredit(of stream: MultiplexedStream, in streams: StreamMachine) {
        returnCredit(stream.unreturnedCredit, of: stream.id)
        stream.unreturnedCredit = 0
        if let own = channels[stream.id] { tellCredit(on: own, in: streams) }
    }

    public func conclude(_ stream: MultiplexedStream) { actions.append(.close(stream.id)) }

    public func forget(_ stream: MultiplexedStream) {
        guard let own = channels.removeValue(forKey: stream.id) else { return }
        if isPaced { for message in own.held { room += message.count } }
        returnCredit(stream.unreturnedCredit + stream.unread, of: stream.id)
    }
}
