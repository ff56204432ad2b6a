import CausewayConnection
import CausewayIdentity
import CausewayNode

/// One life of a simulated node. It drives a `Node` and its links as the native shell does, on the simulation's thread.
///
/// Only `turn` drains outputs. Every event feeds an input and ends in a turn: first the links, until none has work left, then the node's
/// outputs, until neither has any. Then one event is scheduled at the soonest deadline.
final class NodeShell: LinkShell, SpliceObserver {
    let node: Node
    unowned let owner: SimulatedNode
    private let identity: NoiseIdentity
    private let limits: ConnectionLimits
    private var entropy: RandomSource
    private(set) var links: [UInt32: ShellLink] = [:]
    private var queue: [ShellLink] = []
    private var splices: [UInt32: Splice] = [:]
    private var lastAccepted: UInt32 = 1
    private var wake = Instant.distantFuture
    private var isInTurn = false
    private(set) var isStopped = false
    private var simulation: Simulation { owner.simulation }

    /// The two legs of a circuit, and how many have ended.
    private final class Splice {
        let source: SpliceLeg
        let target: SpliceLeg
        var ended = 0
        var cause: SpliceEnd?

        init(_ source: SpliceLeg, _ target: SpliceLeg) {
            self.source = source
            self.target = target
        }
    }

    var now: Instant { simulation.now }

    init(_ node: Node, owner: SimulatedNode, identity: NoiseIdentity, limits: ConnectionLimits, entropy: RandomSource) {
        self.node = node
        self.owner = owner
        self.identity = identity
        self.limits = limits
        self.entropy = entropy
    }

    // MARK: Turns

    /// Runs `input`, then everything that follows from it.
    func turn(_ input: (Node) -> Void = { _ in }) {
        guard !isStopped else { return }
        input(node)
        guard !isInTurn else { return }
        isInTurn = true
        repeat {
            while !queue.isEmpty { pump(queue.removeFirst()) }
            while let output = node.pollOutput() { perform(output) }
        } while !queue.isEmpty
        isInTurn = false
        scheduleWake()
    }

    /// After an input to a link: processes its outputs at once, then runs a turn for the rest.
    func work(on link: ShellLink) {
        guard !isStopped else { return }
        pump(link)
        turn()
    }

    private func pump(_ shellLink: ShellLink) {
        shellLink.isInQueue = false
        guard let link = shellLink.link, links[shellLink.id] === shellLink else { return }
        repeat { link.turn(now: now) } while shellLink.flush()
        var isOver = false
        for event in link.takeEvents() {
            if case .closed = event { isOver = true }
            node.receive(event, from: shellLink.id, now: now)
        }
        if isOver || link.connection.isClosed { close(shellLink, link) }
        schedule(shellLink, link.connection.nextDeadline)
    }

    /// The connection has ended. The bytes on its wire still go out, and then the link is closed.
    private func close(_ shellLink: ShellLink, _ link: ByteLink) {
        guard link.connection.wire.isEmpty || (shellLink.socket == nil && link.carrier == nil) else { return }
        shellLink.socket?.close()
        shellLink.socket = nil
        links[shellLink.id] = nil
    }

    // MARK: Time

    private func scheduleWake() {
        let soonest = node.nextDeadline
        guard soonest != .distantFuture, soonest < wake else { return }
        wake = max(soonest, now)
        let moment = wake
        simulation.schedule(at: moment) { [weak self] in
            guard let self, !isStopped, wake == moment else { return }
            wake = .distantFuture
            turn { $0.advance(to: now) }
        }
    }

    private func schedule(_ link: ShellLink, _ soonest: Instant) {
        guard soonest != .distantFuture, soonest < link.wake else { return }
        link.wake = max(soonest, now)
        let moment = link.wake
        simulation.schedule(at: moment) { [weak self, weak link] in
            guard let self, let link, !isStopped, link.wake == moment, links[link.id] === link else { return }
            link.wake = .distantFuture
            link.link?.advance(to: now)
            work(on: link)
        }
    }

    // MARK: The node's outputs

    private func perform(_ output: NodeOutput) {
        switch output {
        case .event(let event): owner.record(event)
        case .link(let link, let command): perform(command, on: link)
        case .dial(let link, let address, let expecting): dial(link, address, expecting)
        case .resolve(let request, let address): resolve(request, address)
        case .cancelResolve: break
        case .circuit(let link, let over, let initiator, let expecting, let limit, let received):
            openCircuit(link, over: over, initiator: initiator, expecting: expecting, limit: limit, received: received)
        case .splice(let circuit, let source, let target, let limit, let received):
            splice(circuit, source, target, limit: limit, received: received)
        case .endSplice(let circuit):
            splices[circuit]?.source.end(.ended)
            splices[circuit]?.target.end(.ended)
        case .peerConnection: break
        }
    }

    private func perform(_ command: LinkCommand, on id: UInt32) {
        guard let shellLink = links[id] else { return }
        if let link = shellLink.link {
            link.apply(command, now: now)
        } else if let reason = command.endOfDial {
            shellLink.attempt?.cancel()
            links[id] = nil
            node.receive(.closed(.closed(reason)), from: id, now: now)
        }
    }

    private func resolve(_ request: UInt32, _ address: Multiaddr) {
        simulation.schedule(after: .milliseconds(simulation.names.latencyMilliseconds)) { [weak self] in
            guard let self else { return }
            let found = simulation.names.resolve(address)
            turn { $0.resolved(request: request, addresses: found ?? [], code: found == nil ? SimulatedNames.unknownName : 0, now: now) }
        }
    }

    // MARK: Links

    func accept(_ socket: SimulatedSocket, webSocket: Bool) {
        guard !isStopped else { return socket.reset() }
        lastAccepted &+= 2
        let id = lastAccepted
        let remote = socket.remote.multiaddr(webSocket: webSocket)
        let local = socket.local.multiaddr(webSocket: webSocket)
        let shellLink = ShellLink(id, self)
        links[id] = shellLink
        stand(shellLink, socket, isInitiator: false, webSocket: webSocket ? .server : .none, expecting: nil)
        turn { $0.accepted(link: id, remote: remote, local: local, now: now) }
        work(on: shellLink)
    }

    private func dial(_ id: UInt32, _ address: Multiaddr, _ expecting: PeerID?) {
        let shellLink = ShellLink(id, self)
        links[id] = shellLink
        guard let far = address.simulatedAddress, let role = address.webSocketRole else {
            links[id] = nil
            node.receive(.closed(.link(errno: SimulatedErrno.unreachable)), from: id, now: now)
            return
        }
        shellLink.attempt = owner.host.connect(to: far) { [weak self] answer in
            guard let self, !isStopped, links[id] === shellLink else { return }
            switch answer {
            case .failure(let error):
                links[id] = nil
                turn { $0.receive(.closed(.link(errno: error.errno)), from: id, now: now) }
            case .success(let socket):
                stand(shellLink, socket, isInitiator: true, webSocket: role, expecting: expecting)
                let local = socket.local.multiaddr(webSocket: address.transport != .tcp)
                turn { $0.linked(link: id, remote: address, local: local, now: now) }
                work(on: shellLink)
            }
        }
    }

    /// The transport is connected: a connection runs over it.
    private func stand(
        _ shellLink: ShellLink, _ socket: SimulatedSocket, isInitiator: Bool, webSocket: Connection.WebSocketRole, expecting: PeerID?
    ) {
        shellLink.attempt = nil
        shellLink.socket = socket
        socket.owner = shellLink
        let configuration = configuration(isInitiator: isInitiator, webSocket: webSocket, expecting: expecting)
        shellLink.link = ByteLink(id: shellLink.id, connection: Connection(configuration, now: now), shell: self, now: now)
    }

    private func configuration(isInitiator: Bool, webSocket: Connection.WebSocketRole, expecting: PeerID?) -> Connection.Configuration {
        Connection.Configuration(
            identity: identity, isInitiator: isInitiator, webSocket: webSocket, expecting: expecting, protocols: node.protocolTable,
            limits: limits,
            entropy: Secret(entropy.bytes(Connection.entropySize)))
    }

    // MARK: Circuits

    private func openCircuit(
        _ id: UInt32, over key: StreamKey, initiator: Bool, expecting: PeerID?, limit: CircuitLimit?, received: [UInt8]
    ) {
        guard let outer = links[key.link]?.link else {
            node.receive(.closed(.link(errno: 0)), from: id, now: now)
            return
        }
        var configuration = configuration(isInitiator: initiator, webSocket: .none, expecting: expecting)
        configuration.isLimited = limit != nil
        let shellLink = ShellLink(id, self)
        let inner = ByteLink(id: id, connection: Connection(configuration, now: now), shell: self, now: now)
        shellLink.link = inner
        links[id] = shellLink
        CircuitTransport(inner: inner, over: outer, stream: key.stream, limit: limit, now: now).start(received: received, now: now)
        enqueue(shellLink)
    }

    private func splice(_ circuit: UInt32, _ source: StreamKey, _ target: StreamKey, limit: CircuitLimit, received: [UInt8]) {
        guard let from = links[source.link]?.link, let to = links[target.link]?.link else {
            links[source.link]?.link?.apply(.reset(stream: source.stream), now: now)
            links[target.link]?.link?.apply(.reset(stream: target.stream), now: now)
            return node.spliceEnded(circuit: circuit, sent: 0, returned: 0, limit: nil, now: now)
        }
        let one = SpliceLeg(circuit: circuit, isSource: true, link: from, stream: source.stream, limit: limit.bytes, observer: self)
        let other = SpliceLeg(circuit: circuit, isSource: false, link: to, stream: target.stream, limit: limit.bytes, observer: self)
        splices[circuit] = Splice(one, other)
        SpliceLeg.join(one, other, received: received)
    }

    func spliceLegEnded(circuit: UInt32, isSource: Bool, moved: UInt64, cause: SpliceEnd) {
        guard let splice = splices[circuit] else { return }
        splice.ended += 1
        if splice.cause == nil || cause == .limit { splice.cause = cause }
        guard splice.ended == 2 else { return }
        splices[circuit] = nil
        let limit: LimitName? = splice.cause == .limit ? .circuitBytes : nil
        node.spliceEnded(circuit: circuit, sent: splice.source.moved, returned: splice.target.moved, limit: limit, now: now)
    }

    // MARK: From links

    func linkIsDirty(_ link: Link) {
        guard !isStopped, let shellLink = links[link.id], shellLink.link === link else { return }
        enqueue(shellLink)
        // An application did something outside a turn: process it soon, but not within its call.
        guard !isInTurn else { return }
        simulation.schedule(after: Interval(nanoseconds: 0)) { [weak self] in self?.turn() }
    }

    private func enqueue(_ link: ShellLink) {
        guard !link.isInQueue else { return }
        link.isInQueue = true
        queue.append(link)
    }

    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) {
        guard let served = owner.serve(entry.name) else { return }
        served.attach(stream, protocolID: String(decoding: entry.name, as: UTF8.self), on: link)
        link.setOwner(served, of: stream)
    }

    // MARK: Stopping

    /// The process is gone. Nothing more is processed.
    func stop() { isStopped = true }
}
