public import CausewayConnection
import CausewayIdentity
public import CausewayNode
public import CausewayTLS
import CausewayWebRTC
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
    let linkLoops: [LinkLoop]
    let node: Node
    private(set) var driver: NodeDriver!
    let limits: NodeLimits
    let configuration: ShellConfiguration
    /// The loop on which each link runs.
    private let places = Mutex<[UInt32: UInt8]>([:])
    private let punched = Mutex(PunchedHosts())
    private let hardNATPace = Mutex(HardNATPace())

    // Set before `start`.
    /// What the node reports to its application, in batches, on the first loop.
    public var nodeEvents: (([NodeEvent]) -> Void)?
    /// A remote opened a stream for an application's protocol. Called on the link's loop: call `link.setOwner` before returning, otherwise
    /// the stream is reset.
    public var inboundStream: ((Link, UInt32, ProtocolTable.Entry, EventLoop) -> Void)?
    /// Keeps the certificates of `/webrtc-direct` that are to take the place of the present ones, so that a restart finds them. Called on
    /// the first loop, within years. false: they cannot be kept, and are made again an hour later.
    public var keepCertificates: ((DTLSCertificates) -> Bool)?

    // On the first loop.
    var lastAccepted = UInt32.max
    /// The number of descriptors that the process may have, as it was when listening began.
    var descriptorLimit = Int.max
    private var lastAssigned = 0
    var resolver: Resolver?
    /// The running look-ups: the resolver's numbers by the node's.
    var queries: [UInt32: UInt32] = [:]
    var splices: [UInt32: Splice] = [:]
    var events: [NodeEvent] = []
    /// What other loops are to do, by their index, until the turn is over.
    var orders: [[LoopOrder]] = []
    var hasOrders = false
    var listeners: [TCPListener] = []
    /// Those that listen for `/webrtc-direct`.
    var datagramPorts: [DatagramPort] = []
    var bindings: [Binding] = []
    /// The addresses for which these stand.
    var bound: [Multiaddr] = []
    /// nil before the start and at the end.
    var networkWatch: NetworkWatch?
    /// Inquiries at the gateway that run.
    var probes: [GatewayProbe] = []
    /// From where STUN is answered for free.
    var connected = ConnectedPlaces()
    var isStopping = false
    var isStopped = false
    var emptyLinkLoops = 0
    var stopTimer: LoopTimer?
    /// The state of the loops' end. Used from any thread.
    let ending: Mutex<Ending>
    private var trimTimer: LoopTimer?
    let directCertificates = Mutex<DirectCertificates?>(nil)
    var nextRenewal = Instant(nanoseconds: 0)

    /// - Throws: `NoiseFault` if the identity cannot sign.
    public init(node configuration: NodeConfiguration, shell: ShellConfiguration = ShellConfiguration()) throws(NoiseFault) {
        _ = Memory.tuned
        // A write to a remote that has gone fails, and must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let noise = try NoiseIdentity(configuration.identity, staticSecret: Entropy.secret(32))
        limits = configuration.limits
        self.configuration = shell
        var linkLoops: [LinkLoop] = []
        let me = Reference()
        for index in 0..<max(1, min(shell.loops, 255)) { linkLoops.append(LinkLoop(reference: me, index: index)) }
        self.linkLoops = linkLoops
        ending = Mutex(Ending(running: linkLoops.count))
        node = Node(configuration, now: linkLoops[0].loop.now)
        me.shell = self
        orders = linkLoops.map { _ in [] }
        for linkLoop in linkLoops {
            linkLoop.makeLinks(Connection.Settings(identity: noise, protocols: node.protocolTable, limits: limits.connection))
            linkLoop.certificate = shell.certificate
        }
        driver = NodeDriver(node, links: first.links, platform: NativePlatform(self))
    }

    /// How the loops find their shell, which is made after them.
    final class Reference { unowned(unsafe) var shell: NativeShell! }

    /// Whether an attempt to pass a hard NAT may begin, on whichever loop; counts it.
    func mayPassHardNAT(now: Instant) -> Bool { hardNATPace.withLock { $0.mayBegin(at: now) } }

    var first: LinkLoop { linkLoops[0] }

    /// The node's loop.
    public var loop: EventLoop { linkLoops[0].loop }

    /// All loops, the node's first.
    public var loops: [EventLoop] { linkLoops.map(\.loop) }

    /// Starts the loops, once. They hold the shell until `stop`.
    /// - Throws: If the system has no descriptor or thread left for a loop. `stop` ends the others.
    public func start() throws(UVError) {
        for linkLoop in linkLoops { linkLoop.prepare(holding: self) }
        first.loop.post { [self] in
            guard !loop.isOver else { return }
            resolver = Resolver(on: loop, servers: configuration.nameServers)
            keepTrimmed()
            watchNetwork()
        }
        var failure: UVError?
        for linkLoop in linkLoops {
            do throws(UVError) {
                if failure == nil { try linkLoop.loop.start() } else { linkLoop.loop.stop() }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    // MARK: The node

    /// Runs `work` with the node on the first loop, at once if called there, and then does what the node wants done.
    public func onNode(_ work: @escaping @Sendable (Node) -> Void) { first.loop.run { [self] in driver.input(work) } }

    /// Passes an input to the node, from any of the loops.
    func tell(_ input: @escaping @Sendable (Node, Instant) -> Void) {
        first.loop.run { [self] in driver.input { input($0, first.loop.now) } }
    }

    /// Reports a connection that was refused before it became a link.
    func tellRefused(_ remote: SocketAddress, _ limit: LimitName, _ value: Int) {
        tell { node, now in node.refused(remote: remote.tcp, limit, value: value, now: now) }
    }

    /// Whether the node refuses a connection from there. Called on the first loop.
    func turnsAway(_ remote: Multiaddr) -> Bool {
        guard driver.node.turnsAway(remote, now: loop.now) else { return false }
        // The node has an event to tell.
        driver.input { _ in }
        return true
    }

    func tell(_ events: [LinkEvent], from link: UInt32) {
        if first.loop.isCurrent {
            driver.receive(events, from: link)
        } else {
            first.loop.post { [self] in driver.receive(events, from: link) }
        }
    }

    /// Does what links and node have to do, at the end of the first loop's turns. True if there is more.
    func turn() -> Bool {
        _ = driver.turn()
        sendOrders()
        if !events.isEmpty {
            let batch = events
            events = []
            nodeEvents?(batch)
        }
        return driver.hasWork
    }

    // MARK: Loops

    /// The loop on which a link runs. If the link is gone, any loop.
    func linkLoop(of link: UInt32) -> LinkLoop {
        guard linkLoops.count > 1 else { return linkLoops[0] }
        return linkLoops[Int(places.withLock { $0[link] } ?? 0)]
    }

    /// The loop on which a link runs. If the link is gone, any loop. Can be called from any thread.
    public func loop(of link: UInt32) -> EventLoop { linkLoop(of: link).loop }

    @discardableResult
    func place(_ link: UInt32, _ linkLoop: LinkLoop) -> LinkLoop {
        places.withLock { $0[link] = UInt8(linkLoop.index) }
        return linkLoop
    }

    /// Whether a hole punch dials this host as a client.
    func isPunched(_ remote: SocketAddress) -> Bool { punched.withLock { $0.contains(remote.ip) } }

    func beginPunch(of ip: [UInt8], by link: UInt32) { punched.withLock { $0.insert(ip, dialledBy: link) } }

    func endPunch(by link: UInt32) { punched.withLock { $0.remove(link) } }

    func forget(_ link: UInt32) {
        places.withLock { $0[link] = nil }
        endPunch(by: link)
    }

    func nextLinkLoop() -> LinkLoop {
        lastAssigned = (lastAssigned + 1) % linkLoops.count
        return linkLoops[lastAssigned]
    }

    /// The shell gives odd numbers to accepted links. After 2^31 links, numbers are used again, except those of living links.
    func nextAccepted() -> UInt32 {
        repeat { lastAccepted &+= 2 } while isKnown(lastAccepted)
        return lastAccepted
    }

    private func isKnown(_ link: UInt32) -> Bool { node.knowsLink(link) || places.withLock { $0[link] != nil } }

    /// Where a link runs, for later: then it may be gone. Can be called from any thread.
    public func place(of link: UInt32) -> LinkPlace { LinkPlace(linkLoop: linkLoop(of: link), id: link) }

    /// Runs `work` with a link on its loop, at once if called there. The link is nil if it is gone.
    public func withLink(_ id: UInt32, _ work: @escaping @Sendable (Link?, EventLoop) -> Void) {
        let linkLoop = linkLoop(of: id)
        linkLoop.loop.run { work(linkLoop.links.link(id), linkLoop.loop) }
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
        for linkLoop in linkLoops { linkLoop.loop.run { linkLoop.certificate = certificate } }
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
            if self.first.connectionsSinceTrim >= 32 {
                self.first.connectionsSinceTrim = 0
                Memory.trim()
            }
            self.node.setUnixEpoch(WallClock.unixEpoch(), now: self.loop.now)
            self.renewCertificatesIfDue()
            self.trimTimer?.start(afterNanoseconds: Self.trimInterval)
        }
        timer.start(afterNanoseconds: Self.trimInterval)
        trimTimer = timer
    }

    private static let trimInterval: UInt64 = 5_000_000_000
}
