public import CausewayConnection
import CausewayIdentity
public import CausewayNode
public import CausewayTLS
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs a node on this machine, with event loops, sockets, names and time. It passes the links' events to the node, and the node's commands
/// to the links.
///
/// The node runs on the first loop, and each link on one of them. `@unchecked Sendable`: everything that is not a `let` is used on the
/// first loop only, or set before `start`.
public final class NativeShell: @unchecked Sendable {
    let homes: [LinkLoop]
    let node: Node
    let noise: NoiseIdentity
    let limits: NodeLimits
    let configuration: ShellConfiguration
    /// The loop on which each link runs.
    private let places = Mutex<[UInt32: UInt8]>([:])

    // Set before `start`.
    /// What the node reports to its application, in batches, on the first loop.
    public var nodeEvents: (([NodeEvent]) -> Void)?
    /// A remote opened a stream for an application's protocol. Called on the link's loop: call `link.setOwner` before returning, otherwise
    /// the stream is reset.
    public var inboundStream: ((Link, UInt32, ProtocolTable.Entry, EventLoop) -> Void)?

    // On the first loop.
    var lastAccepted = UInt32.max
    /// The number of descriptors that the process may have, as it was when listening began.
    var descriptorLimit = Int.max
    private var nextHome = 0
    private var resolver: Resolver?
    /// The host names from which addresses were resolved, for a WebSocket's `Host` header.
    private var names = HostNames()
    /// The running look-ups: the resolver's numbers by the node's.
    private var queries: [UInt32: UInt32] = [:]
    var splices: [UInt32: Splice] = [:]
    private(set) var nodeHasWork = true
    private(set) var nodeDeadline = Instant.distantFuture
    private var events: [NodeEvent] = []
    private var isDraining = false
    var listeners: [TCPListener] = []
    var bound: [Multiaddr] = []
    private var protocols = ProtocolTable([])
    var isStopping = false
    var isStopped = false
    var emptyHomes = 0
    var stopTimer: LoopTimer?
    /// The state of the loops' end. Used from any thread.
    let ending: Mutex<Ending>
    private var trimTimer: LoopTimer?

    /// - Throws: `NoiseFault` if the identity cannot sign.
    public init(node configuration: NodeConfiguration, shell: ShellConfiguration = ShellConfiguration()) throws(NoiseFault) {
        _ = Memory.tuned
        // A write to a remote that has gone fails, and must not end the process.
        signal(SIGPIPE, SIG_IGN)
        noise = try NoiseIdentity(configuration.identity, staticSecret: Entropy.secret(32))
        limits = configuration.limits
        self.configuration = shell
        var homes: [LinkLoop] = []
        let me = Reference()
        for index in 0..<max(1, min(shell.loops, 255)) { homes.append(LinkLoop(reference: me, isFirst: index == 0)) }
        self.homes = homes
        ending = Mutex(Ending(running: homes.count))
        node = Node(configuration, parts: NodeParts(configuration), now: homes[0].loop.now)
        protocols = node.protocolTable
        me.shell = self
        for home in homes {
            home.protocols = protocols
            home.certificate = shell.certificate
        }
    }

    /// How the loops find their shell, which is made after them.
    final class Reference { unowned(unsafe) var shell: NativeShell! }

    var first: LinkLoop { homes[0] }

    /// The node's loop.
    public var loop: EventLoop { homes[0].loop }

    /// All loops, the node's first.
    public var loops: [EventLoop] { homes.map(\.loop) }

    /// Starts the loops, once. They hold the shell until `stop`.
    /// - Throws: If the system has no descriptor or thread left for a loop. `stop` ends the others.
    public func start() throws(UVError) {
        for home in homes { home.prepare(holding: self) }
        first.loop.post { [self] in
            guard !loop.isOver else { return }
            resolver = Resolver(on: loop, servers: configuration.nameServers)
            keepTrimmed()
        }
        var failure: UVError?
        for home in homes {
            do throws(UVError) {
                if failure == nil { try home.loop.start() } else { home.loop.stop() }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    // MARK: The node

    /// Runs `work` with the node on the first loop, at once if called there, and then does what the node wants done.
    public func onNode(_ work: @escaping @Sendable (Node) -> Void) {
        first.loop.run { [self] in
            work(node)
            nodeHasWork = true
            setProtocols(node.protocolTable)
        }
    }

    /// Passes an input to the node, from any of the loops.
    func tell(_ input: @escaping @Sendable (Node, Instant) -> Void) {
        first.loop.run { [self] in
            input(node, first.loop.now)
            nodeHasWork = true
        }
    }

    /// Reports a connection that was refused before it became a link.
    func tellRefused(_ remote: SocketAddress, _ limit: LimitName, _ value: Int) {
        tell { node, now in node.refused(remote: remote.tcp, limit, value: value, now: now) }
    }

    /// Whether the node refuses a connection from there. Called on the first loop.
    func turnsAway(_ remote: SocketAddress) -> Bool {
        guard node.turnsAway(remote.tcp, now: loop.now) else { return false }
        nodeHasWork = true
        return true
    }

    func tell(_ events: [LinkEvent], from link: UInt32) {
        if first.loop.isCurrent {
            let now = first.loop.now
            for event in events { node.receive(event, from: link, now: now) }
            nodeHasWork = true
        } else {
            tell { node, now in
                for event in events { node.receive(event, from: link, now: now) }
            }
        }
    }

    /// Does what the node wants done, and lets its time pass. Called at the end of the first loop's turns.
    func drainNode(now: Instant) {
        guard nodeHasWork || nodeDeadline <= now, !isDraining else { return }
        isDraining = true
        nodeHasWork = false
        if node.nextDeadline <= now { node.advance(to: now) }
        while let output = node.pollOutput() { perform(output) }
        nodeDeadline = node.nextDeadline
        isDraining = false
        guard !events.isEmpty else { return }
        let batch = events
        events = []
        nodeEvents?(batch)
    }

    private func perform(_ output: NodeOutput) {
        switch output {
        case .event(let event): events.append(event)
        case .link(let id, let command):
            onHome(of: id) { $0.apply(command, to: id) }
        case .dial(let link, let address, let expecting):
            let name = names[address]
            onHome(place(link, chooseHome())) { $0.dial(link, address, expecting: expecting, name: name) }
        case .resolve(let request, let address): resolve(request, address)
        case .cancelResolve(let request): if let query = queries.removeValue(forKey: request) { resolver?.cancel(query) }
        case .circuit(let link, let over, let initiator, let expecting, let limit, let received):
            onHome(place(link, home(of: over.link))) {
                $0.openCircuit(link, over: over, initiator: initiator, expecting: expecting, limit: limit, received: received)
            }
        case .splice(let circuit, let source, let target, let limit, let received):
            let splice = Splice(
                circuit: circuit, shell: self, source: endpoint(source), target: endpoint(target))
            splices[circuit] = splice
            splice.start(limit: limit.bytes, received: received)
        case .endSplice(let circuit): splices[circuit]?.end()
        case .peerConnection: break
        }
    }

    private func endpoint(_ key: StreamKey) -> SpliceEndpoint {
        SpliceEndpoint(home: home(of: key.link), link: key.link, stream: key.stream)
    }

    func spliceEnded(_ splice: Splice, sent: UInt64, returned: UInt64, limit: LimitName?) {
        guard splices.removeValue(forKey: splice.circuit) != nil else { return }
        node.spliceEnded(circuit: splice.circuit, sent: sent, returned: returned, limit: limit, now: first.loop.now)
        nodeHasWork = true
    }

    /// New links start with the current table.
    private func setProtocols(_ table: ProtocolTable) {
        guard table != protocols else { return }
        protocols = table
        for home in homes { onHome(home) { $0.protocols = table } }
    }

    private func resolve(_ request: UInt32, _ address: Multiaddr) {
        guard let resolver else {
            return node.resolved(request: request, addresses: [], code: DNSError.cancelled.code, now: first.loop.now)
        }
        var isOver = false
        let query = resolver.resolve(address) { [unowned self] result in
            isOver = true
            self.queries[request] = nil
            switch result {
            case .success(let found):
                if case .name(let kind, let name)? = address.host, kind != .dnsaddr { for entry in found { self.names[entry] = name } }
                self.node.resolved(request: request, addresses: found, code: 0, now: self.first.loop.now)
            case .failure(let error): self.node.resolved(request: request, addresses: [], code: error.code, now: self.first.loop.now)
            }
            self.nodeHasWork = true
        }
        if !isOver { queries[request] = query }
    }

    // MARK: Loops

    /// The loop on which a link runs. If the link is gone, any loop.
    func home(of link: UInt32) -> LinkLoop {
        guard homes.count > 1 else { return homes[0] }
        return homes[Int(places.withLock { $0[link] } ?? 0)]
    }

    /// The loop on which a link runs. If the link is gone, any loop. Can be called from any thread.
    public func loop(of link: UInt32) -> EventLoop { home(of: link).loop }

    func place(_ link: UInt32, _ home: LinkLoop) -> LinkLoop {
        guard let index = homes.firstIndex(where: { $0 === home }) else { return home }
        places.withLock { $0[link] = UInt8(index) }
        return home
    }

    func forget(_ link: UInt32) { places.withLock { $0[link] = nil } }

    func chooseHome() -> LinkLoop {
        nextHome = (nextHome + 1) % homes.count
        return homes[nextHome]
    }

    /// The shell gives odd numbers to accepted links. After 2^31 links, numbers are used again, except those of living links.
    func nextAccepted() -> UInt32 {
        repeat { lastAccepted &+= 2 } while isKnown(lastAccepted)
        return lastAccepted
    }

    private func isKnown(_ link: UInt32) -> Bool { node.knowsLink(link) || places.withLock { $0[link] != nil } }

    private func onHome(of link: UInt32, _ work: @escaping @Sendable (LinkLoop) -> Void) { onHome(home(of: link), work) }

    func onHome(_ home: LinkLoop, _ work: @escaping @Sendable (LinkLoop) -> Void) {
        if home.isFirst { work(home) } else { home.loop.post { work(home) } }
    }

    /// Runs `work` with a link on its loop, at once if called there. The link is nil if it is gone.
    public func withLink(_ id: UInt32, _ work: @escaping @Sendable (Link?, EventLoop) -> Void) {
        let home = home(of: id)
        home.loop.run { work(home.link(id), home.loop) }
    }

    /// Opens a stream on a link. On the link's loop, `owner` makes the stream's owner, and `then` gets the result so far.
    public func openStream(
        on link: UInt32, _ protocolIDs: [[UInt8]], owner: @escaping @Sendable (EventLoop) -> any StreamOwner,
        then: @escaping @Sendable (Result<UInt32, StreamError>) -> Void = { _ in }
    ) {
        withLink(link) { link, loop in
            guard let link else { return then(.failure(.notConnected)) }
            do throws(StreamError) {
                then(.success(try link.openStream(protocolIDs, owner: owner(loop), now: loop.now)))
            } catch {
                then(.failure(error))
            }
        }
    }

    func closeResolver() {
        resolver?.close()
        resolver = nil
    }

    /// Calls `body` on the first loop for each arrival of one of the signals (`SIGINT`, `SIGTERM`, `SIGHUP`). They do not end the process
    /// any more.
    public func onSignals(_ signals: [Int32], _ body: @escaping @Sendable (Int32) -> Void) {
        first.loop.run { [self] in
            guard !isStopped, !loop.isOver else { return }
            for signal in signals { _ = try? SignalWatcher(on: loop, signal, body) }
        }
    }

    // MARK: TLS

    /// Sets the certificate for new sessions.
    public func setCertificate(_ certificate: TLSServerContext) {
        for home in homes { home.loop.run { home.certificate = certificate } }
    }

    /// Certificate authorities trusted for outgoing TLS. The system's are read when they are first needed.
    func trust() throws(TLSError) -> TLSClientContext {
        if let given = configuration.trust { return given }
        return try SystemTrust.context()
    }

    // MARK: Memory and the wall clock

    /// Bursts of connections leave holes in memory, which are given back to the system when it is calm again. The wall clock may be set,
    /// and it runs while the machine sleeps and the monotonic clock does not: expiry times on the wire follow it.
    private func keepTrimmed() {
        let timer = LoopTimer(on: loop) { [unowned self] in
            if self.first.churn >= 32 {
                self.first.churn = 0
                Memory.trim()
            }
            self.node.setUnixEpoch(WallClock.unixEpoch(), now: self.loop.now)
            self.trimTimer?.start(afterNanoseconds: Self.trimInterval)
        }
        timer.start(afterNanoseconds: Self.trimInterval)
        trimTimer = timer
    }

    private static let trimInterval: UInt64 = 5_000_000_000
}
