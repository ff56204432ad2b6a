import CausewayConnection

/// A machine: addresses, listening ports, connections, a clock, and the ways in which machines fail.
public final class SimulatedHost {
    /// The name in traces.
    public let name: String
    /// Its IP addresses, of 4 or 16 bytes each. None: it has no network.
    public internal(set) var addresses: [[UInt8]]
    /// What its line is like; holds for packets sent and connections made from now on.
    public var line: LineConditions
    /// Whether others can connect and send to it. Without, their attempts time out, as at a firewall of its own: it can connect itself, and
    /// hears from where it has sent to. `Simulation.addRouter` has NATs and firewalls.
    public var acceptsInbound = true
    /// The difference of its Unix time from the simulation's, in nanoseconds.
    public var clockOffset: Int64 = 0
    /// How many datagrams have left it.
    public private(set) var datagramsSent = 0
    /// Its open UDP sockets.
    public var datagramSocketCount: Int { datagramSockets.count }
    /// Whether the machine is running.
    public private(set) var isUp = true
    /// How often it has been started.
    public private(set) var incarnation: UInt64 = 1
    /// Its open connections, in the order in which they were made.
    public private(set) var links: [SimulatedLink] = []

    unowned var segment: NetworkSegment
    /// Where it stands without a network.
    let nowhere = NetworkSegment()
    private(set) var setUp: ConnectionSetUp!
    var departures: PacketDepartures
    unowned let simulation: Simulation
    private var datagramSockets: [UInt16: SimulatedDatagramSocket] = [:]
    private var lastDatagramPort: UInt16 = 49_151
    /// What datagrams went out, while `acceptsInbound` is false.
    private lazy var filter = FlowTable(Firewall(), limits: RouterLimits())
    /// Called when the machine goes down, so that everything on it stops.
    var onCrash: [() -> Void] = []
    /// Its sleep, while it sleeps.
    var sleep: HostSleep?
    /// How long its monotonic clock has stood still, in all sleeps that are over.
    var stoodStill = Interval(nanoseconds: 0)

    init(_ simulation: Simulation, name: String, addresses: [[UInt8]], line: LineConditions, segment: NetworkSegment) {
        self.simulation = simulation
        self.name = name
        self.addresses = addresses
        self.line = line
        self.segment = segment
        departures = PacketDepartures(simulation, host: name)
        setUp = ConnectionSetUp(self, simulation)
    }

    /// Unix time in nanoseconds at the simulation's start, by this host's clock.
    public var unixEpoch: UInt64 { simulation.unixEpoch &+ UInt64(bitPattern: clockOffset) }

    // MARK: Connections

    /// Accepts connections on a port of all its addresses.
    /// - Throws: `SimulatedNetworkError` if the port is taken or the host is down.
    public func listen(on port: UInt16, _ accept: @escaping (SimulatedSocket) -> Void) throws(SimulatedNetworkError) {
        guard isUp else { throw SimulatedNetworkError(errno: SimulatedErrno.unreachable) }
        try setUp.listen(on: port, accept)
    }

    /// Accepts no more connections on a port.
    public func stopListening(on port: UInt16) { setUp.stopListening(on: port) }

    /// Connects; `answer` is called once, later, unless the attempt is cancelled. A SYN that gets lost is sent again, as Linux does. Where
    /// two hosts connect to each other at the same time, from the very ports that they connect to, one connection comes of it.
    /// - Parameters:
    ///   - remote: where to.
    ///   - port: the local port, which may be one that the host listens on; nil: a free one.
    ///   - answer: gets the connected socket, or why there is none.
    @discardableResult
    public func connect(
        to remote: SimulatedAddress, from port: UInt16? = nil,
        _ answer: @escaping (Result<SimulatedSocket, SimulatedNetworkError>) -> Void
    ) -> SimulatedConnectAttempt {
        setUp.connect(to: remote, from: port, answer)
    }

    func noteFailure(to remote: SimulatedAddress, _ errno: Int32) { simulation.note(name, "connect to \(remote): errno \(errno)") }

    func add(_ link: SimulatedLink, _ socket: SimulatedSocket) {
        // A connection to itself has both ends here.
        if links.last !== link { links.append(link) }
        setUp.add(socket)
    }

    func forget(_ link: SimulatedLink) { links.removeAll { $0 === link } }

    // MARK: Datagrams

    /// Opens a UDP socket on all its addresses.
    /// - Parameter port: 0: a free one.
    /// - Throws: `SimulatedNetworkError` if the port is taken, if all are, or if the host is down.
    public func bind(port: UInt16 = 0) throws(SimulatedNetworkError) -> SimulatedDatagramSocket {
        guard isUp else { throw SimulatedNetworkError(errno: SimulatedErrno.unreachable) }
        guard let port = port == 0 ? freeDatagramPort() : port, datagramSockets[port] == nil else {
            throw SimulatedNetworkError(errno: SimulatedErrno.addressInUse)
        }
        let socket = SimulatedDatagramSocket(self, port: port)
        datagramSockets[port] = socket
        return socket
    }

    private func freeDatagramPort() -> UInt16? {
        for _ in 49_152...UInt16.max {
            lastDatagramPort = lastDatagramPort == .max ? 49_152 : lastDatagramPort + 1
            if datagramSockets[lastDatagramPort] == nil { return lastDatagramPort }
        }
        return nil
    }

    func forget(_ socket: SimulatedDatagramSocket) { datagramSockets[socket.port] = nil }

    // MARK: Packets

    /// Its own address for packets to a remote: the first one of that family.
    func address(toward remote: SimulatedAddress) -> [UInt8]? { addresses.first { $0.count == remote.ip.count } }

    func send(_ packet: SimulatedPacket) {
        // It has left the network in which it had the address.
        guard addresses.contains(packet.source.ip) else { return }
        var packet = packet
        if packet.transport == .udp { datagramsSent += 1 }
        if !acceptsInbound, packet.transport == .udp {
            do { try filter.passOutwards(&packet, now: simulation.now) } catch { return }
        }
        simulation.network.send(packet)
    }

    func receive(_ packet: SimulatedPacket) throws(PacketDrop) {
        guard isUp, sleep == nil else { throw .hostDown }
        let isFromOutside = !acceptsInbound && packet.sender !== self
        guard case .datagram(let bytes) = packet.content else {
            guard !isFromOutside || setUp.knows(packet) else { throw .notAccepted }
            return setUp.receive(packet)
        }
        if isFromOutside {
            var packet = packet
            do { try filter.passInwards(&packet, now: simulation.now) } catch { throw .notAccepted }
        }
        guard let socket = datagramSockets[packet.destination.port] else { throw .portClosed }
        let way = "\(packet.sender.name)>\(name) udp \(packet.destination.port)"
        bytes.withUnsafeBytes { simulation.note(way, delivered: $0) }
        socket.received(bytes, from: packet.source)
    }

    // MARK: Faults

    /// The machine goes down. Everything on it is gone, and its listening ports are closed.
    /// - Parameter silently: If true, nobody is notified, as when the power fails. Otherwise its connections are reset, as when the process
    ///   is killed.
    public func crash(silently: Bool) {
        guard isUp else { return }
        simulation.note(name, silently ? "vanishes" : "is killed")
        isUp = false
        sleep = nil
        setUp.forgetAll()
        for socket in datagramSockets.values { socket.end() }
        datagramSockets = [:]
        let stopped = onCrash
        onCrash = []
        for stop in stopped { stop() }
        for link in links {
            if silently { link.vanish() }
            let own = link.diallingHost === self ? [link.dialler!] : [link.listener!]
            for socket in own {
                if silently { socket.abandon() } else { socket.reset() }
            }
        }
        links = []
    }

    /// The machine is up again, with nothing running on it.
    public func restart() {
        guard !isUp else { return }
        isUp = true
        incarnation += 1
        simulation.note(name, "is up again")
    }
}
