import CausewayIdentity

/// Reads Yamux: headers, then payload that is passed on piece by piece, however large its frame is.
extension Connection {
    /// Takes one step through the opened bytes.
    func demultiplex() throws(ConnectionError) -> ConnectionOutput? {
        if frameLeft > 0 { return deliver(Int(min(UInt64(frameLeft), UInt64(plainCount)))) }
        var code: UInt32?
        do throws(YamuxFault) {
            guard let header = try nextHeader() else { return nil }
            switch header.kind {
            case .data, .windowUpdate: try receiveStreamFrame(header)
            case .ping: receivePing(header)
            case .goAway: code = header.length
            }
        } catch {
            throw .peerFault(.yamux, code: error.rawValue)
        }
        if let code { throw .goAway(code: code) }
        return nil
    }

    /// The next header, which may be cut anywhere. nil: the rest of it has not arrived.
    private func nextHeader() throws(YamuxFault) -> YamuxHeader? {
        if headerPart.isEmpty, plainCount >= Yamux.headerSize, let at = plainBytes.baseAddress {
            dropPlain(Yamux.headerSize)
            return try YamuxHeader(at: UnsafeRawPointer(at))
        }
        let size = min(Yamux.headerSize - headerPart.count, plainCount)
        headerPart.append(UnsafeRawBufferPointer(rebasing: plainBytes[..<size]))
        dropPlain(size)
        guard headerPart.count == Yamux.headerSize, let at = headerPart.bytes.baseAddress else { return nil }
        defer { headerPart = ByteQueue() }
        return try YamuxHeader(at: at)
    }

    // MARK: Streams' frames

    private func receiveStreamFrame(_ header: YamuxHeader) throws(YamuxFault) {
        if header.flags.contains(.syn) { try acceptStream(header.stream) }
        let stream = stream(header.stream)
        if header.kind == .data {
            // The window is checked before anything else, even for frames that end their stream.
            if let stream, !header.flags.contains(.rst) { try stream.expect(header.length) }
            frameStream = stream
            frameLeft = header.length
            frameFinishes = header.flags.contains(.fin)
        }
        guard let stream else { return }
        acknowledge(stream)
        if header.flags.contains(.rst) {
            return remove(stream, .reset(code: header.kind == .windowUpdate ? header.length : 0))
        }
        if header.kind == .windowUpdate {
            try stream.grow(by: header.length)
            enqueueWriter(stream)
        }
        if header.flags.contains(.fin), header.kind == .windowUpdate || header.length == 0 { receiveFinish(stream) }
    }

    /// The remote opens a stream.
    private func acceptStream(_ id: UInt32) throws(YamuxFault) {
        guard id & 1 == (isInitiator ? 0 : 1) else { throw .wrongParity }
        guard id < 1 << 31 else { throw .idsExhausted }
        guard streams[id] == nil else { throw .duplicateStream }
        guard inboundStreams < limits.inboundStreams else {
            sendControl(.windowUpdate, .rst, stream: id, length: 0)
            return chargeFruitlessStream()
        }
        add(id, Negotiation(limits: limits))
    }

    /// Passes on the next bytes of the current frame.
    private func deliver(_ size: Int) -> ConnectionOutput? {
        let start = plainStart
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
        stream.unread += size
        unread += size
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
