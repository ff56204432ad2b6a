import CausewayIdentity

extension Connection: StreamCarrier {
    // MARK: Driving

    public func proceed(in streams: StreamMachine) -> ConnectionOutput? {
        if streams.isClosed {
            input.discard()
            return nil
        }
        streams.moveTime(to: lastReceived)
        if mayHaveDelivered { reportDelivered(in: streams) }
        do throws(ConnectionError) {
            if let data = try work(in: streams) { return data }
        } catch {
            streams.fail(error)
        }
        if streams.hasOutputs { return nil }
        if let writer = nextWriter(in: streams) { return streams.about(writer, .writable(writer.id)) }
        input.settle()
        return nil
    }

    public func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: input.base.map { $0 + start }, count: count)
    }

    public var backlog: Int { wire.count }

    // MARK: Beginning and end

    public var firstStream: UInt32 { isInitiator ? 1 : 2 }

    public var handshakeLayer: ConnectionError.Layer { upgrade?.layer ?? .yamux }

    /// After everything on the wire: Yamux go-away, then the framing's end.
    public func sayGoodbye(because error: ConnectionError) {
        var isFault = false
        var code: UInt32?
        switch error {
        case .peerFault(.yamux, _): code = Yamux.GoAway.protocolError
        case .peerFault(.webSocket, _): isFault = true
        case .limit: code = Yamux.GoAway.internalError
        // Nobody is there who could read it.
        case .closed(.unresponsive): break
        case .closed: code = Yamux.GoAway.normal
        default: break
        }
        if upgrade == nil, let code { sendGoAway(code) }
        framing?.sendClose(isFault: isFault, into: &wire)
    }

    public func ended() {
        windows = Table()
        waiting = StreamQueue()
        finishing = StreamQueue()
        upgrade = nil
        frameStream = nil
        headerPart = ByteQueue()
    }

    // MARK: Streams

    public func begin(_ stream: MultiplexedStream, in streams: StreamMachine) {
        windows[stream.id] = YamuxStream(stream, now: streams.now)
        stream.creditStep = Int(Yamux.initialWindow / 2)
    }

    /// Seals into as few frames as the limits allow. What fits in one frame stays in one.
    public func send(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream, in streams: StreamMachine) -> Int {
        guard let window = windows[stream.id] else { return 0 }
        var taken = 0
        while taken < bytes.count {
            guard window.sendWindow > 0, wire.count < streams.limits.wireHighWater else {
                stream.isWaiting = true
                enqueueWriter(window)
                break
            }
            let size = min(bytes.count - taken, streams.limits.framePayload, Int(min(window.sendWindow, 1 << 30)))
            sendData(window, UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + size]))
            taken += size
        }
        return taken
    }

    /// The limits of a negotiation's messages keep their sum below the window with which every stream starts.
    public func sendAll(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream, in streams: StreamMachine) -> Bool {
        guard let window = windows[stream.id], bytes.count <= Int(min(window.sendWindow, 32 << 10)), checkControl(in: streams) else {
            return false
        }
        sendData(window, bytes)
        return true
    }

    public func finish(_ stream: MultiplexedStream, in streams: StreamMachine) {
        guard let window = windows[stream.id] else { return }
        sendControl(.windowUpdate, window.takeFlags().union(.fin), stream: stream.id, length: 0, in: streams)
        window.finishEnd = wirePosition + UInt64(wire.count)
        finishing.append(stream.id)
    }

    public func reset(_ stream: MultiplexedStream, code: UInt32, in streams: StreamMachine) {
        sendControl(.windowUpdate, .rst, stream: stream.id, length: code, in: streams)
    }

    public func resumeWriter(of stream: MultiplexedStream, in streams: StreamMachine) {
        if let window = windows[stream.id] { enqueueWriter(window) }
    }

    /// A remote that has finished needs no credit any more.
    public func giveCredit(of stream: MultiplexedStream, in streams: StreamMachine) {
        if !stream.isRemoteFinished, let window = windows[stream.id] { openWindow(window, in: streams) }
    }

    /// Both ends know it by each other's FIN.
    public func conclude(_ stream: MultiplexedStream) {}

    public func forget(_ stream: MultiplexedStream) {
        guard let window = windows.removeValue(forKey: stream.id) else { return }
        windowGrowth -= Int(window.windowSize - Yamux.initialWindow)
        if frameStream === window { frameStream = nil }
    }

    // MARK: Signs of life

    public func nextDeadline(in streams: StreamMachine) -> Instant {
        streams.isEstablished ? lifeDeadline(in: streams) : .distantFuture
    }

    public func deadlinePassed(in streams: StreamMachine) {
        guard !streams.isClosed, streams.now >= lifeDeadline(in: streams) else { return }
        checkLife(in: streams)
    }

    /// Without an answer, the connection ends within `ConnectionLimits.probeTimeout`.
    public func probe(in streams: StreamMachine) {
        if isDoubted, let probeSent, probeSent > lastReceived { return }
        sendPing(in: streams)
        probeSent = streams.now
        isDoubted = true
    }
}
