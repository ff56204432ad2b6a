public import CausewayIdentity

/// One end of an SCTP association over DTLS (RFC 9260; RFC 8261): messages on many streams, each complete and in order, whatever the
/// datagrams below do.
///
/// It is a machine: `receive` and the commands are its inputs, `pollEvent` and `pollOutput` say what follows, and `advance` is called at
/// `nextDeadline`. All events are polled before the next `receive`, since they lend its bytes. `pollOutput` is best called once for
/// all datagrams that came together, so that one SACK answers them.
public final class Association {
    /// The most bytes of a packet: DTLS, UDP and IPv6 around it make 1,276, which every path takes.
    public static let packetSize = 1191

    let settings: AssociationSettings
    let limits: SCTPLimits
    var state = AssociationState.closed
    let events = EventQueue()
    var controls: ControlQueue
    var entropy: AssociationEntropy

    /// What this side says of itself, the same in each INIT and INIT ACK until the association stands.
    let local: InitiationChunk
    /// The tag of packets to the remote.
    var remoteTag: UInt32 = 0
    var features: AssociationFeatures = []
    /// Streams that the remote takes.
    var outboundStreams = 0
    var handshake = HandshakeTimer()

    var received: ReceivedTSNs
    var reassembly: Reassembly
    var acknowledgement = DelayedAcknowledgement()
    /// What the remote may still send, as far as it knows.
    var remoteCredit: Int
    /// Since when data that the application leaves lying closes the window.
    var closedSince: Instant?

    var transmission: Transmission
    /// A message was not taken for want of room.
    var wantsRoom = false
    var streams = Table<UInt16, OutboundStream>()
    var outgoingResets: OutgoingResets
    var incomingResets: IncomingResets
    var heartbeats = Heartbeats()
    /// T2-shutdown.
    var shutdownDeadline = Instant.distantFuture
    var shutdownTries = 0

    /// - Parameter entropy: 32 random bytes that nobody else knows.
    public init(_ settings: AssociationSettings = AssociationSettings(), entropy bytes: [UInt8]) {
        precondition(bytes.count == 32, "an association needs 32 bytes of entropy")
        self.settings = settings
        limits = settings.limits
        controls = ControlQueue(limits: limits)
        var entropy = AssociationEntropy(bytes)
        var local = InitiationChunk(
            tag: entropy.tag(), window: UInt32(clamping: limits.receiveWindow), outboundStreams: .max, inboundStreams: .max,
            initialTSN: TSN(entropy.number32()))
        local.features = settings.zeroChecksum ? .all : [.reconfiguration, .forwardTSN]
        self.local = local
        self.entropy = entropy
        remoteCredit = limits.receiveWindow
        received = ReceivedTSNs(initial: TSN(0), limits: limits)
        reassembly = Reassembly(limits: limits, events: events)
        transmission = Transmission(initialTSN: local.initialTSN, remoteWindow: 0, congestion: settings.congestionControl.make())
        outgoingResets = OutgoingResets(initialTSN: local.initialTSN)
        incomingResets = IncomingResets(initialTSN: TSN(0))
    }

    deinit { transmission.queue.removeAll() }

    // MARK: Outputs

    /// The next thing that the owner should know.
    public func pollEvent() -> AssociationEvent? { events.next() }

    /// When `advance` is to be called.
    public var nextDeadline: Instant {
        guard state != .ended else { return .distantFuture }
        var next = min(handshake.deadline, shutdownDeadline)
        next = min(next, min(transmission.nextDeadline, outgoingResets.deadline))
        // Of those that no state heeds any more, time would stand still at the first.
        if state.takesData { next = min(next, acknowledgement.deadline) }
        if state == .established { next = min(next, heartbeats.deadline) }
        if let closedSince { next = min(next, closedSince + limits.starvation) }
        return next
    }

    // MARK: Commands

    /// Begins the handshake. Over WebRTC both sides do.
    public func connect(at now: Instant) {
        guard state == .closed else { return }
        state = .cookieWait
        sendInitiation(at: now)
    }

    /// This side's INIT chunk, which a session description can carry as `a=sctp-init`, in base64 (draft-hancke-tsvwg-snap).
    public var initiation: [UInt8] { [UInt8](writing: 64) { local.write(.initiation, to: &$0) } }

    /// Begins without a handshake, when both sides' session descriptions have carried their INIT chunks and DTLS stands.
    /// - Throws: `protocolViolation` if the remote's is no INIT chunk.
    public func connect(agreed remote: [UInt8], at now: Instant) throws(AssociationError) {
        guard state == .closed else { return }
        guard let initiation = InitiationChunk(signalled: remote) else { throw .protocolViolation(.badInitiation) }
        adopt(initiation)
        open(at: now)
    }

    /// Takes a message to send it.
    /// - Parameter isOrdered: it is delivered after all ordered messages that were sent on the stream before it.
    public func send(
        _ message: [UInt8], on id: StreamID, as payloadProtocol: PayloadProtocol, isOrdered: Bool = true
    ) throws(SendError) {
        guard state == .established else { throw .notOpen }
        guard !message.isEmpty else { throw .empty }
        guard Int(id.raw) < outboundStreams else { throw .noSuchStream }
        guard transmission.queue.isBelow(bytes: limits.sendBuffer, messages: limits.sentMessages) else {
            wantsRoom = true
            throw .bufferFull
        }
        guard !isClosing(id) else { throw .streamClosing }
        enqueue(message, on: id, as: payloadProtocol, isOrdered: isOrdered)
    }

    /// Sends a message without regard to what waits already: for the few that say what a stream is.
    func enqueue(_ message: [UInt8], on id: StreamID, as payloadProtocol: PayloadProtocol, isOrdered: Bool = true) {
        let message = OutboundMessage(message, on: outboundStream(id), payloadProtocol: payloadProtocol, isOrdered: isOrdered)
        transmission.queue.append(message)
    }

    /// Whether this side's direction of a stream is being reset.
    func isClosing(_ id: StreamID) -> Bool { streams[id.raw]?.isClosing ?? false }

    /// Bytes of a stream that the remote has not acknowledged.
    public func bufferedAmount(on id: StreamID) -> Int { streams[id.raw]?.buffered ?? 0 }

    /// Bytes of all streams that the remote has not acknowledged.
    public var bufferedBytes: Int { transmission.queue.bytes }

    /// The memory that the remote makes it keep: what it has not acknowledged, and what waits for something earlier.
    public var heldBytes: Int {
        bufferedBytes + transmission.queue.messages * Self.messageCost + reassembly.heldBytes + reassembly.heldChunks * Self.chunkCost
    }

    /// What a message or a chunk costs beside its bytes: objects with the places for them, whatever the allocator adds.
    private static let messageCost = 192
    private static let chunkCost = 128

    /// After some was acknowledged.
    func reportRoom() {
        guard wantsRoom, transmission.queue.isBelow(bytes: limits.sendBuffer / 2, messages: limits.sentMessages / 2) else { return }
        wantsRoom = false
        events.append(.roomToSend)
    }

    /// `bufferedAmountLow` is reported when the bytes that wait on a stream fall to `threshold`.
    public func setLowThreshold(_ threshold: Int, on id: StreamID) { outboundStream(id).lowThreshold = threshold }

    /// The application has taken `count` bytes of a stream's parts, so the remote may send as many more.
    public func consumed(_ count: Int, on id: StreamID) {
        reassembly.consumed(count, on: id)
        if reassembly.window > 0 { closedSince = nil }
        // Only a SACK opens the window again, and the remote may send nothing that one would answer.
        if state.takesData, reassembly.window - remoteCredit >= limits.receiveWindow / 2 { acknowledgement.makeDue() }
    }

    /// Ends this side's direction of a stream when all of it is acknowledged. `resetComplete` follows. Nothing more can be sent before.
    public func reset(_ id: StreamID) {
        guard state == .established || state == .shutdownPending else { return }
        // A remote that uses ever more streams against the rules is not told of each.
        guard streams[id.raw] != nil || streams.count < limits.streams else { return }
        let stream = outboundStream(id)
        guard !stream.isClosing else { return }
        stream.isClosing = true
        outgoingResets.want(id)
    }

    /// Ends the association in order: what was sent is still delivered.
    public func close(at now: Instant) {
        switch state {
        case .established:
            state = .shutdownPending
            proceedShutdown(at: now)
        case .closed, .cookieWait, .cookieEchoed: abort()
        default: break
        }
    }

    /// Ends the association at once, and tells the remote.
    public func abort() {
        guard state != .ended else { return }
        sendAbort(.userInitiated)
        end(.aborted)
    }

    // MARK: Common

    func outboundStream(_ id: StreamID) -> OutboundStream {
        if let known = streams[id.raw] { return known }
        let stream = OutboundStream(id)
        streams[id.raw] = stream
        return stream
    }

    func sendAbort(_ cause: ErrorCause) {
        guard remoteTag != 0 else { return }
        controls.removeAll()
        controls.append(ControlQueue.Waiting(chunk: [UInt8](writing: 16) { AbortChunk.write(cause, to: &$0) }, tag: remoteTag))
    }

    func fail(_ violation: AssociationViolation, _ cause: ErrorCause) {
        sendAbort(cause)
        end(.protocolViolation(violation))
    }

    func end(_ error: AssociationError?) {
        guard state != .ended else { return }
        state = .ended
        events.append(.closed(error))
    }
}
