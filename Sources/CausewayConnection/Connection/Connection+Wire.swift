import CausewayIdentity

extension Connection {
    /// The shell has taken this many bytes of `wire`. An empty wire's memory is freed. The next outputs notify waiting writers.
    /// - Parameter isSent: Whether the carrier of the link has all of them. If false, they wait in the shell, and `wireSent` follows.
    public func wireTaken(_ count: Int, isSent: Bool = true) {
        wirePeak = max(wirePeak, wire.count)
        wire.drop(count)
        if wire.isEmpty { wire.release() }
        wirePosition += UInt64(count)
        if isSent { wireSent(upTo: wirePosition) }
    }

    /// The carrier of the link has all of the wire before this position. Returns whether that may deliver a stream; the next outputs
    /// tell.
    @discardableResult
    public func wireSent(upTo position: UInt64) -> Bool {
        guard position > sentPosition else { return false }
        sentPosition = position
        mayHaveDelivered = finishing.first != nil
        return mayHaveDelivered
    }

    /// Streams are delivered when the carrier of the link has their FIN.
    func reportDelivered(in streams: StreamMachine) {
        mayHaveDelivered = false
        while let first = finishing.first {
            let window = windows[first]
            if let window, window.finishEnd > sentPosition { return }
            finishing.removeFirst()
            if let window { streams.delivered(window.stream, nil) }
        }
    }

    // MARK: Yamux frames

    /// Queues a frame without payload that answers the remote or returns something. Such frames go past the wire's high-water mark, so a
    /// remote that causes them and does not read is disconnected at a bound.
    func sendControl(_ kind: YamuxHeader.Kind, _ flags: YamuxHeader.Flags, stream: UInt32, length: UInt32, in streams: StreamMachine) {
        guard checkControl(in: streams) else { return }
        sendFrame(YamuxHeader(kind: kind, flags: flags, stream: stream, length: length), UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Sends the last frame.
    func sendGoAway(_ code: UInt32) {
        sendFrame(YamuxHeader(kind: .goAway, flags: [], stream: 0, length: code), UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Sends data of a stream in one frame, together with flags that the stream still has to send. The caller has checked the credit.
    func sendData(_ window: YamuxStream, _ bytes: UnsafeRawBufferPointer) {
        window.sendWindow -= UInt32(bytes.count)
        sendFrame(YamuxHeader(kind: .data, flags: window.takeFlags(), stream: window.stream.id, length: UInt32(bytes.count)), bytes)
    }

    /// Returns false, and ends the connection, if the remote causes answers and does not read.
    func checkControl(in streams: StreamMachine) -> Bool {
        guard isOverControlBound(in: streams) else { return true }
        streams.fail(overControlBound(in: streams))
        return false
    }

    /// Beyond the high-water mark there may be one last data frame, and control frames. With all layers, a control frame has at most 128
    /// bytes; the longest is the answer to a stream's proposal.
    private func isOverControlBound(in streams: StreamMachine) -> Bool {
        wire.count > streams.limits.wireHighWater + streams.limits.framePayload + 128 * streams.limits.pendingControlFrames
    }

    private func overControlBound(in streams: StreamMachine) -> ConnectionError {
        .limit(.pendingControlFrames, value: UInt64(streams.limits.pendingControlFrames))
    }

    private func sendFrame(_ header: YamuxHeader, _ body: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(byteCount: Yamux.headerSize, alignment: 8) { head in
            guard let base = head.baseAddress else { return }
            header.write(to: base)
            seal(head: UnsafeRawBufferPointer(head), body: body)
        }
    }

    // MARK: Noise frames

    /// Seals `head` and `body` as one frame directly into the wire. This is one step, because every nonce that is taken must be sent.
    func seal(head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        guard let sealingKey else { return }
        let sealed = head.count + body.count + CipherKey.tagLength
        if wire.isEmpty, wirePeak > 0 {
            _ = wire.reserve(wirePeak)
            wirePeak = 0
        }
        let at = reserve(sealed + 2)
        at.storeBytes(of: UInt16(truncatingIfNeeded: sealed).bigEndian, as: UInt16.self)
        sealingKey.seal(into: at + 2, counter: sealingCounter, head: head, body: body)
        sealingCounter += 1
        commit(sealed + 2)
    }

    /// Makes room on the wire for this many bytes of Noise. `commit` completes them.
    private func reserve(_ size: Int) -> UnsafeMutableRawPointer {
        if let framing { framing.reserve(size, in: &wire) } else { wire.reserve(size) }
    }

    private func commit(_ size: Int) {
        if let framing { framing.commit(size, in: &wire) } else { wire.commit(size) }
    }

    /// Sends bytes below Noise.
    func sendPlain(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        bytes.withUnsafeBytes { reserve($0.count).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        commit(bytes.count)
    }

    /// Sends a few bytes inside Noise, before Yamux.
    func sendSealed(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        bytes.withUnsafeBytes { seal(head: $0, body: UnsafeRawBufferPointer(start: nil, count: 0)) }
    }

    // MARK: Reading

    /// Makes more payload contiguous. Returns false if that needs more bytes from the link.
    func fillPayload(in streams: StreamMachine) throws(ConnectionError) -> Bool {
        guard let framing else { return false }
        let fill: FillResult
        do throws(WebSocketFault) {
            fill = try framing.fill(&input, wire: &wire)
        } catch {
            throw .peerFault(.webSocket, code: error.rawValue)
        }
        if isOverControlBound(in: streams) { throw overControlBound(in: streams) }
        if fill == .closed { throw .link(errno: 0) }
        return fill == .progress
    }

    /// The next Noise frame's content in place, without its length. nil: it is not complete yet.
    func nextFrame(atMost largest: Int, in streams: StreamMachine) throws(ConnectionError) -> UnsafeMutableRawBufferPointer? {
        while true {
            let payload = input.payload
            if payload.count >= 2 {
                let length = Int(payload[0]) << 8 | Int(payload[1])
                if length > largest { throw .limit(.frameSize, value: UInt64(largest)) }
                if payload.count >= length + 2 {
                    input.dropPayload(length + 2)
                    return UnsafeMutableRawBufferPointer(rebasing: payload[2..<length + 2])
                }
            }
            guard try fillPayload(in: streams) else { return nil }
        }
    }

    /// Opens the next frame in place, into `plain`. Returns false if it is not complete yet.
    func openFrame(in streams: StreamMachine) throws(ConnectionError) -> Bool {
        guard let frame = try nextFrame(atMost: 65535, in: streams), let at = frame.baseAddress, let base = input.base else { return false }
        guard frame.count >= CipherKey.tagLength else { throw .peerFault(.noise, code: NoiseFault.frameTooShort.rawValue) }
        guard let openingKey, openingKey.open(UnsafeRawBufferPointer(frame), into: at, counter: openingCounter) else {
            throw .peerFault(.noise, code: NoiseFault.decryption.rawValue)
        }
        openingCounter += 1
        plainStart = at - base
        plainCount = frame.count - CipherKey.tagLength
        return true
    }

    /// The opened bytes that have not been processed yet.
    var plainBytes: UnsafeMutableRawBufferPointer { payload(plainStart, plainCount) }

    func dropPlain(_ count: Int) {
        plainStart += count
        plainCount -= count
    }
}
