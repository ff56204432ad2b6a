import CausewayConnection
public import CausewayIdentity

// Dialling through a relay, and being dialled through one.
extension RelayClient {
    public func dialCircuit(link: UInt32, over relayLink: ConnectedLink, relayAddress: Multiaddr, target: PeerID, in node: NodeContext) {
        // The specification forbids circuits over circuits, and dialling ourselves is pointless.
        guard !relayLink.isRelayed, target != node.peerID, target != relayLink.peer else {
            node.circuitFailed(link: link, .unsupported)
            return
        }
        let stream = node.openStream(on: relayLink.id, [HopCodec.hopID], for: self, handsOver: .afterOneMessage)
        circuitStreams[link] = stream
        let circuit = PendingCircuit(link: link, relayAddress: relayAddress, target: target)
        track(stream, .circuit(circuit), for: limits.circuitTime, in: node)
        node.send(HopCodec.connect(to: target.bytes), on: stream)
    }

    public func cancelCircuit(link: UInt32, in node: NodeContext) {
        guard let key = circuitStreams[link], let stream = streams[key.packed] else { return }
        drop(stream, in: node)
    }

    func circuitAnswered(
        _ answer: HopMessage, on stream: RelayClientStream, _ circuit: PendingCircuit, in node: NodeContext
    ) throws(RelayFault) {
        guard case .status(let status, _, let told) = answer else { throw .unexpectedType }
        guard status == HopStatus.ok, let relay = node.connections[stream.key.link] else {
            drop(stream, in: node)
            node.circuitFailed(link: circuit.link, .refusedByRelay(status: status))
            return
        }
        stands(
            circuit.link, over: stream, relay, RelayClient.circuitAddress(circuit.relayAddress, relay.peer), to: circuit.target,
            isInbound: false, told, in: node)
    }

    /// A relay asks us to accept a circuit.
    func stopAsked(_ message: StopMessage, on stream: RelayClientStream, in node: NodeContext) throws(RelayFault) {
        guard case .connect(let source, let told) = message else { throw .unexpectedType }
        guard let source = try? PeerID(source) else { throw .malformed }
        guard let relay = node.connections[stream.key.link], !relay.isRelayed, expectsCircuits(from: relay.peer), source != node.peerID,
            source != relay.peer
        else {
            refuse(stream, HopStatus.permissionDenied, in: node)
            return
        }
        guard node.connections.count < node.limits.connections else {
            refuse(stream, HopStatus.resourceLimitExceeded, in: node)
            return
        }
        node.send(HopCodec.stopStatus(HopStatus.ok), on: stream.key)
        stands(
            node.nextLink(), over: stream, relay, RelayClient.circuitAddress(relay.remoteAddress, relay.peer), to: source, isInbound: true,
            told, in: node)
    }

    /// From here on, the stream is a circuit.
    private func stands(
        _ link: UInt32, over stream: RelayClientStream, _ relay: ConnectedLink, _ address: Multiaddr, to peer: PeerID, isInbound: Bool,
        _ told: CircuitLimit?, in node: NodeContext
    ) {
        forget(stream)
        node.release(stream.key)
        let limit = RelayClient.effective(told)
        node.expectLink(
            link, remoteAddress: address.appending(peer), localAddress: relay.localAddress,
            path: .relayed(by: relay.peer, limit: limit), carrier: relay.id, isInbound: isInbound)
        node.append(.circuit(link: link, over: stream.key, initiator: !isInbound, expecting: peer, limit: limit))
    }

    func refuse(_ stream: RelayClientStream, _ status: UInt16, in node: NodeContext) {
        node.send(HopCodec.stopStatus(status), on: stream.key)
        node.finish(stream.key)
        stream.use = .refused
        stream.deadline = node.now + limits.stopTime
        soonest = min(soonest, stream.deadline)
    }

    /// `<relay's address>/p2p/<relay>/p2p-circuit`, whichever parts of it the address already has.
    static func circuitAddress(_ address: Multiaddr, _ relay: PeerID) -> Multiaddr {
        if address.isCircuit, address.peerID == nil { return address }
        let named = address.peerID == nil ? address.appending(relay) : address
        return named.appending(code: MultiaddrCode.p2pCircuit, value: [])
    }

    /// The limit, or nil if it limits nothing.
    static func effective(_ limit: CircuitLimit?) -> CircuitLimit? {
        guard let limit, !limit.isUnlimited else { return nil }
        return limit
    }

    /// The dial's result when a hop stream ends before the relay's answer.
    static func result(of error: StreamError?) -> DialOutcome.Result {
        switch error {
        case .unsupportedProtocol: .failed(.noCommonProtocol(.circuit))
        case .connection(let error): .failed(error)
        case .timedOut: .failed(.timedOut(.circuit))
        case .limit(let name, let value): .limit(name, value: value)
        default: result(of: .endedEarly)
        }
    }

    static func result(of fault: RelayFault) -> DialOutcome.Result { .failed(.peerFault(.circuit, code: UInt16(fault.rawValue))) }
}
