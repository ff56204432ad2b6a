import CausewayIdentity

// What comes from the shell and its channels.
extension DataChannelConnection {
    /// Takes the next step through what was received. Returns false if nothing is left.
    func read(in streams: StreamMachine) -> Bool {
        if !rest.isEmpty {
            cutMessage(in: streams)
        } else if let input = takeInput() {
            carryOut(input, in: streams)
        } else if !lent.isEmpty {
            (rest, channel) = (lent, lentChannel)
            lent = noBytes
        } else {
            kept.drop(kept.count)
            kept.release()
            return false
        }
        return true
    }

    private func carryOut(_ input: DataChannelInput, in streams: StreamMachine) {
        switch input {
        case .opened(let channel): accept(channel, in: streams)
        case .received(let channel, let bytes):
            kept.drop(kept.count)
            kept.append(bytes)
            (rest, self.channel) = (kept.mutableBytes, channel)
        case .ready(let channel):
            guard let own = channels[channel] else { return }
            streams.acknowledge(own.stream)
            for message in own.held { actions.append(.send(channel, message)) }
            own.held = []
        case .drained(let channel, let buffered):
            guard let own = channels[channel] else { return }
            own.buffered = min(own.buffered, buffered)
            resumeWriter(of: own.stream, in: streams)
        case .closed(let channel): if let own = channels[channel] { cut(own.stream, in: streams) }
        }
    }

    private func accept(_ channel: UInt32, in streams: StreamMachine) {
        guard channels[channel] == nil else { return }
        guard channel & 1 == 0, channel != DataChannelHandshake.channel, channel < 1 << 31,
            streams.inboundStreams < streams.limits.inboundStreams
        else {
            actions.append(.close(channel))
            return streams.chargeFruitlessStream()
        }
        streams.add(channel, Negotiation(limits: streams.limits))
    }

    // MARK: Messages

    private func cutMessage(in streams: StreamMachine) {
        guard let own = channels[channel] else {
            returnCredit(rest.count, of: channel)
            rest = noBytes
            return
        }
        do throws(DataChannelFault) {
            let (taken, message) = try own.decoder.next(UnsafeRawBufferPointer(rest))
            rest = UnsafeMutableRawBufferPointer(rebasing: rest[taken...])
            own.stream.unreturnedCredit += taken
            guard let message else { return }
            if !message.payload.isEmpty, own.stream.isRemoteFinished { throw .dataAfterFinish }
            // Parts of this message may have been given back with what the reader has taken: the sum is right.
            own.stream.unreturnedCredit -= message.payload.count
            (self.message, reader) = (message, own)
        } catch {
            streams.abandon(own.stream, .peerFault(.dataChannel, code: error.rawValue))
        }
    }

    /// Takes the next step through the current message.
    func readMessage(in streams: StreamMachine) -> ConnectionOutput? {
        guard let message, let own = reader, channels[own.stream.id] === own else {
            if let message, let own = reader { returnCredit(message.payload.count, of: own.stream.id) }
            forgetMessage()
            return nil
        }
        if !message.payload.isEmpty { return readPayload(message.payload, of: own, in: streams) }
        forgetMessage()
        if let credit = message.credit { receive(credit, on: own, in: streams) }
        if let flag = message.flag { receive(flag, on: own.stream, in: streams) }
        return nil
    }

    func forgetMessage() {
        message = nil
        reader = nil
    }

    private func readPayload(
        _ bytes: UnsafeRawBufferPointer, of own: DataChannelStream, in streams: StreamMachine
    ) -> ConnectionOutput? {
        let stream = own.stream
        guard stream.isSettled else {
            let taken = streams.negotiate(stream, bytes)
            message?.payload = UnsafeRawBufferPointer(rebasing: bytes[taken...])
            own.arrived += UInt64(taken)
            if channels[stream.id] === own { stream.unreturnedCredit += taken } else { returnCredit(taken, of: stream.id) }
            return nil
        }
        message?.payload = UnsafeRawBufferPointer(start: nil, count: 0)
        own.arrived += UInt64(bytes.count)
        stream.unread += bytes.count
        streams.unread += bytes.count
        guard stream.unread <= streams.limits.unreadPerChannel, streams.unread <= streams.limits.windowsPerConnection else {
            streams.abandon(stream, .limit(.receiveWindow, value: UInt64(streams.limits.unreadPerChannel)))
            return nil
        }
        if own.told == 0 { tellCredit(on: own, in: streams) }
        payload = UnsafeMutableRawBufferPointer(mutating: bytes)
        return streams.about(stream, .data(stream.id, start: 0, count: bytes.count))
    }

    /// What the remote's reader will have taken, or 0: the remote heeds what we say of ours.
    private func receive(_ credit: UInt64, on own: DataChannelStream, in streams: StreamMachine) {
        if credit == 0 {
            own.told = own.told ?? 0
        } else if own.allowed == .max || credit > own.allowed {
            own.allowed = min(credit, .max - 1)
            resumeWriter(of: own.stream, in: streams)
        }
    }

    // MARK: Ends

    private func receive(_ flag: DataChannelFraming.Flag, on stream: MultiplexedStream, in streams: StreamMachine) {
        switch flag {
        case .finish:
            if stream.isSettled, !stream.isRemoteFinished { send(.finishAcknowledged, on: stream) }
            streams.receiveFinish(stream)
        case .finishAcknowledged:
            guard stream.isFinished else { return }
            if !stream.isConcluded { streams.clearDeadline(of: stream) }
            streams.delivered(stream, nil)
        case .stopSending:
            guard !stream.isFinished else { return }
            // The writer learns it from its next write.
            stream.isFinishing = true
            resumeWriter(of: stream, in: streams)
            streams.finish(stream)
        case .reset:
            if !stream.isRemoteFinished || !stream.isFinished { actions.append(.close(stream.id)) }
            cut(stream, in: streams)
        }
    }

    /// The remote gave up a stream. If both directions are finished, only the acknowledgement of ours is lost.
    private func cut(_ stream: MultiplexedStream, in streams: StreamMachine) {
        let error = StreamError.reset(code: 0)
        if stream.isRemoteFinished, stream.isFinished { streams.delivered(stream, error) } else { streams.remove(stream, error) }
    }
}
