import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayWebRTC

/// A UDP port of a simulated node with the associations of `/webrtc-direct` on it: a listener's, or that of one dial.
final class SimulatedDatagramPort {
    /// The port has one socket.
    private static let number: UInt32 = 0

    unowned let shell: SimulatedShell
    let socket: SimulatedDatagramSocket
    let endpoint: any DTLSEndpoint
    private let isListening: Bool
    private var routes = DatagramDemultiplexer()
    private var gate = NewcomerGate()
    private var server = STUNServer()
    private var carriers = Table<UInt32, AssociationCarrier>()
    private var timer: SimulatedTimer?
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PeerConnection.datagramSize, alignment: 16)

    /// - Parameter port: where it listens; nil: for a dial, at a free one.
    init(listeningAt port: UInt16?, of shell: SimulatedShell) throws(SimulatedNetworkError) {
        self.shell = shell
        isListening = port != nil
        endpoint = shell.owner.datagramTLS
        socket = try shell.owner.host.bind(port: port ?? 0)
        socket.owner = self
        timer = SimulatedTimer(shell.owner.host) { [weak self] in self?.endOverdue() }
        shell.ports.append(self)
    }

    deinit { buffer.deallocate() }

    /// What it keeps for others: associations, those of them in set-up and those that strangers began, endpoints, and places that came.
    var counts: (associations: Int, newcomers: Int, strangers: Int, endpoints: Int, places: Int) {
        (routes.count, gate.count, routes.strangerCount, routes.endpointCount, max(gate.placeCount, server.placeCount))
    }

    private func path(to remote: Endpoint) -> ICEPath { ICEPath(socket: Self.number, remote: remote) }

    /// This side's endpoint for a remote. nil: the host has no address of that family.
    private func local(toward remote: Endpoint) -> Endpoint? {
        shell.owner.host.address(toward: remote.simulatedAddress).map { SimulatedAddress(ip: $0, port: socket.port).endpoint }
    }

    // MARK: Beginning

    /// A stranger's first check. Nothing that is refused is answered.
    private func accept(_ datagram: UnsafeRawBufferPointer, _ request: BindingRequest, from remote: Endpoint) {
        guard isListening, let agent = try? ICELiteAgent(accepting: datagram, over: path(to: remote), now: now),
            gate.admits(remote, now: now),
            !shell.node.turnsAway(.webRTCDirect(remote), now: now)
        else { return }
        let id = shell.nextAccepted()
        do throws(DemultiplexerError) {
            let victim = try routes.admit(id, request, from: remote)
            if let victim { turnAway(victim) }
            try routes.bind(id, to: remote)
        } catch {
            return routes.remove(id)
        }
        let connection = PeerConnection(accepting: agent, by: endpoint, entropy: shell.random.bytes(32))
        insert(AssociationCarrier(id, connection, .listener, remote: remote, port: self))
    }

    private func turnAway(_ id: UInt32) {
        guard let carrier = carriers[id] else { return }
        let limit = DemultiplexerLimits().strangers
        shell.turn { $0.refused(remote: .webRTCDirect(carrier.remote), .pendingConnections, value: limit, now: now) }
        carrier.fail(.limit(.pendingConnections, value: UInt64(limit)))
    }

    /// Begins the dial for which the port was made, from an address of the host's.
    func dial(_ id: UInt32, _ target: DialTarget, at remote: Endpoint, from ip: [UInt8], _ descriptions: DirectDescriptions) {
        let local = SimulatedAddress(ip: ip, port: socket.port).endpoint
        let connection = PeerConnection(
            dialling: remote, descriptions, from: LocalBase(socket: Self.number, endpoint: local), by: endpoint,
            secret: shell.random.bytes(32), entropy: shell.random.bytes(32), now: now)
        // Neither can fail: the port is new.
        try? routes.expect(id, fragment: descriptions.offer.credentials.fragment)
        try? routes.bind(id, to: remote)
        let side = AssociationCarrier.Side.dialler(of: target.address, expecting: target.expecting, as: shell.identity(for: target))
        insert(AssociationCarrier(id, connection, side, remote: remote, port: self))
    }

    private func insert(_ carrier: AssociationCarrier) {
        carriers[carrier.id] = carrier
        links.insert(carrier.id, over: carrier)
        gate.began(carrier.id, now: now)
        scheduleTimer()
        carrier.proceed()
    }

    /// Tells whoever asks under which address it is seen here.
    private func answer(_ datagram: UnsafeRawBufferPointer, from remote: Endpoint) {
        let isConnected = shell.node.connectionDescriptions.contains { $0.remoteAddress.host == .ip(remote.ip) }
        guard isListening, let count = server.answer(datagram, from: remote, isConnected: isConnected, into: buffer, now: now) else {
            return
        }
        send(count, over: path(to: remote))
    }

    // MARK: Time and end

    private func scheduleTimer() {
        if gate.nextDeadline < .distantFuture { timer?.start(after: gate.nextDeadline - now) }
    }

    private func endOverdue() {
        shell.turn { _ in
            while let id = gate.expired(now: now) { carriers[id].map { $0.fail(.timedOut($0.link == nil ? .transport : .noise)) } }
            scheduleTimer()
        }
    }

    /// The process is gone, and nothing of it is told.
    func forget() {
        timer?.close()
        carriers = Table()
    }
}

extension SimulatedDatagramPort: SimulatedDatagramOwner {
    func received(_ bytes: UnsafeMutableRawBufferPointer, from remote: SimulatedAddress, on socket: SimulatedDatagramSocket) {
        let source = remote.endpoint
        shell.turn { _ in
            switch routes.route(UnsafeRawBufferPointer(bytes), from: source) {
            case .association(let id, _): carriers[id]?.receive(bytes, over: path(to: source))
            case .listener(let request): accept(UnsafeRawBufferPointer(bytes), request, from: source)
            case .nobody(.unknownRemote): answer(UnsafeRawBufferPointer(bytes), from: source)
            case .nobody(.unknownKind): break
            }
        }
    }
}

extension SimulatedDatagramPort: SimulatedAssociationPort {
    func began(_ carrier: AssociationCarrier) {
        guard let local = local(toward: carrier.remote) else { return }
        shell.turn { node in
            switch carrier.side {
            case .listener: node.accepted(link: carrier.id, remote: .webRTCDirect(carrier.remote), local: .webRTCDirect(local), now: now)
            case .dialler(let target, _, _): node.linked(link: carrier.id, remote: target, local: .webRTCDirect(local), now: now)
            case .signalled: break
            }
        }
    }

    func trust(_ carrier: AssociationCarrier) {
        gate.ended(carrier.id)
        do throws(DemultiplexerError) {
            try routes.trust(carrier.id)
        } catch {
            carrier.fail(.limit(.connections, value: UInt64(DemultiplexerLimits().associations)))
        }
    }

    func bind(_ carrier: AssociationCarrier, to remote: Endpoint) -> Bool { (try? routes.bind(carrier.id, to: remote)) != nil }

    func remove(_ carrier: AssociationCarrier) {
        carriers[carrier.id] = nil
        routes.remove(carrier.id)
        gate.ended(carrier.id)
        guard !isListening else { return }
        timer?.close()
        close()
    }
}
