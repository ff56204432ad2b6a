public import CausewayIdentity

// How links begin.
extension LinkSet {
    /// Notes what is to carry a link once it is connected.
    public func insert(_ id: UInt32, over carrier: any Carrier) { _ = place(id, carrier) }

    /// The transport is connected: a connection over its bytes begins.
    /// - Parameter identity: under which key, if it is not the node's.
    public func start(
        _ id: UInt32, over carrier: any Carrier, isInitiator: Bool, webSocket: Connection.WebSocketRole = .none, expecting: PeerID?,
        as identity: NoiseIdentity? = nil
    ) -> (link: Link, connection: Connection) {
        var configuration = settings.configuration(
            isInitiator: isInitiator, webSocket: webSocket, expecting: expecting, entropy: entropy())
        if let identity { configuration.identity = identity }
        return start(configuration, place(id, carrier))
    }

    /// The peer connection of `/webrtc-direct` is connected: Noise on channel 0 authenticates the remote.
    /// - Parameters:
    ///   - certificates: SHA-256 of our certificate and of the remote's, 32 bytes each.
    ///   - room: how many bytes the channels take together at first; see `DataChannelConnection`.
    ///   - identity: under which key, if it is not the node's.
    public func start(
        _ id: UInt32, over carrier: any Carrier, isListener: Bool, expecting: PeerID?, certificates: (own: [UInt8], remote: [UInt8]),
        room: Int, as identity: NoiseIdentity? = nil
    ) -> (link: Link, channels: DataChannelConnection) {
        let handshake = DataChannelHandshake(
            isListener: isListener, expecting: expecting, identity: identity ?? settings.identity, ephemeralSecret: host.entropy(32),
            certificates: certificates)
        let channels = DataChannelConnection(handshake: handshake, room: room)
        let streams = StreamMachine(over: channels, protocols: settings.protocols, limits: settings.limits, now: host.now)
        return (begin(streams, place(id, carrier)), channels)
    }

    /// The peer connection of `/webrtc` is connected, and the connection that carried its signalling says who the remote is.
    /// - Parameter channels: may have kept what came so far.
    public func start(_ id: UInt32, over carrier: any Carrier, _ channels: DataChannelConnection, _ peer: PeerID, _ key: PublicKey) -> Link
    {
        let streams = StreamMachine(over: channels, protocols: settings.protocols, limits: settings.limits, now: host.now)
        let link = begin(streams, place(id, carrier))
        streams.establish(peer, key)
        return link
    }

    /// Runs a new connection over a stream of another link here: the end of a circuit.
    /// - Parameters:
    ///   - stream: its handle, owned by the node so far.
    ///   - limit: what the relay allows the circuit; nil if it named no limit.
    public func openCircuit(
        _ id: UInt32, over outer: UInt32, stream: UInt32, isInitiator: Bool, expecting: PeerID?, limit: CircuitLimit?
    ) {
        guard !isClosing, let below = members[outer], let outerLink = below.link else {
            host.linkReported([.closed(isClosing ? .closed(.shutdown) : .link(errno: 0))], from: id)
            return host.linkIsGone(id)
        }
        let configuration = settings.configuration(
            isInitiator: isInitiator, expecting: expecting, isInCircuit: true, isLimited: limit != nil, entropy: entropy())
        let member = place(id, nil)
        let (link, connection) = start(configuration, member)
        let circuit = CircuitTransport(inner: link, connection, over: outerLink, stream: stream, limit: limit, now: host.now)
        member.carrier = circuit
        member.outer = below
        below.circuits += 1
        circuit.start(now: host.now)
    }

    private func place(_ id: UInt32, _ carrier: (any Carrier)?) -> LinkMember {
        if let member = members[id] { return member }
        let member = LinkMember(id, over: carrier, in: self)
        members[id] = member
        return member
    }

    @inline(never)
    private func start(_ configuration: Connection.Configuration, _ member: LinkMember) -> (link: Link, connection: Connection) {
        let connection = Connection(configuration, now: host.now)
        return (begin(StreamMachine(over: connection, configuration, now: host.now), member), connection)
    }

    private func begin(_ streams: StreamMachine, _ member: LinkMember) -> Link {
        let link = Link(id: member.id, multiplexer: streams, shell: member, now: host.now)
        member.link = link
        member.deadline = .distantFuture
        enqueue(member)
        return link
    }

    private func entropy() -> Secret { host.entropy(Connection.entropySize) }
}
