public import CausewayIdentity

/// The streams of a WebRTC peer connection, one data channel each, with multistream-select on every channel (webrtc/README.md). It knows no
/// browser, socket or clock; DTLS encrypts. Who the remote is was proven on the connection that carried the signalling, or is found out by
/// Noise on channel 0.
///
/// - Inputs from the shell: `channelOpened`, `channelReady`, `received`, `channelClosed`, `channelDrained`, `linkClosed`, `advance`.
/// - Outputs to it: `takeActions`, after every input and command, and `nextDeadline`.
/// - Towards the streams' owners it is what `Connection` is: commands and `pollOutput`.
///
/// Channels are numbered below 2^31: odd if we open them, even if the shell reports the remote's. A channel cannot be paused, so what a
/// stream's reader leaves unread is bounded: past `ConnectionLimits.unreadPerChannel` the stream is reset.
public final class DataChannelConnection: StreamMultiplexer {
    public let limits: ConnectionLimits
    public internal(set) var isClosed = false
    /// Never: what WebRTC finds is a direct path.
    public var isLimited = false
    public private(set) var remotePeer: PeerID?

    var now: Instant
    var protocols: ProtocolTable
    var outputs: [ConnectionOutput]
    var nextOutput = 0
    var actions: [DataChannelAction] = []
    /// Payload of the `.data` outputs that were not polled yet.
    var arrived = ByteQueue()
    var streams = Table<UInt32, DataChannelStream>()
    var nextStream: UInt32 = 1
    var inboundStreams = 0
    /// Channels of ours that the remote has not opened yet.
    var openingStreams = 0
    var unread = 0
    var deadline = Instant.distantFuture
    /// The longest message to send, with its prefix.
    let messageSize: Int
    /// nil once the remote is known.
    private var handshake: DataChannelHandshake?

    /// Established from the start: to be made when the peer connection is connected.
    public init(peer: PeerID, publicKey: PublicKey, protocols: ProtocolTable, limits: ConnectionLimits, now: Instant) {
        self.limits = limits
        self.protocols = protocols
        self.now = now
        remotePeer = peer
        messageSize = DataChannelFraming.messageSize
        outputs = [.established(peer, publicKey)]
    }

    /// The dialler's side of `/webrtc-direct`: to be made when channel 0 is open.
    /// - Parameters:
    ///   - ephemeralSecret: 32 fresh secret random bytes.
    ///   - certificates: SHA-256 of our certificate and of the remote's, 32 bytes each.
    public init(
        expecting: PeerID?, identity: NoiseIdentity, ephemeralSecret: [UInt8], certificates: (own: [UInt8], remote: [UInt8]),
        protocols: ProtocolTable, limits: ConnectionLimits, now: Instant
    ) {
        self.limits = limits
        self.protocols = protocols
        self.now = now
        messageSize = DataChannelFraming.cautiousMessageSize
        outputs = []
        deadline = now + limits.handshakeTime
        handshake = DataChannelHandshake(
            expecting: expecting, identity: identity, ephemeralSecret: ephemeralSecret, certificates: certificates, deadline: deadline)
    }

    // MARK: Inputs

    /// The remote opened a channel, to which the shell gave this even number.
    public func channelOpened(_ channel: UInt32, now: Instant) {
        moveTime(to: now)
        guard !isClosed, streams[channel] == nil else { return }
        if let handshake { return hold(channel, nil, until: handshake) }
        guard channel & 1 == 0, channel != DataChannelHandshake.channel, channel < 1 << 31, inboundStreams < limits.inboundStreams else {
            actions.append(.close(channel))
            return
        }
        inboundStreams += 1
        let deadline = negotiationDeadline()
        add(DataChannelStream(id: channel, isInbound: true, negotiation: Negotiation(limits: limits), deadline: deadline))
    }

    /// A channel of ours is open.
    public func channelReady(_ channel: UInt32, now: Instant) {
        moveTime(to: now)
        guard let stream = streams[channel], !stream.isReady else { return }
        stream.isReady = true
        openingStreams -= 1
        for message in stream.held { actions.append(.send(channel, message)) }
        stream.held = []
    }

    /// The next bytes of a channel, whatever message they came in.
    public func received(_ channel: UInt32, _ bytes: UnsafeRawBufferPointer, now: Instant) {
        moveTime(to: now)
        guard !isClosed else { return }
        if let handshake {
            if channel == DataChannelHandshake.channel { return authenticate(handshake, bytes) }
            return hold(channel, [UInt8](copying: bytes), until: handshake)
        }
        var rest = bytes
        while !rest.isEmpty, let stream = streams[channel] {
            do throws(DataChannelFault) {
                let (taken, message) = try stream.decoder.next(rest)
                rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
                if let message { try receive(message, on: stream) }
            } catch {
                abandon(stream, .peerFault(.dataChannel, code: error.rawValue))
            }
        }
    }

    private func hold(_ channel: UInt32, _ bytes: [UInt8]?, until handshake: DataChannelHandshake) {
        guard !handshake.hold(channel, bytes) else { return }
        terminate(.limit(.pendingControlFrames, value: UInt64(DataChannelHandshake.heldMessages)))
    }

    private func authenticate(_ handshake: DataChannelHandshake, _ bytes: UnsafeRawBufferPointer) {
        do throws(ConnectionError) {
            let (replies, key) = try handshake.receive(bytes)
            for reply in replies { actions.append(.send(DataChannelHandshake.channel, reply)) }
            guard let key else { return }
            self.handshake = nil
            deadline = .distantFuture
            remotePeer = key.peerID
            outputs.append(.established(key.peerID, key))
            actions.append(.close(DataChannelHandshake.channel))
            for (channel, bytes) in handshake.held {
                if let bytes { bytes.withUnsafeBytes { received(channel, $0, now: now) } } else { channelOpened(channel, now: now) }
            }
        } catch {
            terminate(error)
        }
    }

    /// The remote closed a channel, or it failed.
    public func channelClosed(_ channel: UInt32, now: Instant) {
        moveTime(to: now)
        if handshake != nil, channel == DataChannelHandshake.channel { return terminate(.link(errno: 0)) }
        guard let stream = streams[channel] else { return }
        remove(stream, .reset(code: 0))
    }

    /// So much of what was sent on a channel waits there still. The shell tells at least whenever it falls to zero.
    public func channelDrained(_ channel: UInt32, buffered: Int, now: Instant) {
        moveTime(to: now)
        guard let stream = streams[channel] else { return }
        stream.buffered = min(stream.buffered, buffered)
        resumeWriter(of: stream)
    }

    public func linkClosed(errno: Int32) { terminate(.link(errno: errno)) }

    public func close(_ reason: CloseReason) { terminate(.closed(reason)) }

    private func terminate(_ error: ConnectionError) {
        guard !isClosed else { return }
        isClosed = true
        for stream in streams.values { tellEnd(of: stream, .connection(error)) }
        streams = Table()
        actions = []
        handshake = nil
        outputs.append(.closed(error))
    }

    // MARK: Outputs

    /// What the shell is to do, in order.
    public func takeActions() -> [DataChannelAction] {
        let taken = actions
        actions = []
        return taken
    }

    public func pollOutput() -> ConnectionOutput? {
        guard nextOutput < outputs.count else {
            outputs = []
            nextOutput = 0
            arrived.drop(arrived.count)
            arrived.release()
            return nil
        }
        nextOutput += 1
        return outputs[nextOutput - 1]
    }

    public func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: arrived.mutableBytes[start..<start + count])
    }

    // MARK: Time

    public var nextDeadline: Instant { isClosed ? .distantFuture : deadline }

    public func advance(to now: Instant) {
        moveTime(to: now)
        guard !isClosed, self.now >= deadline else { return }
        if handshake != nil { return terminate(.timedOut(.noise)) }
        var expired: [UInt32] = []
        deadline = .distantFuture
        for stream in streams.values {
            if stream.deadline <= self.now { expired.append(stream.id) } else { deadline = min(deadline, stream.deadline) }
        }
        for id in expired {
            guard let stream = streams[id] else { continue }
            if stream.isTold { closeChannel(of: stream) } else { abandon(stream, .timedOut) }
        }
    }

    /// Nothing to do: WebRTC's own consent checks notice a dead path.
    public func probe(now: Instant) {}

    func moveTime(to now: Instant) { self.now = max(self.now, now) }

    /// Rounded up to quarters of a second, so that a flood of streams does not have every one of them looked for on its own.
    func negotiationDeadline() -> Instant { rounded(now + limits.negotiationTime) }

    func rounded(_ exact: Instant) -> Instant {
        let step: UInt64 = 250_000_000
        guard exact.nanoseconds < .max - step else { return exact }
        return Instant(nanoseconds: (exact.nanoseconds / step + 1) * step)
    }
}
