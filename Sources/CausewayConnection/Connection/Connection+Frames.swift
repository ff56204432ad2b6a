import CausewayIdentity

/// Yamux's way in: headers, then payload handed on piece by piece, however large its frame.
extension Connection {
    /// One step through the opened bytes.
    func demultiplex() throws(ConnectionError) -> ConnectionOutput? {
        if frameLeft > 0 { return deliver(Int(min(UInt64(frameLeft), UInt64(plain.count)))) }
        guard let header = try nextHeader() else { return nil }
        switch header.kind {
        case .data, .windowUpdate:
            do throws(YamuxFault) {
                try receiveStreamFrame(header)
            } catch {
                throw .peerFault(.yamux, code: error.rawValue)
            }
        case .ping: receivePing(header)
        case .goAway: throw .goAway(code: header.length)
        }
        return nil
    }

    /// The next header, which may be cut anywhere; nil if its end has not arrived.
    private func nextHeader() throws(ConnectionError) -> YamuxHeader? {
        do throws(YamuxFault) {
            if headerPart.isEmpty, plain.count >= Yamux.headerSize, let at = plainBytes.baseAddress {
                dropPlain(Yamux.headerSize)
                return try YamuxHeader(at: UnsafeRawPointer(at))
            }
            let size = min(Yamux.headerSize - headerPart.count, plain.count)
            headerPart.append(contentsOf: plainBytes[..<size])
            dropPlain(size)
            guard headerPart.count == Yamux.headerSize else { return nil }
            let part = headerPart
            headerPart = []
            return try part.withUnsafeBytes { bytes in
                Result { () throws(YamuxFault) in try YamuxHeader(at: bytes.baseAddress!) }
            }.get()
        } catch {
            throw .peerFault(.yamux, code: error.rawValue)
        }
    }

    // MARK: Streams' frames

    private func receiveStreamFrame(_ header: YamuxHeader) throws(YamuxFault) {
        if header.flags.contains(.syn) { try acceptStream(header.stream) }
        let stream = streams[header.stream]
        if header.kind == .data {
            // The window holds before anything else is asked, also for frames that end their stream.
            if let stream, !header.flags.contains(.rst) { try stream.expect(header.length) }
            frameStream = stream
            frameLeft = header.length
            frameFinishes = header.flags.contains(.fin)
        }
        guard let stream else { return }
        if !stream.isInbound, !stream.isAcknowledged { acknowledge(stream) }
        if header.flags.contains(.rst) {
            return removeAndTell(stream, .reset(code: header.kind == .windowUpdate ? header.length : 0))
        }
        if header.kind == .windowUpdate {
            try stream.grow(by: header.length)
            if stream.wait == .credit, stream.sendWindow > 0 { enqueueWriter(stream) }
        }
        if header.flags.contains(.fin), header.kind == .windowUpdate || header.length == 0 { receiveFinish(stream) }
    }

    private func acknowledge(_ stream: YamuxStream) {
        stream.isAcknowledged = true
        unacknowledgedStreams -= 1
    }

    /// The remote opens a stream.
    private func acceptStream(_ id: UInt32) throws(YamuxFault) {
        guard id & 1 == (isInitiator ? 0 : 1) else { throw .wrongParity }
        guard id < 1 << 31 else { throw .idsExhausted }
        guard streams[id] == nil else { throw .duplicateStream }
        guard inboundStreams < limits.inboundStreams else {
            sendControl(.windowUpdate, .rst, stream: id, length: 0)
            return
        }
        add(
            YamuxStream(
                id: id, isInbound: true, negotiation: Negotiation(limits: limits), deadline: negotiationDeadline(from: now), now: now))
    }

    /// Hands on the next bytes of the current frame.
    private func deliver(_ size: Int) -> ConnectionOutput? {
        let start = plain.lowerBound
        guard let stream = frameStream else {
            takeFromFrame(size)
            return nil
        }
        guard stream.isSettled else {
            let taken = negotiate(stream, UnsafeRawBufferPointer(rebasing: plainBytes[..<size]))
            stream.owed += UInt32(taken)
            takeFromFrame(taken)
            return nil
        }
        takeFromFrame(size)
        return .data(stream.id, start: start, count: size)
    }

    private func takeFromFrame(_ size: Int) {
        dropPlain(size)
        frameLeft -= UInt32(size)
        guard frameLeft == 0 else { return }
        let stream = frameStream
        frameStream = nil
        if frameFinishes, let stream { receiveFinish(stream) }
    }

    private func receiveFinish(_ stream: YamuxStream) {
        guard !stream.isRemoteFinished else { return }
        guard stream.isSettled else {
            return abandon(stream, .peerFault(.multistream, code: MultistreamFault.finishedEarly.rawValue))
        }
        stream.isRemoteFinished = true
        outputs.append(.finished(stream.id))
        if stream.isFinished { removeAndTell(stream, nil) }
    }

    // MARK: Negotiation

    /// Takes the next message of a stream whose protocol is not settled; answers how many bytes that were.
    private func negotiate(_ stream: YamuxStream, _ bytes: UnsafeRawBufferPointer) -> Int {
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
                if stream.wait == .settling { enqueueWriter(stream) }
            }
            if step == .needMore || taken == bytes.count { sendReply(stream, negotiation) }
            return taken
        } catch {
            abandon(stream, .peerFault(.multistream, code: error.rawValue))
            return 0
        }
    }

    private func answer(_ stream: YamuxStream, _ negotiation: Negotiation, _ name: [UInt8]) {
        guard let entry = protocols.entry(for: name), entry.allowsLimited || !isLimited else { return negotiation.refuse() }
        negotiation.accept(name)
        sendReply(stream, negotiation)
        settle(stream)
        outputs.append(.streamOpened(stream.id, entry))
    }

    func sendReply(_ stream: YamuxStream, _ negotiation: Negotiation, flags: YamuxHeader.Flags = []) {
        let reply = negotiation.takeReply()
        guard !reply.isEmpty, !isClosed, streams[stream.id] != nil else { return }
        // Both limits on a negotiation's messages together stay below the window that every stream starts with.
        guard UInt32(reply.count) <= stream.sendWindow, checkControl() else { return }
        reply.withUnsafeBytes { sendData(stream, $0, flags: flags) }
    }

    private func settle(_ stream: YamuxStream) {
        stream.negotiation = nil
        negotiatingStreams -= 1
        if negotiatingStreams == 0 { negotiationDeadline = .distantFuture }
    }

    // MARK: Ping

    private func receivePing(_ header: YamuxHeader) {
        if header.flags.contains(.syn) { return sendControl(.ping, .ack, stream: 0, length: header.length) }
        guard header.flags.contains(.ack), header.length == pingValue, let sent = pingSent else { return }
        pingSent = nil
        let took = now - sent
        roundTrip = took
        outputs.append(.roundTrip(took))
    }
}
