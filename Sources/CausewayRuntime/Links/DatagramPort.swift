import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import CausewayWebRTC

/// A UDP port with the associations of `/webrtc-direct` on it: finds whose each datagram is, and lets strangers begin if it listens. The
/// associations of a listener run on all loops, and each loop has a branch of the port.
///
/// A dial has a port of its own, which goes with it. On a listener's port, a peer that dials us while we dial it would have two
/// associations between the same endpoints, and nothing but STUN says which of them a datagram is for.
///
/// `@unchecked Sendable`: what is not a `let` is used on the port's loop alone; `socket` is set once, before a branch asks for it.
final class DatagramPort: DatagramOwner, @unchecked Sendable {
    /// The port has one socket.
    static let number: UInt32 = 0

    unowned(unsafe) let linkLoop: LinkLoop
    /// With the certificate that remotes see who begin now.
    var context: DTLSContext
    private(set) var socket: DatagramSocket!
    private let limits: WebRTCLimits
    private var routes: DatagramDemultiplexer
    private var gate: NewcomerGate
    private var server: STUNServer
    /// By loop; that of a dial has one.
    private(set) var branches: [DatagramBranch] = []
    /// Which branch has each association.
    private var homes = Table<UInt32, DatagramBranch>()
    private var isListening: Bool
    private var timer: LoopTimer?

    private init(on linkLoop: LinkLoop, _ context: DTLSContext, isListening: Bool) {
        self.linkLoop = linkLoop
        self.context = context
        self.isListening = isListening
        limits = linkLoop.shell.configuration.webRTCLimits
        routes = DatagramDemultiplexer(limits.associations)
        gate = NewcomerGate(limits.newcomers)
        server = STUNServer(limits.stun)
    }

    /// Binds a listener's port, on the first loop; port 0 lets the system choose.
    convenience init(listeningAt local: Endpoint, on linkLoop: LinkLoop, _ context: DTLSContext) throws(DatagramError) {
        self.init(on: linkLoop, context, isListening: true)
        try open(DatagramSocket(on: linkLoop.loop, at: local), linkLoop.shell.linkLoops)
    }

    /// Binds the port of one dial.
    convenience init(dialling remote: Endpoint, on linkLoop: LinkLoop, _ context: DTLSContext) throws(DatagramError) {
        self.init(on: linkLoop, context, isListening: false)
        try open(DatagramSocket(on: linkLoop.loop, dialling: remote), [linkLoop])
    }

    private func open(_ socket: DatagramSocket, _ loops: [LinkLoop]) {
        self.socket = socket
        socket.owner = self
        branches = loops.map { DatagramBranch(of: self, on: $0) }
        own.send(by: socket)
        timer = LoopTimer(on: linkLoop.loop) { [unowned self] in endOverdue() }
    }

    /// Associations.
    var count: Int { homes.count }

    /// What it is bound to.
    var endpoint: Endpoint { socket.localEndpoint }

    /// The branch on the port's own loop.
    private var own: DatagramBranch { branches[0] }

    // MARK: From the socket

    func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) {
        switch routes.route(bytes, from: remote) {
        case .association(let id, _): homes[id]?.take(bytes, of: id, from: remote)
        case .listener(let request): accept(bytes, request, from: remote)
        case .nobody(.unknownRemote): answer(bytes, from: remote)
        case .nobody(.unknownKind): break
        }
    }

    func datagramsWritable() { own.datagramsWritable() }

    /// A dial to where nobody listens, or where no way leads.
    func datagramsLost(to remote: Endpoint, errno: Int32) {
        if !isListening { own.failAll(errno: errno, unlessLinked: true) }
    }

    func datagramSocketFailed(errno: Int32) {
        for branch in branches { branch.failAll(errno: errno) }
        stopListening()
    }

    /// Tells whoever asks under which address it is seen here.
    private func answer(_ datagram: UnsafeRawBufferPointer, from remote: Endpoint) {
        guard isListening else { return }
        let (isConnected, now) = (linkLoop.shell.connected.holds(remote), linkLoop.loop.now)
        if let count = server.answer(datagram, from: remote, isConnected: isConnected, into: own.buffer, now: now) {
            own.send(count, over: Self.path(to: remote))
        }
    }

    static func path(to remote: Endpoint) -> ICEPath { ICEPath(socket: number, remote: remote) }

    // MARK: Beginning

    /// A stranger's first check. Nothing that is refused is answered.
    private func accept(_ datagram: UnsafeRawBufferPointer, _ request: BindingRequest, from remote: Endpoint) {
        let now = linkLoop.loop.now
        guard isListening, !linkLoop.links.isClosing,
            let agent = try? ICELiteAgent(accepting: datagram, over: Self.path(to: remote), now: now, limits: limits.ice),
            gate.admits(remote, now: now), !linkLoop.shell.turnsAway(.webRTCDirect(remote))
        else { return }
        let id = linkLoop.shell.nextAccepted()
        do throws(DemultiplexerError) {
            if let victim = try routes.admit(id, request, from: remote) {
                homes[victim]?.turnAway(victim, limit: limits.associations.strangers)
            }
            try routes.bind(id, to: remote)
        } catch {
            return routes.remove(id)
        }
        let branch = branches[linkLoop.shell.place(id, linkLoop.shell.nextLinkLoop()).index]
        add(id, to: branch)
        branch.begin(id, agent, context, from: remote)
    }

    /// Begins the dial for which the port was made.
    func dial(
        _ id: UInt32, _ target: DialTarget, at remote: Endpoint, _ descriptions: DirectDescriptions, as identity: NoiseIdentity?
    ) {
        let connection = PeerConnection(
            dialling: remote, descriptions, from: LocalBase(socket: Self.number, endpoint: endpoint), by: context,
            secret: Entropy.bytes(32), entropy: Entropy.bytes(32), now: linkLoop.loop.now, limits: limits.ice)
        // Neither can fail: the port is new.
        try? routes.expect(id, fragment: descriptions.offer.credentials.fragment)
        try? routes.bind(id, to: remote)
        add(id, to: own)
        let side = AssociationCarrier.Side.dialler(of: target.address, expecting: target.expecting, as: identity)
        own.insert(AssociationCarrier(id, connection, side, remote: remote, port: own))
    }

    private func add(_ id: UInt32, to branch: DatagramBranch) {
        homes[id] = branch
        gate.began(id, now: linkLoop.loop.now)
        scheduleTimer()
    }

    // MARK: From its branches, on any loop

    /// The remote has proven who it is.
    func trusted(_ id: UInt32, at remote: Endpoint) {
        linkLoop.loop.run { [self] in
            guard let branch = homes[id] else { return }
            gate.ended(id)
            do throws(DemultiplexerError) {
                try routes.trust(id)
            } catch {
                return branch.fail(id, .limit(.connections, value: UInt64(limits.associations.associations)))
            }
            // Now it may take the endpoint from another.
            try? routes.bind(id, to: remote)
        }
    }

    /// The remote of an association is at another endpoint. What belongs to another already, a stranger does not get.
    func moved(_ id: UInt32, to remote: Endpoint) { linkLoop.loop.run { [self] in try? routes.bind(id, to: remote) } }

    func removed(_ id: UInt32) {
        linkLoop.loop.run { [self] in
            homes[id] = nil
            routes.remove(id)
            gate.ended(id)
            closeIfUnused()
        }
    }

    // MARK: Time and end

    private func scheduleTimer() {
        guard gate.nextDeadline < .distantFuture else { return }
        timer?.start(afterNanoseconds: (gate.nextDeadline - linkLoop.loop.now).nanoseconds)
    }

    private func endOverdue() {
        while let id = gate.expired(now: linkLoop.loop.now) { homes[id]?.expire(id) }
        scheduleTimer()
    }

    /// Nobody new may begin.
    func stopListening() {
        isListening = false
        closeIfUnused()
    }

    private func closeIfUnused() {
        guard !isListening, homes.count == 0, !branches.isEmpty else { return }
        timer?.close()
        timer = nil
        // It may still say that the last datagrams are lost.
        socket.close()
        for branch in branches { branch.close() }
        branches = []
    }
}
