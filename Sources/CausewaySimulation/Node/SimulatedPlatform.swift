import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayWebRTC

/// What a simulated node and its links want of the simulation. They hold this and not the shell, which has them.
final class SimulatedPlatform {
    unowned let shell: SimulatedShell
    private var simulation: Simulation { shell.owner.simulation }

    init(_ shell: SimulatedShell) { self.shell = shell }

    var now: Instant { shell.now }
}

extension SimulatedPlatform: LinkSetHost {
    func entropy(_ count: Int) -> Secret { Secret(shell.random.bytes(count)) }

    func linkReported(_ events: [LinkEvent], from link: UInt32) { shell.driver.receive(events, from: link) }

    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) {
        guard let served = shell.owner.serve(entry.name) else { return }
        served.attach(stream, protocolID: String(decoding: entry.name, as: UTF8.self), on: link)
        link.setOwner(served, of: stream)
        served.begin()
    }

    /// Outside of a turn an application did something: work on it soon, not within its call.
    func linksHaveWork() {
        guard !shell.isStopped, !shell.isInTurn else { return }
        simulation.schedule(after: Interval(nanoseconds: 0)) { [weak shell] in shell?.turn() }
    }

    func linkIsGone(_ link: UInt32) {}
}

extension SimulatedPlatform: NodePlatform {
    func isHere(_ link: UInt32) -> Bool { true }
    func forward(_ output: NodeOutput, toThreadOf link: UInt32?) {}

    func dial(_ id: UInt32, _ target: DialTarget) {
        let address = target.address
        if address.transport == .webRTCDirect { return dialDirect(id, target) }
        let carrier = SocketCarrier(id, shell)
        shell.links.insert(id, over: carrier)
        guard let far = address.simulatedAddress, let role = target.webSocketRole else {
            return shell.links.fail(id, .link(errno: SimulatedErrno.unreachable))
        }
        connect(carrier, to: far, from: target.localPort, target, role)
    }

    private func connect(
        _ carrier: SocketCarrier, to far: SimulatedAddress, from port: UInt16?, _ target: DialTarget, _ role: Connection.WebSocketRole
    ) {
        let host = shell.owner.host
        carrier.attempt = host.connect(to: far, from: port) { [weak shell] answer in
            host.whenAwake {
                guard let shell, !shell.isStopped, shell.links.carrier(of: carrier.id) === carrier else { return }
                shell.turn { self.connected(carrier, answer, from: port, target, role, $0) }
            }
        }
    }

    private func connected(
        _ carrier: SocketCarrier, _ answer: Result<SimulatedSocket, SimulatedNetworkError>, from port: UInt16?, _ target: DialTarget,
        _ role: Connection.WebSocketRole, _ node: Node
    ) {
        switch answer {
        case .failure(let error):
            // As the native shell does: only a simultaneous open needs that very port.
            guard error.errno == SimulatedErrno.addressInUse, port != nil, target.role == .dialler,
                let far = target.address.simulatedAddress
            else { return shell.links.fail(carrier.id, .link(errno: error.errno)) }
            connect(carrier, to: far, from: nil, target, role)
        case .success(let socket):
            shell.stand(
                carrier, socket, isInitiator: target.role != .simultaneousServer, webSocket: role, expecting: target.expecting,
                as: shell.identity(for: target))
            let local = socket.local.multiaddr(webSocket: target.address.transport != .tcp)
            node.linked(link: carrier.id, remote: target.address, local: local, now: shell.now)
        }
    }

    private func dialDirect(_ id: UInt32, _ target: DialTarget) {
        do throws(SimulatedNetworkError) {
            guard let remote = target.address.simulatedAddress, let ip = shell.owner.host.address(toward: remote),
                let descriptions = try? DirectDescriptions(
                    dialling: target.address, .one, secret: shell.random.bytes(32), fingerprint: shell.owner.datagramTLS.fingerprint)
            else { throw SimulatedNetworkError(errno: SimulatedErrno.unreachable) }
            let port = try SimulatedDatagramPort(listeningAt: nil, of: shell)
            port.dial(id, target, at: remote.endpoint, from: ip, descriptions)
        } catch {
            shell.driver.receive([.closed(.link(errno: error.errno))], from: id)
        }
    }

    func resolve(_ request: UInt32, _ address: Multiaddr) {
        simulation.schedule(after: .milliseconds(simulation.names.latencyMilliseconds)) { [weak shell] in
            guard let shell else { return }
            let found = shell.owner.simulation.names.resolve(address)
            let code = found == nil ? SimulatedNames.unknownName : 0
            shell.turn { $0.resolved(request: request, addresses: found ?? [], code: code, now: shell.now) }
        }
    }

    func cancelResolve(_ request: UInt32) {}

    func splice(_ circuit: UInt32, _ source: StreamKey, _ target: StreamKey, limit: CircuitLimit) {
        shell.splices.join(circuit, (source.link, source.stream), (target.link, target.stream), limit: limit.bytes)
    }

    func endSplice(_ circuit: UInt32) { shell.splices.end(circuit) }

    func deliver(_ event: NodeEvent) { shell.owner.record(event) }
}
