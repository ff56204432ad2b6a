import CausewayConnection

/// A host's part in setting up TCP connections (RFC 9293, section 3.5): SYN, SYN-ACK, and two SYNs that cross.
///
/// A listener has its connection when the SYN comes, the dialler half a round trip later; once it stands, a `SimulatedLink` carries it.
final class ConnectionSetUp {
    private var listeners: [UInt16: (SimulatedSocket) -> Void] = [:]
    private var attempts: [SocketEndpoints: SimulatedConnectAttempt] = [:]
    private var sockets: [SocketEndpoints: SimulatedSocket] = [:]
    private var lastPort: UInt16 = 49_151
    private unowned let host: SimulatedHost
    private unowned let simulation: Simulation

    init(_ host: SimulatedHost, _ simulation: Simulation) {
        self.host = host
        self.simulation = simulation
    }

    // MARK: Listening

    func listen(on port: UInt16, _ accept: @escaping (SimulatedSocket) -> Void) throws(SimulatedNetworkError) {
        guard listeners[port] == nil else { throw SimulatedNetworkError(errno: SimulatedErrno.addressInUse) }
        listeners[port] = accept
    }

    func stopListening(on port: UInt16) { listeners[port] = nil }

    // MARK: Dialling

    /// Linux sends a SYN again after 1 s, then after twice as long each time, six times in all, and gives up 127 s after the first.
    private static let firstRetransmission = Interval.seconds(1)
    private static let longestWait = Interval.seconds(64)

    func connect(
        to remote: SimulatedAddress, from port: UInt16?, _ answer: @escaping (Result<SimulatedSocket, SimulatedNetworkError>) -> Void
    ) -> SimulatedConnectAttempt {
        let ip = host.isUp ? host.address(toward: remote) : nil
        let local = ip.map { SimulatedAddress(ip: $0, port: port ?? freePort($0, remote)) }
        let endpoints = SocketEndpoints(local: local ?? SimulatedAddress(ip: remote.ip.map { _ in 0 }, port: 0), remote: remote)
        let attempt = SimulatedConnectAttempt(host, endpoints, answer)
        guard local != nil, !isInUse(endpoints) else {
            let errno = local == nil ? SimulatedErrno.unreachable : SimulatedErrno.addressInUse
            simulation.schedule(after: Interval(nanoseconds: 0)) { attempt.fail(errno) }
            return attempt
        }
        attempts[endpoints] = attempt
        sendSYN(attempt, wait: Self.firstRetransmission)
        return attempt
    }

    private func sendSYN(_ attempt: SimulatedConnectAttempt, wait: Interval) {
        send(.syn(attempt), attempt.endpoints)
        simulation.schedule(after: wait) { [self] in
            guard attempt.isWaiting else { return }
            guard wait < Self.longestWait else { return giveUp(attempt) }
            sendSYN(attempt, wait: Interval(nanoseconds: 2 * wait.nanoseconds))
        }
    }

    private func giveUp(_ attempt: SimulatedConnectAttempt) {
        let socket = sockets[attempt.endpoints]
        attempt.fail(SimulatedErrno.timedOut)
        // The far end may have a connection whose first answers all got lost.
        if socket?.attempt === attempt { socket?.reset() }
    }

    private func isInUse(_ endpoints: SocketEndpoints) -> Bool { attempts[endpoints] != nil || sockets[endpoints] != nil }

    private func freePort(_ ip: [UInt8], _ remote: SimulatedAddress) -> UInt16 {
        for _ in 49_152...UInt16.max {
            lastPort = lastPort == .max ? 49_152 : lastPort + 1
            guard isInUse(SocketEndpoints(local: SimulatedAddress(ip: ip, port: lastPort), remote: remote)) else { break }
        }
        return lastPort
    }

    // MARK: Packets

    /// Whether a packet belongs to something that this host has begun or accepted.
    func knows(_ packet: SimulatedPacket) -> Bool { isInUse(SocketEndpoints(local: packet.destination, remote: packet.source)) }

    func receive(_ packet: SimulatedPacket) {
        let endpoints = SocketEndpoints(local: packet.destination, remote: packet.source)
        switch packet.content {
        case .datagram: break
        case .syn(let attempt): if attempt.isWaiting { receiveSYN(attempt, of: packet.sender, endpoints, packet.flows) }
        case .synAck(let link):
            establish(link, endpoints)
            // Of two SYNs that crossed, the other side has one to be acknowledged, too.
            if link.isSimultaneous { send(.ack(link), endpoints) }
        case .ack(let link): establish(link, endpoints)
        case .reset(let attempt): if attempts[endpoints] === attempt { attempt.fail(SimulatedErrno.refused) }
        }
    }

    private func receiveSYN(
        _ attempt: SimulatedConnectAttempt, of dialler: SimulatedHost, _ endpoints: SocketEndpoints, _ flows: [Flow]
    ) {
        if let socket = sockets[endpoints] {
            // The answer got lost; or the dialler knows nothing of an old connection, and its next SYN will find the port free.
            if socket.link === attempt.link { send(.synAck(socket.link), endpoints) } else { socket.ended(errno: SimulatedErrno.reset) }
            return
        }
        // A connection that stands at other endpoints of this host already.
        guard attempt.link == nil else { return }
        let own = attempts[endpoints]
        let accept = listeners[endpoints.local.port]
        guard own != nil || accept != nil else { return send(.reset(attempt), endpoints) }
        let link = makeLink(attempt, of: dialler, endpoints, flows)
        if let own {
            link.isSimultaneous = true
            own.link = link
            link.listener.attempt = own
        } else {
            accept?(link.listener)
        }
        send(.synAck(link), endpoints)
    }

    private func makeLink(
        _ attempt: SimulatedConnectAttempt, of dialler: SimulatedHost, _ endpoints: SocketEndpoints, _ flows: [Flow]
    ) -> SimulatedLink {
        let link = simulation.network.makeLink(from: dialler, attempt.endpoints, to: host, endpoints)
        link.flows = flows
        attempt.link = link
        link.dialler.attempt = attempt
        dialler.add(link, link.dialler)
        host.add(link, link.listener)
        return link
    }

    /// The far end has answered.
    private func establish(_ link: SimulatedLink, _ endpoints: SocketEndpoints) {
        guard let socket = sockets[endpoints], socket.link === link else { return }
        socket.establish()
    }

    private func send(_ content: SimulatedPacket.Content, _ endpoints: SocketEndpoints) {
        host.send(SimulatedPacket(content, from: host, source: endpoints.local, destination: endpoints.remote))
    }

    // MARK: The tables

    func add(_ socket: SimulatedSocket) { sockets[SocketEndpoints(local: socket.local, remote: socket.remote)] = socket }

    func forget(_ socket: SimulatedSocket) {
        let endpoints = SocketEndpoints(local: socket.local, remote: socket.remote)
        if sockets[endpoints] === socket { sockets[endpoints] = nil }
    }

    func forget(_ attempt: SimulatedConnectAttempt) {
        if attempts[attempt.endpoints] === attempt { attempts[attempt.endpoints] = nil }
    }

    /// The machine went down.
    func forgetAll() {
        listeners = [:]
        attempts = [:]
        sockets = [:]
    }
}
