import CausewayConnection
import CausewayNode
import CausewayRuntime

/// Reaches one relay, and asks it for everything that it can tell.
struct RelayQuestion: Sendable {
    private let node: Node
    private let moments: Moments
    private let address: Multiaddr
    private let probes: NetworkProbes

    init(_ node: Node, _ moments: Moments, _ address: Multiaddr, _ probes: NetworkProbes) {
        self.node = node
        self.moments = moments
        self.address = address
        self.probes = probes
    }

    func ask() async -> RelayAnswer {
        var answer = RelayAnswer(relay: RelayFacts(address))
        guard let peer = address.peerID else { return answer }
        let events = node.events()
        let before = ContinuousClock.now
        switch await connect() {
        case .success(let connection)?:
            answer.relay.connection = connection
            answer.relay.connectedIn = Moments.interval(since: before)
        case .failure(.notConnected(_, let outcomes))?: answer.relay.failures = outcomes
        case .failure?, nil: break
        }
        answer.tcp = attempts(answer.relay)
        guard let connection = answer.relay.connection else {
            events.cancel()
            return answer
        }
        async let place = reserve(at: peer)
        async let roundTrip = ping(peer)
        answer.relay.info = await info(of: peer, events)
        for server in answer.relay.stunServers { probes.ask(server) }
        if let other = otherFamily(answer.relay, connection) {
            let took = await probes.connect(to: other, within: Moments.interval(until: moments.answered))
            answer.tcp.append(.init(remote: other, isAccepted: took != nil))
        }
        answer.relay.roundTrip = await roundTrip
        answer.relay.place = await place
        return answer
    }

    /// nil: it took too long.
    private func connect() async -> Result<Connection, NodeError>? {
        await Moments.by(moments.reached) { [node, address] in
            do throws(NodeError) { return .success(try await node.connect(to: address)) } catch { return .failure(error) }
        }
    }

    /// What is known of TCP by the dial.
    private func attempts(_ relay: RelayFacts) -> [RelayAnswer.Attempt] {
        if let connection = relay.connection {
            guard connection.remoteAddress.isOverTCP, let remote = connection.remoteAddress.endpoint else { return [] }
            return [.init(remote: remote, isAccepted: true)]
        }
        let tried = relay.failures.isEmpty ? [relay.address] : relay.failures.filter(\.wasTried).map(\.address)
        return tried.filter(\.isOverTCP).compactMap { address in
            let failure = relay.failures.first { $0.address == address }
            return address.endpoint.map { .init(remote: $0, isAccepted: failure?.isBehindTransport ?? false) }
        }
    }

    /// What identify tells, as soon as it does. nil: it does not in time.
    private func info(of peer: PeerID, _ events: Feed<Event>) async -> PeerInfo? {
        if let known = await node.info(of: peer) {
            events.cancel()
            return known
        }
        return await Moments.by(moments.reached) {
            for await event in events {
                switch event {
                case .identified(let info) where info.peer == peer: return info
                case .notIdentified(peer, _), .peerDisconnected(peer): return nil
                default: break
                }
            }
            return nil
        }
    }

    private func ping(_ peer: PeerID) async -> Interval? {
        await Moments.by(moments.answered) { [node] in try? await node.ping(peer) }
    }

    /// Gives a place back that the node did not want before.
    private func reserve(at peer: PeerID) async -> RelayFacts.Place {
        let isWanted = await node.keepsPlace(at: peer)
        let place = await Moments.by(moments.answered) { [node, address] () -> RelayFacts.Place? in
            do throws(NodeError) {
                return .granted(try await node.reserve(at: address))
            } catch {
                if case .reservation(let error) = error { return .refused(error) }
                return nil
            }
        }
        if !isWanted { await node.release(relay: peer) }
        return place ?? .notAnswered
    }

    /// An address of the relay of the address family by which it was not reached.
    private func otherFamily(_ relay: RelayFacts, _ connection: Connection) -> Endpoint? {
        guard let used = connection.remoteAddress.endpoint else { return nil }
        return (relay.info?.listenAddresses ?? []).lazy.filter { $0.isOverTCP && $0.reach == .public }.compactMap(\.endpoint)
            .first { $0.isIPv4 != used.isIPv4 }
    }
}

extension Node {
    /// Whether the node holds a place at this relay, or is to hold one, whoever asks.
    fileprivate func keepsPlace(at relay: PeerID) async -> Bool {
        if configuration.relays?.addresses.contains(where: { $0.peerID == relay }) == true { return true }
        return await onNode { node, _ in node.reservations.contains { $0.relay == relay } }
    }
}

extension Multiaddr {
    /// Whether its bytes run over TCP, from this machine to the one that it names.
    fileprivate var isOverTCP: Bool {
        if isCircuit { return false }
        return switch transport {
        case .tcp, .webSocket: true
        case .circuit, .webRTC, .webRTCDirect, .quic, .other: false
        }
    }
}

extension DialOutcome {
    /// Whether anything was sent to the address.
    fileprivate var wasTried: Bool {
        switch result {
        case .connected, .failed, .refusedByRelay: true
        case .unresolved, .cancelled, .backedOff, .unsupported, .hearsay, .ownPeer, .limit: false
        }
    }

    /// Whether the transport stood, and what runs over it failed.
    fileprivate var isBehindTransport: Bool {
        switch result {
        case .connected: true
        case .failed(.timedOut(.transport)), .failed(.link): false
        case .failed: true
        default: false
        }
    }
}
