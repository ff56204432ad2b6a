public import CausewayIdentity

// How links begin.
extension LinkSet {
    /// Notes what is to carry a link once it is connected.
    public func insert(_ id: UInt32, over carrier: any Carrier) { _ = place(id, carrier) }

    /// The transport is connected: a connection over its bytes begins.
    public func start(
        _ id: UInt32, over carrier: any Carrier, isInitiator: Bool, webSocket: Connection.WebSocketRole = .none, expecting: PeerID?
    ) -> ByteLink {
        start(
            settings.configuration(isInitiator: isInitiator, webSocket: webSocket, expecting: expecting, entropy: entropy()),
            place(id, carrier))
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
        let link = start(configuration, member)
        let circuit = CircuitTransport(inner: link, over: outerLink, stream: stream, limit: limit, now: host.now)
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
    private func start(_ configuration: Connection.Configuration, _ member: LinkMember) -> ByteLink {
        let link = ByteLink(id: member.id, connection: Connection(configuration, now: host.now), shell: member, now: host.now)
        member.link = link
        member.deadline = .distantFuture
        enqueue(member)
        return link
    }

    private func entropy() -> Secret { host.entropy(Connection.entropySize) }
}
