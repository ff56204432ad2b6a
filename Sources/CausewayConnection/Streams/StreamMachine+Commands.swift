import CausewayIdentity

// What streams' owners ask for.
extension StreamMachine {
    public func hasStream(_ stream: UInt32) -> Bool { streams[stream] != nil }

    /// Whether a stream's finished direction has not been delivered yet.
    public var awaitsDelivery: Bool { streams.values.contains { $0.isFinishing && !$0.isDelivered } }

    /// How many streams have an owner.
    var ownedStreams: Int { streams.values.count { $0.owner != nil } }

    /// Opens a stream and proposes the protocols in this order. With a single proposal, the stream can be written to at once.
    /// - Returns: The stream's number. Answered by `streamReady` or `streamFailed`.
    public func openStream(_ protocolIDs: [[UInt8]], owner: (any StreamOwner)? = nil, now: Instant) throws(StreamError) -> UInt32 {
        moveTime(to: now)
        guard isEstablished, !protocolIDs.isEmpty else { throw .notConnected }
        guard unacknowledgedStreams < limits.unacknowledgedStreams else {
            throw .limit(.streamsAwaitingAccept, value: UInt64(limits.unacknowledgedStreams))
        }
        guard nextStream < 1 << 31 else { throw .limit(.streamsPerConnection, value: 1 << 30) }
        let id = nextStream
        nextStream += 2
        let negotiation = Negotiation(proposing: protocolIDs, limits: limits)
        let stream = add(id, negotiation)
        stream.owner = owner
        sendReply(stream, negotiation)
        return id
    }

    /// Sends data from where it lies.
    /// - Returns: How many bytes were taken. If not all, `writable` says when to continue.
    /// - Throws: `.closed` if the stream has ended or was finished.
    public func write(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        guard let stream = streams[stream], !stream.isFinishing else { throw .closed }
        guard stream.takesData else {
            stream.isWaiting = true
            return 0
        }
        return carrier.send(bytes, on: stream, in: self)
    }

    /// Sends all bytes or none, past the high-water mark, for a small message that must not be cut.
    public func writeAll(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let stream = streams[stream], !stream.isFinishing, stream.takesData else { return false }
        return carrier.sendAll(bytes, on: stream, in: self)
    }

    /// Finishes our direction once the protocol is settled, in a frame of its own: js-libp2p loses data that arrives together with FIN.
    public func finish(_ stream: UInt32) {
        guard let stream = streams[stream], !stream.isFinishing else { return }
        finish(stream)
    }

    /// The owner has concluded the stream: it is reset if it is not over in `ConnectionLimits.concludedTime`.
    func expectEnd(of stream: UInt32) {
        guard let stream = streams[stream], !stream.isConcluded else { return }
        stream.isConcluded = true
        if stream.isSettled { setDeadline(of: stream, after: limits.concludedTime) }
    }

    /// A stream's owner has taken this many bytes.
    public func consumed(_ stream: UInt32, _ count: Int) {
        guard let stream = streams[stream], count > 0 else { return }
        let size = min(count, stream.unread)
        stream.unread -= size
        unread -= size
        stream.unreturnedCredit += size
        if stream.unreturnedCredit >= stream.creditStep { carrier.giveCredit(of: stream, in: self) }
        if stream.isRemoteFinished { concludeIfOver(stream) }
    }

    /// Ends both directions at once. The end is reported as `.resetLocally`.
    /// - Parameter code: Sent to the remote if there is a place for it (0: none). Stacks without codes ignore it.
    public func reset(_ stream: UInt32, code: UInt32 = 0) {
        if let stream = streams[stream] { abandon(stream, .resetLocally, code: code) }
    }

    /// Resets a stream that its protocol refuses.
    func turnDown(_ id: UInt32) {
        guard let stream = streams[id] else { return }
        abandon(stream, .resetLocally)
        if stream.isInbound { chargeFruitlessStream() }
    }
}
