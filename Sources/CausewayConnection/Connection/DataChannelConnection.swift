public import CausewayIdentity

/// The streams of a WebRTC peer connection, one data channel each, with multistream-select on every channel (webrtc/README.md). It knows no
/// browser, socket or clock; DTLS encrypts. The remote was authenticated on the connection that carried the signalling, or Noise on channel
/// 0 authenticates it.
///
/// - Inputs from the shell: `channelOpened`, `channelReady`, `received`, `channelClosed`, `channelDrained`, `linkClosed`, `advance`.
/// - Outputs to it: `takeActions`, after every input and command, and `nextDeadline`.
/// - For the streams' owners, it works like `Connection`: commands and `pollOutput`.
///
/// Channels have numbers below 2^31: odd if we open them, even if the shell reports that the remote did. A channel cannot be paused, so
/// unread bytes are bounded: above `ConnectionLimits.unreadPerChannel` the stream is reset.
public final class DataChannelConnection: StreamMultiplexer {
    var actions: [DataChannelAction] = []
    /// The payload of `.data` outputs that have not been polled yet.
    var arrived = ByteQueue()
    /// The longest message to send, including its prefix.
    let messageSize: Int
    /// nil once the remote is authenticated.
    private var handshake: DataChannelHandshake?

    /// Makes a connection that is established from the start. Make it when the peer connection is connected.
    public init(peer: PeerID, publicKey: PublicKey, protocols: ProtocolTable, limits: ConnectionLimits, now: Instant) {
        messageSize = DataChannelFraming.messageSize
        super.init(protocols: protocols, limits: limits, firstStream: 1, now: now)
        establish(peer, publicKey)
    }

    /// Makes the dialler's side of `/webrtc-direct`. Make it when channel 0 is open.
    /// - Parameters:
    ///   - ephemeralSecret: 32 fresh secret random bytes.
    ///   - certificates: SHA-256 of our certificate and of the remote's, 32 bytes each.
    public init(
        expecting: PeerID?, identity: NoiseIdentity, ephemeralSecret: Secret, certificates: (own: [UInt8], remote: [UInt8]),
        protocols: ProtocolTable, limits: ConnectionLimits, now: Instant
    ) {
        messageSize = DataChannelFraming.cautiousMessageSize
        super.init(protocols: protocols, limits: limits, firstStream: 1, now: now)
        deadline = now + limits.handshakeTime
        handshake = DataChannelHandshake(
            expecting: expecting, identity: identity, ephemeralSecret: ephemeralSecret, certificates: certificates)
    }

    // MARK: Inputs

    /// The remote opened a channel, to which the shell gave this even number.
    public func channelOpened(_ channel: UInt32, now: Instant) {
        moveTime(to: now)
        guard !isClosed, streams[channel] == nil else { return }
        if let handshake { return hold(channel, [], until: handshake) }
        guard channel & 1 == 0, channel != DataChannelHandshake.channel, channel < 1 << 31, inboundStreams < limits.inboundStreams else {
            actions.append(.close(channel))
            return chargeFruitlessStream()
        }
        add(channel, Negotiation(limits: limits))
    }

    /// A channel of ours is open.
    public func channelReady(_ channel: UInt32, now: Instant) {
        moveTime(to: now)
        guard let stream = stream(channel) else { return }
        acknowledge(stream)
        for message in stream.held { actions.append(.send(channel, message)) }
        stream.held = []
    }

    /// The next bytes of a channel, in whatever messages they arrived.
    public func received(_ channel: UInt32, _ bytes: UnsafeRawBufferPointer, now: Instant) {
        moveTime(to: now)
        guard !isClosed, !bytes.isEmpty else { return }
        if let handshake {
            if channel == DataChannelHandshake.channel { return authenticate(handshake, bytes) }
            return hold(channel, [UInt8](copying: bytes), until: handshake)
        }
        var rest = bytes
        while !rest.isEmpty, let stream = stream(channel) {
            do throws(DataChannelFault) {
                let (taken, message) = try stream.decoder.next(rest)
                rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
                if let message { try receive(message, on: stream) }
            } catch {
                abandon(stream, .peerFault(.dataChannel, code: error.rawValue))
            }
        }
    }

    private func hold(_ channel: UInt32, _ bytes: [UInt8], until handshake: DataChannelHandshake) {
        guard !handshake.hold(channel, bytes) else { return }
        terminate(.limit(.pendingControlFrames, value: UInt64(DataChannelHandshake.heldMessages)))
    }

    private func authenticate(_ handshake: DataChannelHandshake, _ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty, handshake.noise.remoteKey == nil {
            do throws(ConnectionError) {
                let (taken, reply) = try handshake.receive(rest)
                rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
                if !reply.isEmpty {
                    actions.append(.send(DataChannelHandshake.channel, reply.withUnsafeBytes { DataChannelFraming.data($0) }))
                }
            } catch {
                return terminate(error)
            }
        }
        guard let key = handshake.noise.remoteKey else { return }
        self.handshake = nil
        establish(key.peerID, key)
        actions.append(.close(DataChannelHandshake.channel))
        for index in handshake.held.indices {
            let channel = handshake.heldChannels[index]
            let bytes = handshake.held[index]
            if bytes.isEmpty { channelOpened(channel, now: now) } else { bytes.withUnsafeBytes { received(channel, $0, now: now) } }
        }
    }

    /// The remote closed a channel, or it failed.
    public func channelClosed(_ channel: UInt32, now: Instant) {
        moveTime(to: now)
        if handshake != nil, channel == DataChannelHandshake.channel { return linkClosed(errno: 0) }
        if let stream = stream(channel) { cut(stream) }
    }

    /// This many bytes that were sent on a channel still wait in it. The shell reports at least every time that it falls to zero.
    public func channelDrained(_ channel: UInt32, buffered: Int, now: Instant) {
        moveTime(to: now)
        guard let stream = stream(channel) else { return }
        stream.buffered = min(stream.buffered, buffered)
        resumeWriter(of: stream)
    }

    // MARK: Outputs

    /// What the shell has to do, in order.
    public func takeActions() -> [DataChannelAction] {
        let taken = actions
        actions = []
        return taken
    }

    public override func pollOutput() -> ConnectionOutput? {
        if let output = takeOutput() { return output }
        arrived = ByteQueue()
        return nil
    }

    public override func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: arrived.mutableBytes[start..<start + count])
    }

    // MARK: Streams

    /// A stream of the table. Only `makeStream` adds streams, so the type is known.
    func stream(_ id: UInt32) -> DataChannelStream? { streams[id].map { Self.channel($0) } }

    static func channel(_ stream: MultiplexedStream) -> DataChannelStream { unsafeDowncast(stream, to: DataChannelStream.self) }

    override func makeStream(_ id: UInt32, _ negotiation: Negotiation) -> MultiplexedStream {
        if negotiation.isDialler { actions.append(.open(id)) }
        return DataChannelStream(id: id, negotiation: negotiation)
    }

    /// Sends in as few messages as their size allows.
    override func send(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream) -> Int {
        let stream = Self.channel(stream)
        var taken = 0
        while taken < bytes.count, stream.buffered < limits.channelHighWater { taken += sendPiece(of: bytes, from: taken, on: stream) }
        if taken < bytes.count { stream.isWaiting = true }
        return taken
    }

    override func sendAll(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream) -> Bool {
        var taken = 0
        while taken < bytes.count { taken += sendPiece(of: bytes, from: taken, on: Self.channel(stream)) }
        return true
    }

    /// The remote has to acknowledge it. If it does not, we assume that it does not know how.
    override func sendFinish(on stream: MultiplexedStream) {
        send(.finish, on: Self.channel(stream))
        if !stream.isConcluded { setDeadline(of: stream, after: limits.finishAcknowledgementTime) }
    }

    override func expire(_ stream: MultiplexedStream) {
        guard stream.isFinished, !stream.isConcluded else { return super.expire(stream) }
        clearDeadline(of: stream)
        delivered(stream, .timedOut)
    }

    override func conclude(_ stream: MultiplexedStream) {
        actions.append(.close(stream.id))
        remove(stream, nil)
    }

    /// The framing has no place for a code.
    override func sendReset(on stream: MultiplexedStream, code: UInt32) {
        if stream.isAcknowledged { send(.reset, on: Self.channel(stream)) }
        actions.append(.close(stream.id))
    }

    override func resumeWriter(of stream: MultiplexedStream) {
        guard stream.isWaiting, stream.isSettled,
            stream.isFinishing || Self.channel(stream).buffered <= limits.channelHighWater / 2
        else { return }
        stream.isWaiting = false
        outputs.append(.writable(stream.id))
    }

    // MARK: Time and the end

    override func deadlinePassed() {
        if handshake != nil { terminate(.timedOut(.noise)) } else { expireStreams() }
    }

    override func terminate(_ error: ConnectionError, streams told: StreamError? = nil) {
        guard !isClosed else { return }
        super.terminate(error, streams: told)
        actions = []
        handshake = nil
    }
}
