public import CausewayConnection
public import CausewayIdentity

/// A peer connection under a link, from its first datagram to its end. All of it is called on the thread of its port.
public final class AssociationCarrier: Carrier {
    /// Which side it is, and what it knows of the other.
    public enum Side {
        /// Of `/webrtc-direct`, and its dialler, under another key than the node's if it has one.
        case listener
        case dialler(of: Multiaddr, expecting: PeerID?, as: NoiseIdentity?)
        /// Of `/webrtc`.
        case signalled(SignalledSession, by: any SignallingChannel)
    }

    public let id: UInt32
    let port: any AssociationPort
    public let side: Side
    /// Where the remote has shown itself last.
    public private(set) var remote: Endpoint
    let connection: PeerConnection
    /// nil before the certificates are proven and the channels stand, and after the link's end.
    public private(set) var link: Link?
    /// The link's, at the same time; of `/webrtc` a little before.
    private(set) var channels: DataChannelConnection?
    var numbers = ChannelNumbers()
    /// Actions of the channels that wait until the association takes messages again, and the bytes of their messages.
    var waiting: [DataChannelAction] = []
    var waitingBytes = 0
    /// Bytes that the channels have sent and may not send again yet.
    var unreturned = 0
    private var remoteCertificate: [UInt8] = []
    private var isTrusted = false
    /// The connection has ended, or nobody wants to hear of it.
    private var isOver = false
    private var isMute = false
    private var timer: (any AssociationTimer)?
    private var timerAt = Instant.distantFuture
    /// What the node heard last of a session that is no link.
    var told: PeerConnectionReport?

    /// - Parameter id: the link's number.
    public init(_ id: UInt32, _ connection: PeerConnection, _ side: Side, remote: Endpoint, port: any AssociationPort) {
        self.id = id
        self.connection = connection
        self.side = side
        self.remote = remote
        self.port = port
        timer = port.makeTimer(for: self)
    }

    /// - Parameter id: of the link that it is to become.
    public convenience init(_ id: UInt32, _ session: SignalledSession, by channel: any SignallingChannel, port: any AssociationPort) {
        let nowhere = Endpoint(high: 0, low: 0, scope: 0, port: 0)
        self.init(id, session.connection, .signalled(session, by: channel), remote: nowhere, port: port)
    }

    private var isListener: Bool { if case .listener = side { true } else { false } }
    var now: Instant { port.now }
    /// The way that packets go. nil: there is none yet.
    public var path: ICEPath? { connection.path }

    // MARK: From the port

    /// Lends a datagram.
    public func receive(_ datagram: UnsafeMutableRawBufferPointer, over path: ICEPath) {
        guard !isMute else { return }
        connection.receive(datagram, over: path, now: now)
        hear()
        proceed()
    }

    /// Sends what there is: at the end of the turn, if there is a link.
    public func proceed() {
        guard let link else { return drain() }
        weigh()
        link.markDirty()
    }

    /// Tells the link what the association keeps for the remote. For one that has not proven who it is, that is little.
    private func weigh() {
        let kept = connection.channels.association.heldBytes + waitingBytes + waiting.count * Self.actionCost
        #if !hasFeature(Embedded)
            channels?.channelsKeep(kept)
        #endif
        // Signalling has named the remote of `/webrtc`.
        if case .signalled = side { return }
        let limit = port.newcomers.heldBytes
        if !isTrusted, kept > limit { fail(.limit(.heldPerConnection, value: UInt64(limit))) }
    }

    /// Ends it because of the environment.
    public func fail(_ error: ConnectionError) {
        guard !isOver else { return }
        isOver = true
        if link == nil, case .signalled(_, let channel) = side {
            port.links.remove(id)
            return channel.failed(self)
        }
        // Of an accepted association that is no link the node has not heard.
        if link == nil, isListener { port.links.remove(id) } else { port.links.fail(id, error) }
    }

    public func probe(now: Instant) {
        connection.probe(now: now)
        hear()
        proceed()
    }

    // MARK: For tests

    #if !hasFeature(Embedded)
        /// Ends it without the link's goodbye. The remote hears of it by SCTP and DTLS.
        package func abort() {
            connection.close()
            drain()
            fail(.link(errno: 0))
        }

        /// As if the cable were cut: nothing is sent or received any more.
        package func mute() { isMute = true }
    #endif

    /// Its timer has come to its end.
    public func timePassed() {
        timerAt = .distantFuture
        let now = now
        guard connection.nextDeadline <= now else { return schedule() }
        connection.advance(now: now)
        hear()
        proceed()
    }

    // MARK: From the connection

    private func schedule() {
        let next = connection.nextDeadline
        guard next < timerAt else { return }
        timerAt = next
        timer?.start(after: next - now)
    }

    private func hear() {
        while !isOver, let output = connection.pollEvent(into: port.buffer, now: now) { carryOut(output) }
    }

    private func drain() {
        while !isOver, port.hasRoom(for: self), let output = connection.pollOutput(into: port.buffer, now: now) { carryOut(output) }
        guard !isOver else { return }
        tellProgress()
        schedule()
    }

    private func carryOut(_ output: PeerConnectionOutput) {
        switch output {
        case .send(let count, let path):
            if path.remote != remote, port.bind(self, to: path.remote) { remote = path.remote }
            if !isMute { port.send(count, over: path) }
        case .authenticated(let fingerprint): remoteCertificate = fingerprint.digest
        case .channel(let event): hear(event)
        case .closed(let error): fail(error?.connectionError ?? .link(errno: 0))
        case .openSocket(let number, let other): port.openSocket(number, beside: other)
        case .closeSocket(let number): port.closeSocket(number)
        case .candidate(let candidate): tell(candidate)
        case .endOfCandidates, .disconnected: break
        }
    }

    /// The association stands.
    func begin() {
        guard case .signalled = side else { return beginHandshake() }
        channels = DataChannelConnection(room: Self.room)
        tellConnected()
    }

    /// The remote is authenticated by what carried the signalling: the link begins.
    public func carry(_ peer: PeerID, _ key: PublicKey) {
        guard !isOver, link == nil, let channels else { return }
        link = port.links.start(id, over: self, channels, peer, key)
    }

    /// The link begins, with a handshake on channel 0.
    private func beginHandshake() {
        // This cannot fail: no channel is open.
        try? connection.channels.add(negotiated: Self.handshakeStream)
        numbers.insert(Self.handshakeChannel, Self.handshakeStream)
        var expected: PeerID?
        var identity: NoiseIdentity?
        if case .dialler(_, let expecting, let own) = side { (expected, identity) = (expecting, own) }
        (link, channels) = port.links.start(
            id, over: self, isListener: isListener, expecting: expected,
            certificates: (connection.endpoint.fingerprint.digest, remoteCertificate), room: Self.room, as: identity)
        port.began(self)
    }

    // MARK: From the link

    public func flush() -> Bool {
        guard let link, let channels, !isOver else { return false }
        if !isTrusted, link.multiplexer.isEstablished {
            isTrusted = true
            port.trust(self)
        }
        let hasNews = carryOutActions(of: channels)
        drain()
        weigh()
        // The end may have come meanwhile: the link is to tell of it.
        return returnRoom(to: channels) || hasNews || isOver
    }

    /// What was sent last is worth waiting for: an association that is closed loses what the remote has not acknowledged.
    public func isDone(afterGoodbye: Bool) -> Bool { isOver || !afterGoodbye || connection.channels.association.bufferedBytes == 0 }

    public func close() {
        if !isOver {
            connection.close()
            drain()
            isOver = true
        }
        timer?.close()
        timer = nil
        link = nil
        channels = nil
        port.remove(self)
    }
}
