import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayWebRTC

/// One life of a simulated node: its host's sockets, names and time for a `Node` and its links, on the simulation's thread.
///
/// Whatever happens feeds an input and ends in a turn, after which one event is scheduled at the soonest deadline.
final class SimulatedShell {
    let node: Node
    unowned let owner: SimulatedNode
    private(set) var links: LinkSet!
    private(set) var driver: NodeDriver!
    private(set) var splices: SpliceSet!
    var random: RandomSource
    /// Circuits that it relays at this moment.
    var spliceCount: Int { splices.count }
    /// Its UDP ports: its listener's, and one for each association that it has begun.
    var ports: [any SimulatedAssociationPort] = []
    /// When it may begin to pass a hard NAT.
    var hardNATPace = HardNATPace()
    private var lastAccepted: UInt32 = 1
    private var probeIdentity: NoiseIdentity?
    private var wake = Instant.distantFuture
    private let processor: SimulatedProcessor
    private(set) var isInTurn = false
    private(set) var isStopped = false
    private var simulation: Simulation { owner.simulation }
    var now: Instant { owner.host.now }

    init(_ node: Node, owner: SimulatedNode, identity: NoiseIdentity, limits: ConnectionLimits, entropy: RandomSource) {
        self.node = node
        self.owner = owner
        random = entropy
        processor = SimulatedProcessor(owner.simulation)
        let platform = SimulatedPlatform(self)
        links = LinkSet(Connection.Settings(identity: identity, protocols: node.protocolTable, limits: limits), host: platform)
        driver = NodeDriver(node, links: links, platform: platform)
        splices = SpliceSet(links) { [unowned self] in driver.spliceEnded($0) }
    }

    // MARK: Turns

    /// Runs `input`, then everything that follows from it.
    func turn(_ input: (Node) -> Void = { _ in }) {
        guard !isStopped, !owner.host.isAsleep else { return }
        guard !isInTurn else { return driver.input(input) }
        isInTurn = true
        driver.input(input)
        while driver.turn() {}
        isInTurn = false
        scheduleWake()
    }

    private func scheduleWake() {
        let soonest = driver.nextDeadline
        guard soonest != .distantFuture, soonest < wake else { return }
        wake = max(soonest, now)
        let moment = wake
        simulation.schedule(after: moment - now) { [weak self] in self?.owner.host.whenAwake { self?.wake(at: moment) } }
    }

    /// Of the moments that were scheduled, the soonest alone counts. If the clock has stood still, it is still to come.
    private func wake(at moment: Instant) {
        guard !isStopped, wake == moment else { return }
        wake = .distantFuture
        turn()
    }

    /// Whether inputs have to wait for the processor.
    var isTakingTime: Bool { owner.timePerPiece.nanoseconds > 0 || processor.isBusy }

    /// Does what an input asks for, which returns whether it was work: at once, or when the processor comes to it.
    func process(_ input: @escaping () -> Bool) {
        guard isTakingTime else {
            _ = input()
            return
        }
        processor.add(input, taking: owner.timePerPiece)
    }

    /// The process is gone. Nothing more is processed.
    func stop() {
        isStopped = true
        processor.stop()
        links.forget()
        for port in ports { port.forget() }
        ports = []
    }

    // MARK: Sockets

    func nextAccepted() -> UInt32 {
        lastAccepted &+= 2
        return lastAccepted
    }

    func accept(_ socket: SimulatedSocket, webSocket: Bool) {
        guard !isStopped else { return socket.reset() }
        let carrier = SocketCarrier(nextAccepted(), self)
        socket.owner = carrier
        process { [self] in
            if !socket.isClosed { admit(carrier, socket, webSocket: webSocket) }
            return false
        }
    }

    private func admit(_ carrier: SocketCarrier, _ socket: SimulatedSocket, webSocket: Bool) {
        turn { node in
            stand(carrier, socket, isInitiator: false, webSocket: webSocket ? .server : .none, expecting: nil)
            let (remote, local) = (socket.remote.multiaddr(webSocket: webSocket), socket.local.multiaddr(webSocket: webSocket))
            node.accepted(link: carrier.id, remote: remote, local: local, now: now)
        }
    }

    /// The transport is connected: a connection runs over it.
    func stand(
        _ carrier: SocketCarrier, _ socket: SimulatedSocket, isInitiator: Bool, webSocket: Connection.WebSocketRole, expecting: PeerID?,
        as identity: NoiseIdentity? = nil
    ) {
        carrier.attempt = nil
        carrier.socket = socket
        socket.owner = carrier
        let (link, connection) = links.start(
            carrier.id, over: carrier, isInitiator: isInitiator, webSocket: webSocket, expecting: expecting, as: identity)
        carrier.carry(link, connection)
    }

    /// The key of this life's probes. nil: the dial is made under the node's key.
    func identity(for target: DialTarget) -> NoiseIdentity? {
        guard target.isProbe else { return nil }
        if probeIdentity == nil, let key = try? PrivateKey(ed25519Seed: random.bytes(32)) {
            probeIdentity = try? NoiseIdentity(key, staticSecret: Secret(random.bytes(32)))
        }
        return probeIdentity
    }
}
