import CausewayConnection

/// A connection between two hosts: an ordered pipe of bytes in each direction, and the faults that it can have.
public final class SimulatedLink {
    /// The end that connected, and the one that was connected to.
    public private(set) var dialler: SimulatedSocket!
    public private(set) var listener: SimulatedSocket!
    /// The hosts at its two ends.
    public unowned let diallingHost: SimulatedHost
    public unowned let listeningHost: SimulatedHost
    private unowned let simulation: Simulation
    private let label: String
    private let incarnations: (UInt64, UInt64)
    private var isSilent = false
    private var answersReset = false
    /// What routers between the hosts know of it: it lives as long as they do.
    var flows: [Flow] = []
    /// Both hosts dialled, and their SYNs crossed.
    var isSimultaneous = false

    init(
        _ simulation: Simulation, number: UInt64, from host: SimulatedHost, _ near: SocketEndpoints, to far: SimulatedHost,
        _ other: SocketEndpoints
    ) {
        self.simulation = simulation
        diallingHost = host
        listeningHost = far
        incarnations = (host.incarnation, far.incarnation)
        label = "\(host.name)-\(far.name) \(number)"
        let dialler = SimulatedSocket(link: self, near)
        let listener = SimulatedSocket(link: self, other)
        dialler.outgoing = SimulatedPipe(
            simulation, self, label: "\(host.name)>\(far.name) \(number)", conditions: host.line.path(to: far.line), from: dialler,
            to: listener)
        listener.outgoing = SimulatedPipe(
            simulation, self, label: "\(far.name)>\(host.name) \(number)", conditions: far.line.path(to: host.line), from: listener,
            to: dialler)
        self.dialler = dialler
        self.listener = listener
    }

    /// Whether either end still uses it.
    public var isOpen: Bool { !dialler.isClosed || !listener.isClosed }

    /// Cuts the connection: both ends see an error at once.
    public func cut() {
        simulation.note(label, "cut")
        for socket in [dialler!, listener!] {
            simulation.schedule(after: Interval(nanoseconds: 0)) { socket.ended(errno: SimulatedErrno.reset) }
        }
    }

    /// From now on nothing is delivered in either direction, and neither end is notified, as when a cable is pulled or a NAT forgets a
    /// mapping.
    public func vanish() {
        guard !isSilent else { return }
        simulation.note(label, "vanishes")
        isSilent = true
        dialler.outgoing?.vanish()
        listener.outgoing?.vanish()
    }

    /// Holds back everything in both directions until `unclog`.
    public func clog() {
        simulation.note(label, "clogs")
        dialler.outgoing?.clog(true)
        listener.outgoing?.clog(true)
    }

    /// Lets the bytes that were held back arrive.
    public func unclog() {
        simulation.note(label, "unclogs")
        dialler.outgoing?.clog(false)
        listener.outgoing?.clog(false)
    }

    /// Holds back what goes to a host that sleeps, until it wakes.
    func holdBack(_ holds: Bool, from host: SimulatedHost) {
        (host === diallingHost ? listener : dialler).outgoing?.clog(holds)
    }

    /// Whether all routers between the hosts still know the connection.
    var isRemembered: Bool { flows.allSatisfy { $0.isAlive(at: simulation.now) } }

    /// Whether what either end sends now arrives.
    var isAlive: Bool { !isSilent && isRemembered && !dialler.isClosed && !listener.isClosed }

    /// Bytes in flight in either direction.
    public var inFlight: Int { (dialler.outgoing?.inFlight ?? 0) + (listener.outgoing?.inFlight ?? 0) }

    func socketClosed(_ socket: SimulatedSocket) {
        (socket === dialler ? diallingHost : listeningHost).setUp.forget(socket)
        if dialler.isClosed, listener.isClosed {
            diallingHost.forget(self)
            listeningHost.forget(self)
            for flow in flows { flow.close(now: simulation.now) }
        }
    }

    /// Something is sent: routers remember the connection for longer, or have forgotten it.
    func passesRouters() {
        guard !isSilent, !flows.isEmpty else { return }
        guard isRemembered else { return vanish() }
        for flow in flows { flow.refresh(now: simulation.now) }
    }

    /// Bytes for a host that has restarted meanwhile: its kernel does not know the connection, and answers with a reset.
    func wrote(_ socket: SimulatedSocket) {
        guard isSilent, !answersReset else { return }
        let toListener = socket === dialler
        let far = toListener ? listeningHost : diallingHost
        guard far.isUp, far.incarnation != (toListener ? incarnations.1 : incarnations.0) else { return }
        answersReset = true
        let conditions = diallingHost.line.path(to: listeningHost.line)
        simulation.schedule(after: Interval(nanoseconds: 2 * conditions.latency.nanoseconds)) { socket.ended(errno: SimulatedErrno.reset) }
    }
}
