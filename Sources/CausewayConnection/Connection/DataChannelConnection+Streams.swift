import CausewayIdentity

extension DataChannelConnection {
    // MARK: From the channel

    func receive(_ message: DataChannelDecoder.Message, on stream: DataChannelStream) throws(DataChannelFault) {
        if !message.payload.isEmpty {
            if stream.isRemoteFinished { throw .dataAfterFinish }
            message.payload.withUnsafeBytes { receive($0, on: stream) }
        }
        guard streams[stream.id] != nil else { return }
        switch message.flag {
        case .finish:
            if stream.isSettled, !stream.isRemoteFinished { send(.finishAcknowledged, on: stream) }
            receiveFinish(stream)
        case .finishAcknowledged:
            guard stream.isFinished else { return }
            if !stream.isConcluded { clearDeadline(of: stream) }
            delivered(stream, nil)
        case .stopSending:
            guard !stream.isFinished else { return }
            // The writer learns it from its next write.
            stream.isFinishing = true
            resumeWriter(of: stream)
            finish(stream)
        case .reset:
            if !stream.isRemoteFinished || !stream.isFinished { actions.append(.close(stream.id)) }
            cut(stream)
        case nil: break
        }
    }

    /// The remote gave up a stream. If both directions are finished, only the acknowledgement of ours is lost.
    func cut(_ stream: DataChannelStream) {
        let error = StreamError.reset(code: 0)
        if stream.isRemoteFinished, stream.isFinished { delivered(stream, error) } else { remove(stream, error) }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer, on stream: DataChannelStream) {
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

    // MARK: To the channel

    func sendPiece(of bytes: UnsafeRawBufferPointer, from start: Int, on stream: DataChannelStream) -> Int {
        let size = min(bytes.count - start, messageSize - DataChannelFraming.overhead)
        send(DataChannelFraming.data(UnsafeRawBufferPointer(rebasing: bytes[start..<start + size])), on: stream)
        return size
    }

    func send(_ flag: DataChannelFraming.Flag, on stream: DataChannelStream) { send(DataChannelFraming.flag(flag), on: stream) }

    private func send(_ message: [UInt8], on stream: DataChannelStream) {
        stream.buffered += message.count
        if stream.isAcknowledged { actions.append(.send(stream.id, message)) } else { stream.held.append(message) }
    }
}
