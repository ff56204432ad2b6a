import CausewayConnection
import CausewayIdentity

/// The server of AutoNAT v2 and v1 (autonat/autonat-v2.md, autonat-v1.md): dials peers at their addresses, as they ask, and tells them what
/// came of it.
///
///     reading --the peer's IP address--------------------------> dialling --connected--> dialled --answered or 5 s--> gone
///        |                                                       ^   |                   (v2: the nonce goes over)
///        +--another one--> receiving data --enough--> waiting ---+   +--not connected--> gone
///
/// It dials a probe: a connection from another port and under another key, so that neither a hole in the peer's NAT nor its connection to
/// this node makes the test easier than it is for a stranger. It never dials what `DialBackFilter` does not admit, and no more than
/// `AutoNATServerLimits` allow. A request that it does not serve has its answer at once, and leaves nothing.
final class AutoNATServer: NodeProtocol {
    private let limits: AutoNATServerLimits
    private let dialing: any AddressDialing
    private let isAlwaysOn: Bool
    private var isOn: Bool
    private var pace: RequestPace
    private(set) var services: [DialBackService] = []

    /// - Parameter isAlwaysOn: it serves from the start, as a relay does; otherwise once others have reached this node.
    init(_ limits: AutoNATServerLimits, dialing: any AddressDialing, isAlwaysOn: Bool) {
        self.limits = limits
        self.dialing = dialing
        self.isAlwaysOn = isAlwaysOn
        isOn = isAlwaysOn
        pace = RequestPace(limits)
    }

    /// Not over connections with limits, and those are refused that run through a relay: their IP address is the relay's.
    var served: [ProtocolTable.Entry] {
        guard isOn else { return [] }
        return [
            ProtocolTable.Entry(name: AutoNATMessage.requestID, owner: .node, allowsLimited: false),
            ProtocolTable.Entry(name: AutoNATv1Message.protocolID, owner: .node, allowsLimited: false),
        ]
    }

    func ownAddressesChanged(in node: NodeContext) {
        var isReached = false
        for one in node.addresses.all where one.verdict == .reachable { isReached = true }
        guard isOn != (isAlwaysOn || isReached) else { return }
        isOn = !isOn
        node.wishes.append(.servedChanged)
    }

    // MARK: Streams

    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let link = node.connections[stream.link], !link.isRelayed else { return node.reset(stream) }
        let isVersion1 = protocolID == AutoNATv1Message.protocolID
        guard pace.take(link.peer, at: link.remoteAddress, now: node.now) else {
            let refusal = isVersion1 ? Self.refusalOfVersion1(.dialRefused) : Self.refusal(.rejected)
            node.send(refusal, on: stream)
            return node.conclude(stream)
        }
        services.append(DialBackService(stream, of: link, isVersion1: isVersion1, deadline: node.now + limits.requestTime))
    }

    private static func refusal(_ status: AutoNATMessage.Status) -> [UInt8] {
        AutoNATMessage.response(status, index: 0, .unused).framed
    }

    private static func refusalOfVersion1(_ status: AutoNATv1Message.Status) -> [UInt8] {
        AutoNATv1Message.response(status, address: nil).framed
    }

    private func service(on stream: StreamKey) -> DialBackService? { services.first { $0.stream == stream && !$0.isAbandoned } }

    /// The service whose nonce goes over this stream.
    private func service(tellingOn stream: StreamKey) -> DialBackService? {
        services.first { if case .dialled(_, stream, _) = $0.phase { true } else { false } }
    }

    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {
        // Whatever the remote says on the new connection, it has the nonce.
        if let told = service(tellingOn: stream) { return answer(told, .ok, in: node) }
        guard let service = service(on: stream) else { return }
        switch service.phase {
        case .reading, .receivingData: break
        // Data beyond what was asked for.
        case .waiting, .dialling, .dialled: return
        }
        service.inbox.add(bytes)
        while let message = service.inbox.next(limit: limits.messageSize) {
            guard handle(message, of: service, in: node) else { return }
        }
        if service.inbox.fault != nil { abandon(service, in: node) }
    }

    /// Returns whether another message may follow.
    private func handle(_ message: consuming ProtobufReader, of service: DialBackService, in node: NodeContext) -> Bool {
        switch service.phase {
        case .reading:
            if service.isVersion1 { readVersion1(message, of: service, in: node) } else { read(message, of: service, in: node) }
        case .receivingData(let missing):
            guard case .data(let count)? = AutoNATMessage(message) else {
                abandon(service, in: node)
                return false
            }
            guard count < missing else {
                service.phase = .waiting
                service.deadline = node.now + Interval(nanoseconds: node.random.next() % (limits.delay.nanoseconds + 1))
                return false
            }
            service.phase = .receivingData(missing: missing - count)
            if count < limits.leastDataPart { abandon(service, in: node) }
        case .waiting, .dialling, .dialled: return false
        }
        if case .receivingData = service.phase { return !service.isAbandoned }
        return false
    }

    func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let told = service(tellingOn: stream), case .dialled(let link, _, _) = told.phase else { return }
        told.phase = .dialled(link: link, stream: stream, isDelivered: true)
        node.finish(stream)
    }

    func finished(_ stream: StreamKey, in node: NodeContext) {
        if let told = service(tellingOn: stream) { return answer(told, .ok, in: node) }
        guard let service = service(on: stream) else { return }
        switch service.phase {
        case .reading, .receivingData: abandon(service, in: node)
        case .waiting, .dialling, .dialled: break
        }
    }

    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) {
        if let told = service(tellingOn: stream), case .dialled(_, _, let isDelivered) = told.phase {
            answer(told, isDelivered ? .ok : .dialBackError, in: node)
        } else if let service = service(on: stream) {
            forget(service, in: node)
        }
    }

    // MARK: Requests

    private func read(_ message: consuming ProtobufReader, of service: DialBackService, in node: NodeContext) {
        guard case .request(let addresses, let nonce)? = AutoNATMessage(message) else { return abandon(service, in: node) }
        service.nonce = nonce
        for index in addresses.indices {
            guard let address = try? Multiaddr(bytes: addresses[index]),
                DialBackFilter.admits(address, of: service.peer, dialing, in: node)
            else { continue }
            service.addresses = [address]
            service.index = UInt64(index)
            break
        }
        guard let address = service.addresses.first else { return end(service, Self.refusal(.refused), in: node) }
        if address.host == service.observed.host { return dial(service, in: node) }
        guard pace.takeDataRequest(now: node.now) else { return end(service, Self.refusal(.rejected), in: node) }
        let bytes = limits.leastData + node.random.below(max(1, limits.mostData - limits.leastData + 1))
        service.phase = .receivingData(missing: bytes)
        node.send(AutoNATMessage.dataRequest(index: service.index, bytes: UInt64(bytes)).framed, on: service.stream)
    }

    /// Addresses with another IP address are not for us to dial: that of the peer takes its place (go does the same), since a peer behind a
    /// router knows the port only.
    private func readVersion1(_ message: consuming ProtobufReader, of service: DialBackService, in node: NodeContext) {
        guard case .dial(let peer, let addresses)? = AutoNATv1Message(message) else { return abandon(service, in: node) }
        guard peer == nil || peer == service.peer.bytes else { return end(service, Self.refusalOfVersion1(.badRequest), in: node) }
        guard case .ip(let ip)? = service.observed.host else { return end(service, Self.refusalOfVersion1(.dialRefused), in: node) }
        for bytes in addresses where service.addresses.count < limits.dialsOfVersion1 {
            guard let named = try? Multiaddr(bytes: bytes), case .ip? = named.host else { continue }
            let address = named.replacingHost(by: ip).withoutPeerID
            guard DialBackFilter.admits(address, of: service.peer, dialing, in: node), !service.addresses.contains(address) else {
                continue
            }
            service.addresses.append(address)
        }
        if service.addresses.isEmpty { end(service, Self.refusalOfVersion1(.dialRefused), in: node) } else { dial(service, in: node) }
    }

    private func dial(_ service: DialBackService, in node: NodeContext) {
        service.phase = .dialling
        service.deadline = .distantFuture
        let policy = DialPolicy(
            service.addresses, .only, origin: .heard, path: .direct, reuses: false, backoff: .ignored, purpose: .probe)
        service.request = node.requestConnection(to: service.peer, policy, within: limits.dialTime, for: self)
    }

    func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeContext) {
        guard let service = services.first(where: { $0.request == request }) else {
            if let link { node.close(link.id, .application) }
            return
        }
        guard let link else { return notReached(service, outcomes, in: node) }
        if service.isAbandoned || service.isVersion1 {
            node.close(link.id, .application)
            let address = link.remoteAddress.withoutPeerID.bytes
            return end(service, AutoNATv1Message.response(.ok, address: address).framed, in: node)
        }
        let stream = node.openStream(on: link.id, [AutoNATMessage.dialBackID], for: self)
        node.send(DialBack(nonce: service.nonce).framed, on: stream)
        service.phase = .dialled(link: link.id, stream: stream, isDelivered: false)
        service.deadline = node.now + limits.dialBackTime
    }

    /// An address counts as unreachable if it was dialled in vain. That we could not dial says nothing about it.
    private func notReached(_ service: DialBackService, _ outcomes: [DialOutcome], in node: NodeContext) {
        var wasDialled = false
        for outcome in outcomes { if case .failed = outcome.result { wasDialled = true } }
        if service.isVersion1 {
            end(service, Self.refusalOfVersion1(wasDialled ? .dialError : .internalError), in: node)
        } else if wasDialled {
            end(service, AutoNATMessage.response(.ok, index: service.index, .dialError).framed, in: node)
        } else {
            end(service, Self.refusal(.internalError), in: node)
        }
    }

    // MARK: Endings

    /// The dial-back has come to its end.
    private func answer(_ service: DialBackService, _ status: AutoNATMessage.DialStatus, in node: NodeContext) {
        end(service, AutoNATMessage.response(.ok, index: service.index, status).framed, in: node)
    }

    private func end(_ service: DialBackService, _ answer: [UInt8], in node: NodeContext) {
        if !service.isAbandoned {
            node.send(answer, on: service.stream)
            node.conclude(service.stream)
        }
        service.request = nil
        service.isAbandoned = true
        forget(service, in: node)
    }

    /// The peer does not do its part.
    private func abandon(_ service: DialBackService, in node: NodeContext) {
        node.reset(service.stream)
        forget(service, in: node)
    }

    /// The peer's stream is gone. A dial that runs counts for the peer until it is over.
    private func forget(_ service: DialBackService, in node: NodeContext) {
        service.isAbandoned = true
        if case .dialled(let link, let stream, _) = service.phase {
            node.release(stream)
            node.close(link, .application)
        } else if service.request != nil {
            return
        }
        services.remove(service)
        pace.ended(service.peer)
    }

    // MARK: Time

    var nextDeadline: Instant {
        var soonest = Instant.distantFuture
        for service in services where !service.isAbandoned { soonest = min(soonest, service.deadline) }
        return soonest
    }

    func advance(in node: NodeContext) {
        for service in services where !service.isAbandoned && service.deadline <= node.now {
            switch service.phase {
            case .reading, .receivingData: abandon(service, in: node)
            case .waiting: dial(service, in: node)
            case .dialling: break
            case .dialled(_, _, let isDelivered): answer(service, isDelivered ? .ok : .dialBackError, in: node)
            }
        }
    }
}
