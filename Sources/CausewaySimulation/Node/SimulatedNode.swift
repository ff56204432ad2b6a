public import CausewayConnection
public import CausewayIdentity
public import CausewayNode
public import CausewayWebRTC

/// A libp2p node in a simulation: the same `Node` and `Connection`s as anywhere, on a host of its own. It records its events.
///
/// A test requests something (`connect`, `open`, `publish`, ...), lets time pass (`Simulation.run`) and looks at the result. Handlers of
/// protocols and subscriptions survive a crash, as those of a restarted program do. Connections, reservations and everything learnt do not.
public final class SimulatedNode {
    /// The name in traces.
    public let name: String
    /// The machine it runs on.
    public let host: SimulatedHost
    /// The node's key, the same in every life.
    public let identity: PrivateKey
    /// Its peer id.
    public var peerID: PeerID { identity.publicKey.peerID }
    /// The configuration for the next start.
    public var configuration: NodeConfiguration
    /// The ports on which it listens when it starts: for plain TCP, for WebSocket, and (UDP) for `/webrtc-direct`.
    public var tcpPort: UInt16?
    public var webSocketPort: UInt16?
    public var webRTCPort: UInt16?
    /// Makes its engines of DTLS, from the next start on: ones that encrypt nothing, unless a test brings others.
    public var datagramTLS: any DTLSEndpoint
    /// Whether it passes hard NATs, for peer connections from now on: see `Configuration.hardNATs`.
    public var passesHardNATs = false
    /// What its processor needs for each piece that arrives on a connection. Pieces wait for their turn, and new connections behind them.
    /// Zero, as it is by default: everything is done in the instant in which it comes.
    public var timePerPiece = Interval(nanoseconds: 0)
    /// Everything that it reported to its application, with the moments, in all its lives.
    public private(set) var events: [(at: Instant, event: NodeEvent)] = []
    /// The streams that others opened to it, in order.
    public private(set) var accepted: [SimulatedStream] = []
    /// The streams that it opened, in order.
    public private(set) var opened: [SimulatedStream] = []

    unowned let simulation: Simulation
    private(set) var shell: SimulatedShell?
    private var lives: UInt64 = 0
    private var lastRequest: UInt32 = 0
    private var requests: [UInt32: SimulatedRequest] = [:]
    private var served: [(name: String, allowsLimited: Bool, script: StreamScript)] = []
    private var topics: [String] = []
    /// The addresses that its host had when it looked last.
    private var networkAddresses: [[UInt8]] = []

    init(_ name: String, host: SimulatedHost, identity: PrivateKey, configuration: NodeConfiguration, simulation: Simulation) {
        self.name = name
        self.host = host
        self.identity = identity
        self.configuration = configuration
        self.simulation = simulation
        datagramTLS = SimulatedDTLSEndpoint(name: identity.publicKey.peerID.bytes)
    }

    // MARK: Lives

    /// Whether the node is running.
    public var isRunning: Bool { shell != nil }

    /// The core's node, for questions that this class does not answer. nil: it is not running.
    public var node: Node? { shell?.node }

    /// Starts the node on its host: a new life with the same key, ports, handlers and subscriptions.
    public func start() throws {
        guard shell == nil else { return }
        lives += 1
        var entropy = simulation.random("entropy of \(name), life \(lives)")
        configuration.seed = entropy.next()
        configuration.unixEpoch = host.unixEpoch
        let noise = try NoiseIdentity(identity, staticSecret: Secret(entropy.bytes(32)))
        let node = Node(configuration, now: host.now)
        node.setApplicationProtocols(applicationProtocols, now: host.now)
        let shell = SimulatedShell(node, owner: self, identity: noise, limits: configuration.limits.connection, entropy: entropy)
        self.shell = shell
        host.onCrash.append { [weak self] in self?.end() }
        simulation.note(name, "starts")
        for (port, webSocket) in [(tcpPort, false), (webSocketPort, true)] {
            guard let port else { continue }
            try host.listen(on: port) { [weak shell] socket in shell?.accept(socket, webSocket: webSocket) ?? socket.reset() }
        }
        if let webRTCPort { _ = try SimulatedDatagramPort(listeningAt: webRTCPort, of: shell) }
        shell.turn { [host, listening] in $0.listening(listening, now: host.now) }
        networkAddresses = host.addresses
        for topic in topics { command { $0.subscribe([UInt8](topic.utf8), now: $1) } }
    }

    /// Its process is killed, or with `silently` its machine's power fails: see `SimulatedHost.crash`.
    public func crash(silently: Bool = false) { host.crash(silently: silently) }

    /// Starts the host again, and the node on it.
    public func restart() throws {
        host.restart()
        try start()
    }

    private func end() {
        shell?.stop()
        shell = nil
        for stream in accepted + opened where !stream.isOver { stream.abandon() }
        for request in requests.values.sorted(by: { $0.number < $1.number }) { request.abandon() }
        requests = [:]
    }

    // MARK: Where it is

    /// The listening addresses at which others can dial it, with `/p2p/<id>`, without those of reservations.
    public var addresses: [Multiaddr] { listening.map { $0.appending(peerID) } }

    private var listening: [Multiaddr] {
        func at(_ port: UInt16?, _ multiaddr: (SimulatedAddress) -> Multiaddr) -> [Multiaddr] {
            guard let port else { return [] }
            return host.addresses.map { multiaddr(SimulatedAddress(ip: $0, port: port)) }
        }
        return at(tcpPort) { $0.multiaddr(webSocket: false) } + at(webSocketPort) { $0.multiaddr(webSocket: true) }
            + at(webRTCPort) { .webRTCDirect($0.endpoint).naming(certificates: [datagramTLS.fingerprint.multihash]) }
    }

    /// The addresses that it advertises, including those of reservations.
    public var advertised: [Multiaddr] { shell?.node.advertisedAddresses ?? [] }

    // MARK: Connections

    /// Connects to another node at its listening addresses, or at the given ones. `allowsLimited`: accept a relayed connection with limits.
    @discardableResult
    public func connect(to other: SimulatedNode, at addresses: [Multiaddr]? = nil, allowsLimited: Bool = true) -> SimulatedRequest {
        connect(to: other.peerID, at: addresses ?? other.addresses, allowsLimited: allowsLimited)
    }

    /// Connects to a peer at the given addresses. If there are none, at those that it knows.
    @discardableResult
    public func connect(to peer: PeerID, at addresses: [Multiaddr], allowsLimited: Bool = true) -> SimulatedRequest {
        request { $0.connect(request: $1, peer: peer, addresses: addresses, allowsLimited: allowsLimited, now: $2) }
    }

    /// Cancels a request. It is answered by `.cancelled` unless it has been answered.
    public func cancel(_ request: SimulatedRequest) { command { $0.cancel(request: request.number, now: $1) } }

    /// Closes all connections to a peer.
    public func hangUp(_ other: SimulatedNode) { command { $0.hangUp(other.peerID, now: $1) } }

    /// Whether it is connected to the other node.
    public func isConnected(to other: SimulatedNode) -> Bool { shell?.node.isConnected(other.peerID) ?? false }

    /// The connections to the other node, oldest first.
    public func connections(to other: SimulatedNode) -> [ConnectionDescription] {
        guard let table = shell?.node.context.connections else { return [] }
        return table.links(of: other.peerID).compactMap { table[$0]?.description }
    }

    /// The number of all open connections.
    public var connectionCount: Int { shell?.node.context.connections.count ?? 0 }

    /// The simulated connections between this node's host and the other's, for their faults.
    public func links(to other: SimulatedNode) -> [SimulatedLink] {
        host.links.filter { $0.diallingHost === other.host || $0.listeningHost === other.host }
    }

    /// Measures the round-trip time by ping.
    @discardableResult
    public func ping(_ other: SimulatedNode) -> SimulatedRequest { request { $0.ping(request: $1, peer: other.peerID, now: $2) } }

    // MARK: Relays

    /// Makes a reservation at a relay, and keeps it until `release`.
    @discardableResult
    public func reserve(at relay: SimulatedNode, address: Multiaddr? = nil) -> SimulatedRequest {
        let address = address ?? relay.addresses[0]
        return request { $0.reserve(request: $1, relayAddress: address, now: $2) }
    }

    /// Gives up a reservation.
    public func release(_ relay: SimulatedNode) { command { $0.release(relay: relay.peerID, now: $1) } }

    /// Keeps reservations at `count` of these relays, the first ones that work.
    public func keepRelays(_ relays: [SimulatedNode], count: Int) {
        let candidates = relays.map { $0.addresses[0] }
        command { $0.keepRelays(candidates, count: count, now: $1) }
    }

    /// The address at which this node can be reached through a relay.
    public func address(through relay: SimulatedNode) -> Multiaddr {
        relay.addresses[0].appending(code: MultiaddrCode.p2pCircuit, value: []).appending(peerID)
    }

    // MARK: Streams

    /// Serves streams of a protocol by a script.
    public func serve(_ protocolID: String, _ script: StreamScript, allowsLimited: Bool = true) {
        served.removeAll { $0.name == protocolID }
        served.append((protocolID, allowsLimited, script))
        let entries = applicationProtocols
        command { $0.setApplicationProtocols(entries, now: $1) }
    }

    private var applicationProtocols: [ProtocolTable.Entry] {
        served.map { ProtocolTable.Entry(name: [UInt8]($0.name.utf8), owner: .application, allowsLimited: $0.allowsLimited) }
    }

    /// Opens a stream to a connected peer.
    /// - Throws: `StreamError.notConnected`, `.limitedConnection`, or the connection's error.
    public func open(
        _ protocolID: String, to other: SimulatedNode, _ script: StreamScript = .keep, allowsLimited: Bool = true
    ) throws(StreamError) -> SimulatedStream {
        guard let shell, let best = shell.node.bestLink(for: other.peerID, allowsLimited: allowsLimited) else {
            throw isConnected(to: other) ? .limitedConnection : .notConnected
        }
        return try open(protocolID, on: best, script)
    }

    /// Opens a stream on one connection, by its link's number.
    public func open(_ protocolID: String, on link: UInt32, _ script: StreamScript = .keep) throws(StreamError) -> SimulatedStream {
        guard let link = shell?.links.link(link) else { throw .notConnected }
        let stream = SimulatedStream(script)
        stream.attach(try link.openStream([[UInt8](protocolID.utf8)], owner: stream, now: host.now), protocolID: nil, on: link)
        opened.append(stream)
        return stream
    }

    /// Makes this node's end of an inbound stream. nil: the protocol is not served.
    func serve(_ protocolID: [UInt8]) -> SimulatedStream? {
        guard let found = served.first(where: { [UInt8]($0.name.utf8) == protocolID }) else { return nil }
        let stream = SimulatedStream(found.script)
        accepted.append(stream)
        return stream
    }

    // MARK: Topics

    /// Joins a topic.
    public func subscribe(_ topic: String) {
        topics.append(topic)
        command { $0.subscribe([UInt8](topic.utf8), now: $1) }
    }

    /// Leaves a topic.
    public func unsubscribe(_ topic: String) {
        topics.removeAll { $0 == topic }
        command { $0.unsubscribe([UInt8](topic.utf8), now: $1) }
    }

    /// Sends a message to all subscribers.
    @discardableResult
    public func publish(_ topic: String, _ data: [UInt8]) -> SimulatedRequest {
        request { $0.publish(request: $1, topic: [UInt8](topic.utf8), data: data, now: $2) }
    }

    /// Its machine slept, or its network changed: connections from addresses that are lost end, all other remotes are asked for a sign of
    /// life, and what failed is tried again, as in the native shell.
    public func machineChanged() {
        guard let shell else { return }
        let lost = networkAddresses.filter { !host.addresses.contains($0) }
        networkAddresses = host.addresses
        shell.turn { [host, listening] node in
            node.setUnixEpoch(host.unixEpoch &+ host.stoodStill.nanoseconds, now: host.now)
            shell.driver.machineChanged()
            shell.links.fail(.link(errno: SimulatedErrno.unreachable)) { carrier in
                (carrier as? SocketCarrier)?.socket.map { lost.contains($0.local.ip) } ?? false
            }
            node.listening(listening, now: host.now)
        }
    }

    /// The messages of a topic that it received, in order.
    public func messages(_ topic: String) -> [GossipMessage] {
        events.compactMap {
            guard case .message(let message) = $0.event, message.topicUTF8 == [UInt8](topic.utf8) else { return nil }
            return message
        }
    }

    /// The neighbours in a topic's mesh, in the order of joining.
    public func mesh(_ topic: String) -> [PeerID] { shell?.node.mesh([UInt8](topic.utf8)) ?? [] }

    // MARK: The record

    /// The changes of its reservations, in order.
    public var reservationChanges: [ReservationChange] {
        events.compactMap { if case .happened(.reservation(let change)) = $0.event { change } else { nil } }
    }

    /// What happened at it as a relay, in order.
    public var relayEvents: [RelayEvent] {
        events.compactMap { if case .happened(.relay(let event)) = $0.event { event } else { nil } }
    }

    /// The addresses that it tried, with their outcomes.
    public var dialAttempts: [DialOutcome] {
        events.compactMap { if case .happened(.dialAttempt(let outcome)) = $0.event { outcome } else { nil } }
    }

    /// The peers that it discovered, each once, in order.
    public var discovered: [PeerID] {
        var found: [PeerID] = []
        for case .happened(.discovered(let peer, _, _)) in events.map(\.event) where !found.contains(peer) { found.append(peer) }
        return found
    }

    /// Forgets the events so far.
    public func forgetEvents() { events = [] }

    func record(_ event: NodeEvent) {
        simulation.note(name, simulation.eventText.line(event))
        events.append((simulation.now, event))
        guard case .answered(let number, let answer) = event else { return }
        requests.removeValue(forKey: number)?.resolve(answer, at: simulation.now)
    }

    // MARK: Commands

    private func command(_ action: (Node, Instant) -> Void) {
        guard let shell else { return }
        shell.turn { action($0, host.now) }
    }

    private func request(_ action: (Node, UInt32, Instant) -> Void) -> SimulatedRequest {
        lastRequest += 1
        let request = SimulatedRequest(lastRequest)
        guard let shell else {
            request.abandon()
            return request
        }
        requests[request.number] = request
        shell.turn { action($0, request.number, host.now) }
        return request
    }
}
