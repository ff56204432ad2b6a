import CausewayConnection

/// A machine: addresses, listening ports, connections, a clock, and the ways in which machines fail.
public final class SimulatedHost {
    /// The name in traces.
    public let name: String
    /// Its IP addresses, of 4 or 16 bytes each.
    public let addresses: [[UInt8]]
    /// The properties of its line, for connections made from now on.
    public var line: LineConditions
    /// Whether others can connect to it. If not, their attempts time out, as at a NAT or a firewall. It can still connect to others.
    public var acceptsInbound = true
    /// The difference of its Unix time from the simulation's, in nanoseconds.
    public var clockOffset: Int64 = 0
    /// Whether the machine is running.
    public private(set) var isUp = true
    /// How often it has been started.
    public private(set) var incarnation: UInt64 = 1
    /// Its open connections, in the order in which they were made.
    public private(set) var links: [SimulatedLink] = []

    private unowned let simulation: Simulation
    private var listeners: [UInt16: (SimulatedSocket) -> Void] = [:]
    private var lastPort: UInt16 = 49_151
    /// Called when the machine goes down, so that everything on it stops.
    var onCrash: [() -> Void] = []

    init(_ simulation: Simulation, name: String, addresses: [[UInt8]], line: LineConditions) {
        self.simulation = simulation
        self.name = name
        self.addresses = addresses
        self.line = line
    }

    /// Unix time in nanoseconds at the simulation's start, by this host's clock.
    public var unixEpoch: UInt64 { simulation.unixEpoch &+ UInt64(bitPattern: clockOffset) }

    // MARK: Sockets

    /// Accepts connections on a port of all its addresses.
    /// - Throws: `SimulatedNetworkError` if the port is taken or the host is down.
    public func listen(on port: UInt16, _ accept: @escaping (SimulatedSocket) -> Void) throws(SimulatedNetworkError) {
        guard isUp else { throw SimulatedNetworkError(errno: SimulatedErrno.unreachable) }
        guard listeners[port] == nil else { throw SimulatedNetworkError(errno: SimulatedErrno.addressInUse) }
        listeners[port] = accept
    }

    /// Accepts no more connections on a port.
    public func stopListening(on port: UInt16) { listeners[port] = nil }

    /// Connects. `answer` is called once, later, unless the attempt is cancelled.
    @discardableResult
    public func connect(
        to remote: SimulatedAddress, _ answer: @escaping (Result<SimulatedSocket, SimulatedNetworkError>) -> Void
    ) -> SimulatedConnectAttempt {
        let attempt = SimulatedConnectAttempt()
        let started = incarnation
        func fail(_ errno: Int32, after interval: Interval) {
            simulation.schedule(after: interval) { [self] in
                guard !attempt.isCancelled, isUp, incarnation == started else { return }
                simulation.note(name, "connect to \(remote): errno \(errno)")
                answer(.failure(SimulatedNetworkError(errno: errno)))
            }
        }
        guard isUp, let local = addresses.first(where: { $0.count == remote.ip.count }) else {
            fail(SimulatedErrno.unreachable, after: Interval(nanoseconds: 0))
            return attempt
        }
        let port = nextPort()
        guard let far = simulation.host(at: remote.ip) else {
            fail(SimulatedErrno.timedOut, after: Self.connectTimeout)
            return attempt
        }
        let oneWay = line.path(to: far.line).latency
        // Half of the round trip: the listener has the connection before the dialler knows.
        simulation.schedule(after: oneWay) { [self] in
            guard !attempt.isCancelled, isUp, incarnation == started else { return }
            guard far.isUp, far.acceptsInbound || far === self else { return fail(SimulatedErrno.timedOut, after: Self.connectTimeout) }
            guard let accept = far.listeners[remote.port] else { return fail(SimulatedErrno.refused, after: oneWay) }
            let link = simulation.makeLink(from: self, SimulatedAddress(ip: local, port: port), to: far, remote)
            links.append(link)
            if far !== self { far.links.append(link) }
            accept(link.listener)
            simulation.schedule(after: oneWay) { [self] in
                guard isUp, incarnation == started, !link.dialler.isClosed else { return }
                guard !attempt.isCancelled else { return link.dialler.reset() }
                answer(.success(link.dialler))
            }
        }
        return attempt
    }

    /// Linux gives up after six retransmissions of the first packet.
    private static let connectTimeout = Interval.seconds(127)

    private func nextPort() -> UInt16 {
        lastPort = lastPort == .max ? 49_152 : lastPort + 1
        return lastPort
    }

    func forget(_ link: SimulatedLink) { links.removeAll { $0 === link } }

    // MARK: Faults

    /// The machine goes down. Everything on it is gone, and its listening ports are closed.
    /// - Parameter silently: If true, nobody is notified, as when the power fails. Otherwise its connections are reset, as when the process
    ///   is killed.
    public func crash(silently: Bool) {
        guard isUp else { return }
        simulation.note(name, silently ? "vanishes" : "is killed")
        isUp = false
        listeners = [:]
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

/// A connection attempt in progress.
public final class SimulatedConnectAttempt {
    /// Whether the attempt was cancelled.
    public private(set) var isCancelled = false

    /// Cancels the attempt: no answer follows.
    public func cancel() { isCancelled = true }
}

/// Why the simulated network did not make a connection.
public struct SimulatedNetworkError: Error, Equatable, Sendable {
    /// One of `SimulatedErrno`.
    public let errno: Int32
}

extension Simulation {
    /// Adds a machine.
    /// - Parameters:
    ///   - name: The name in traces and failures.
    ///   - ip: Its address, 4 or 16 bytes.
    ///   - others: Further addresses, such as an IPv6 one.
    ///   - line: Latency and bandwidth of its own line to the network.
    public func addHost(_ name: String, ip: [UInt8], others: [[UInt8]] = [], line: LineConditions = LineConditions()) -> SimulatedHost {
        let host = SimulatedHost(self, name: name, addresses: [ip] + others, line: line)
        hosts.append(host)
        for address in host.addresses { hostsByIP[address] = host }
        return host
    }

    func host(at ip: [UInt8]) -> SimulatedHost? { hostsByIP[ip] }

    func makeLink(from host: SimulatedHost, _ local: SimulatedAddress, to far: SimulatedHost, _ remote: SimulatedAddress) -> SimulatedLink {
        linksMade += 1
        note(host.name, "connects to \(far.name) port \(remote.port)")
        return SimulatedLink(self, number: linksMade, from: host, local, to: far, remote)
    }
}
