import CausewayIdentity

// What goes to the channels.
extension DataChannelConnection {
    /// - Parameter most: how many bytes of payload may be sent.
    func sendPiece(of bytes: UnsafeRawBufferPointer, from start: Int, on own: DataChannelStream, most: UInt64) -> Int {
        let size = Int(min(UInt64(min(bytes.count - start, messageSize - DataChannelFraming.overhead)), most))
        let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + size])
        send(DataChannelFraming.data(payload, heedsCredit: own.sent == 0), on: own)
        own.sent += UInt64(size)
        return size
    }

    func send(_ flag: DataChannelFraming.Flag, on stream: MultiplexedStream) {
        if let own = channels[stream.id] { send(DataChannelFraming.flag(flag), on: own) }
    }

    private func send(_ message: [UInt8], on own: DataChannelStream) {
        if isPaced { room -= message.count } else { own.buffered += message.count }
        if own.stream.isAcknowledged { actions.append(.send(own.stream.id, message)) } else { own.held.append(message) }
    }

    // MARK: Waiting writers

    /// Puts a writer into the queue for room in all channels.
    func enqueueWriter(_ own: DataChannelStream) {
        guard !own.isQueued else { return }
        own.isQueued = true
        waiting.append(own.stream.id)
    }

    /// The next writer that may continue, in the order in which they came.
    func nextWriter() -> MultiplexedStream? {
        while isPaced, room > 0, let first = waiting.first {
            waiting.removeFirst()
            guard let own = channels[first] else { continue }
            own.isQueued = false
            guard own.stream.isWaiting else { continue }
            own.stream.isWaiting = false
            return own.stream
        }
        return nil
    }

    // MARK: What readers have taken

    /// Tells a remote that heeds it how much more the stream may carry: half of the room that all unread streams leave, so that each leaves
    /// some to the others. A short stream needs no such message.
    func tellCredit(on own: DataChannelStream, in streams: StreamMachine) {
        let room = streams.limits.channelWindow
        guard let told = own.told, own.arrived >= UInt64(room / 8), !own.stream.isRemoteFinished else { return }
        let window = UInt64(max((room - streams.unread) / 2, DataChannelFraming.smallestWindow))
        let limit = own.arrived - UInt64(own.stream.unread) + window
        guard limit >= told + window / 2 else { return }
        own.told = limit
        send(DataChannelFraming.credit(limit), on: own)
    }

    func returnCredit(_ count: Int, of channel: UInt32) {
        guard isPaced, count > 0 else { return }
        if case .returnCredit(channel, let before)? = actions.last {
            actions[actions.count - 1] = .returnCredit(channel, before + count)
        } else {
            actions.append(.returnCredit(channel, count))
        }
    }
}
