import CausewayIdentity

// How streams live, for carriers.
extension StreamMachine {
    // MARK: The table

    @discardableResult
    func add(_ id: UInt32, _ negotiation: Negotiation) -> MultiplexedStream {
        let stream = MultiplexedStream(id: id, negotiation: negotiation)
        streams[id] = stream
        if stream.isInbound { inboundStreams += 1 } else { unacknowledgedStreams += 1 }
        setDeadline(of: stream, after: limits.negotiationTime)
        carrier.begin(stream, in: self)
        return stream
    }

    func acknowledge(_ stream: MultiplexedStream) {
        guard !stream.isAcknowledged else { return }
        stream.isAcknowledged = true
        unacknowledgedStreams -= 1
    }

    /// Resets a stream, and reports the reason to its owner.
    func abandon(_ stream: MultiplexedStream, _ error: StreamError, code: UInt32 = 0) {
        guard streams[stream.id] != nil else { return }
        // If both sides have finished, there is nobody left to notify.
        if !stream.isDelivered || !stream.isRemoteFinished { carrier.reset(stream, code: code, in: self) }
        remove(stream, error)
    }

    func remove(_ stream: MultiplexedStream, _ error: StreamError?) {
        guard streams[stream.id] != nil else { return }
        streams[stream.id] = nil
        if stream.isInbound { inboundStreams -= 1 } else if !stream.isAcknowledged { unacknowledgedStreams -= 1 }
        unread -= stream.unread
        carrier.forget(stream)
        reportEnd(of: stream, error)
        clearDeadline(of: stream)
        if stream.isInbound, let error, isFruitless(stream, error) { chargeFruitlessStream() }
    }

    /// Reports a stream's end. An inbound stream has no owner before its protocol is settled.
    func reportEnd(of stream: MultiplexedStream, _ error: StreamError?) {
        if stream.isSettled {
            report(.streamClosed(stream.id, error), of: stream)
        } else if !stream.isInbound {
            report(.streamFailed(stream.id, error ?? .closed), of: stream)
        }
    }

    // MARK: Both ends

    /// Finishes our direction, once the protocol is settled.
    func finish(_ stream: MultiplexedStream) {
        stream.isFinishing = true
        guard stream.isSettled, !stream.isFinished else { return }
        stream.isFinished = true
        carrier.finish(stream, in: self)
    }

    /// A finished direction of ours is delivered, or its fate is unknown, as `error` says.
    func delivered(_ stream: MultiplexedStream, _ error: StreamError?) {
        guard !stream.isDelivered else { return }
        stream.isDelivered = true
        report(.delivered(stream.id, error), of: stream)
        concludeIfOver(stream)
    }

    /// The remote finished its direction.
    func receiveFinish(_ stream: MultiplexedStream) {
        guard !stream.isRemoteFinished else { return }
        guard stream.isSettled else {
            return abandon(stream, .peerFault(.multistream, code: MultistreamFault.finishedEarly.rawValue))
        }
        stream.isRemoteFinished = true
        report(.finished(stream.id), of: stream)
        concludeIfOver(stream)
    }

    /// An inbound stream counts until its owner has read it to the end, because the owner's unread bytes are still held.
    func concludeIfOver(_ stream: MultiplexedStream) {
        guard stream.isRemoteFinished, stream.isDelivered, stream.unread == 0 || !stream.isInbound else { return }
        carrier.conclude(stream)
        remove(stream, nil)
    }

    // MARK: Fruitless streams

    /// Whether an inbound stream came to nothing because of the remote. After we have finished, a reset means only that the remote has read
    /// enough: rust-libp2p ends its streams so.
    private func isFruitless(_ stream: MultiplexedStream, _ error: StreamError) -> Bool {
        switch error {
        case .reset, .timedOut: !stream.isFinishing
        case .peerFault: true
        default: false
        }
    }

    /// Counts a stream of the remote's that came to nothing. Too many cost it the connection.
    func chargeFruitlessStream() {
        guard !isClosed, !patience.take(at: now) else { return }
        fail(.limit(.fruitlessStreams, value: UInt64(limits.fruitlessStreams)))
    }

    // MARK: Negotiation

    /// Takes the next message of a stream whose protocol is not settled. Returns how many bytes that were.
    func negotiate(_ stream: MultiplexedStream, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let negotiation = stream.negotiation else { return 0 }
        do throws(MultistreamFault) {
            let (taken, step) = try negotiation.receive(bytes)
            switch step {
            case .needMore, .progress: break
            case .proposed(let name): answer(stream, negotiation, name)
            case .refused: abandon(stream, .unsupportedProtocol)
            case .settled(let name):
                settle(stream)
                report(.streamReady(stream.id, protocolID: name), of: stream)
                if stream.isFinishing { finish(stream) }
                carrier.resumeWriter(of: stream, in: self)
            }
            if taken == bytes.count { sendReply(stream, negotiation) }
            return taken
        } catch {
            abandon(stream, .peerFault(.multistream, code: error.rawValue))
            return 0
        }
    }

    private func answer(_ stream: MultiplexedStream, _ negotiation: Negotiation, _ name: [UInt8]) {
        guard let entry = entry(for: name) else {
            negotiation.refuse()
            return chargeFruitlessStream()
        }
        negotiation.accept(name)
        sendReply(stream, negotiation)
        settle(stream)
        report(.streamOpened(stream.id, entry), of: stream)
    }

    /// The protocol of this name, if it is served here.
    func entry(for name: [UInt8]) -> ProtocolTable.Entry? {
        guard let entry = protocols.entry(for: name), entry.allowsLimited || !isLimited else { return nil }
        return entry
    }

    func sendReply(_ stream: MultiplexedStream, _ negotiation: Negotiation) {
        let reply = negotiation.takeReply()
        guard !reply.isEmpty, streams[stream.id] != nil else { return }
        _ = reply.withUnsafeBytes { carrier.sendAll($0, on: stream, in: self) }
    }

    private func settle(_ stream: MultiplexedStream) {
        stream.negotiation = nil
        if stream.isConcluded { setDeadline(of: stream, after: limits.concludedTime) } else { clearDeadline(of: stream) }
    }

    // MARK: Deadlines

    /// Deadlines are rounded up to quarters of a second, so that a flood of streams does not cause a search for each of them.
    func setDeadline(of stream: MultiplexedStream, after time: Interval) {
        let step: UInt64 = 250_000_000
        var exact = now + time
        if exact.nanoseconds < .max - step { exact = Instant(nanoseconds: (exact.nanoseconds / step + 1) * step) }
        if stream.deadline == .distantFuture { timedStreams += 1 }
        stream.deadline = exact
        deadline = min(deadline, exact)
    }

    func clearDeadline(of stream: MultiplexedStream) {
        guard stream.deadline < .distantFuture else { return }
        stream.deadline = .distantFuture
        timedStreams -= 1
        if timedStreams == 0 { deadline = .distantFuture }
    }

    func expireStreams() {
        guard now >= deadline else { return }
        deadline = .distantFuture
        for stream in streams.values where !isClosed {
            if stream.deadline <= now { expire(stream) } else { deadline = min(deadline, stream.deadline) }
        }
    }

    /// What a stream waited for has not come in time. A remote that does not acknowledge our end may not know how, so its own direction
    /// goes on.
    private func expire(_ stream: MultiplexedStream) {
        guard stream.isFinished, !stream.isConcluded else { return abandon(stream, .timedOut) }
        clearDeadline(of: stream)
        delivered(stream, .timedOut)
    }
}
