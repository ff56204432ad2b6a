import CausewayIdentity

/// Reads Yamux: headers, then payload that is passed on piece by piece, however large its frame is.
extension Connection {
    /// Takes one step through the opened bytes.
    func demultiplex(in streams: StreamMachine) throws(ConnectionError) -> ConnectionOutput? {
        if frameLeft > 0 { return deliver(Int(min(UInt64(frameLeft), UInt64(plainCount))), in: streams) }
        var code: UInt32?
        do throws(YamuxFault) {
            guard let header = try nextHeader() else { return nil }
            switch header.kind {
            case .data, .windowUpdate: try receiveStreamFrame(header, in: streams)
            case .ping: receivePing(header, in: streams)
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

    private func receiveStreamFrame(_ header: YamuxHeader, in streams: StreamMachine) throws(YamuxFault) {
        if header.flags.contains(.syn) { try acceptStream(header.stream, in: streams) }
        let window = windows[header.stream]
        if header.kind == .data {
            // The window is checked before anything else, even for frames that end their stream.
            if let window, !header.flags.contains(.rst) { try window.expect(header.length) }
            frameStream = window
            frameLeft = header.length
            frameFinishes = header.flags.contains(.fin)
        }
        guard let window else { return }
        let stream = window.stream
        streams.acknowledge(stream)
        if header.flags.contains(.rst) {
            return streams.remove(stream, .reset(code: header.kind == .windowUpdate ? header.length : 0))
        }
        if header.kind == .windowUpdate {
            try window.grow(by: header.length)
            enqueueWriter(window)
        }
        if header.flags.contains(.fin), header.kind == .windowUpdate || header.length == 0 { streams.receiveFinish(stream) }
    }

    /// The remote opens a stream.
    private func acceptStream(_ id: UInt32, in streams: StreamMachine) throws(YamuxFault) {
        guard id & 1 == (isInitiator ? 0 : 1) else { throw .wrongParity }
        guard id < 1 << 31 else { throw .idsExhausted }
        guard windows[id] == nil else { throw .duplicateStream }
        guard streams.inboundStreams < streams.limits.inboundStreams else {
            sendControl(.windowUpdate, .rst, stream: id, length: 0, in: streams)
            return streams.chargeFruitlessStream()
        }
        streams.add(id, Negotiation(limits: streams.limits))
    }

    /// Passes on the next bytes of the current frame.
    private func deliver(_ size: Int, in streams: StreamMachine) -> ConnectionOutput? {
        let start = plainStart
        guard let window = frameStream else {
            takeFromFrame(size, in: streams)
            return nil
        }
        let stream = window.stream
        guard stream.isSettled else {
            let taken = streams.negotiate(stream, UnsafeRawBufferPointer(rebasing: plainBytes[..<size]))
            stream.unreturnedCredit += taken
            takeFromFrame(taken, in: streams)
            return nil
        }
        stream.unread += size
        streams.unread += size
        takeFromFrame(size, in: streams)
        return streams.about(stream, .data(stream.id, start: start, count: size))
    }

    private func takeFromFrame(_ size: Int, in streams: StreamMachine) {
        dropPlain(size)
        frameLeft -= UInt32(size)
        guard frameLeft == 0 else { return }
        let window = frameStream
        frameStream = nil
        if frameFinishes, let window { streams.receiveFinish(window.stream) }
    }

    // MARK: Ping

    private func receivePing(_ header: YamuxHeader, in streams: StreamMachine) {
        if header.flags.contains(.syn) { return sendControl(.ping, .ack, stream: 0, length: header.length, in: streams) }
        guard header.flags.contains(.ack), header.length == pingValue, let sent = pingSent else { return }
        pingSent = nil
        let took = streams.now - sent
        roundTrip = took
        streams.report(.roundTrip(took))
    }
}
