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

/// Runs a node on this machine: event loops, sockets, names, time. Carries what links tell to the node and what the node wants to the
/// links.
///
/// The node lives on the first loop, each link on one of them. `@unchecked Sendable`: what is not a `let` is touched on the first loop
/// only, or set before `start`.
public final class NativeShell: @unchecked Sendable {
    let homes: [LinkLoop]
    let node: Node
    private(set) var driver: NodeDriver!
    let limits: NodeLimits
    let configuration: ShellConfiguration
    /// Which loop a link lives on.
    private let places = Mutex<[UInt32: UInt8]>([:])

    // Set before `start`.
    /// What the node tells its application, in batches, on the first loop.
    public var nodeEvents: (([NodeEvent]) -> Void)?
    /// A remote opened a stream for an application's protocol: call `link.setOwner` before returning, or it is reset. On the link's loop.
    public var inboundStream: ((Link, UInt32, ProtocolTable.Entry, EventLoop) -> Void)?

    // On the first loop.
    var lastAccepted = UInt32.max
    /// How many descriptors the process may have; as it was when listening began.
    var descriptorLimit = Int.max
    private var nextHome = 0
    var resolver: Resolver?
    /// Host names that addresses were resolved from: what a WebSocket's `Host` header says.
    var names = HostNames()
    /// Look-ups that are under way: the resolver's numbers by the node's.
    var queries: [UInt32: UInt32] = [:]
    var splices: [UInt32: Splice] = [:]
    var events: [NodeEvent] = []
    /// What other loops are to do, by their index, until the turn is over.
    var orders: [[LoopOrder]] = []
    var listeners: [TCPListener] = []
    var bound: [Multiaddr] = []
    var isStopping = false
    var isStopped = false
    var emptyHomes = 0
    var stopTimer: LoopTimer?
    /// The end of the loops, from any thread.
    let ending: Mutex<Ending>
    private var trimTimer: LoopTimer?

    /// - Throws: `NoiseFault` if the identity cannot sign.
    public init(node configuration: NodeConfiguration, shell: ShellConfiguration = ShellConfiguration()) throws(NoiseFault) {
        _ = Memory.tuned
        // A remote that goes away in the midst of a write is an error of that write, not the process's end.
        signal(SIGPIPE, SIG_IGN)
        let noise = try NoiseIdentity(configuration.identity, staticSecret: Entropy.secret(32))
        limits = configuration.limits
        self.configuration = shell
        var homes: [LinkLoop] = []
        let me = Reference()
        for index in 0..<max(1, min(shell.loops, 255)) { homes.append(LinkLoop(reference: me, index: index)) }
        self.homes = homes
        ending = Mutex(Ending(running: homes.count))
        node = Node(configuration, parts: NodeParts(configuration), now: homes[0].loop.now)
        me.shell = self
        orders = homes.map { _ in [] }
        for home in homes {
            home.makeLinks(Connection.Settings(identity: noise, protocols: node.protocolTable, limits: limits.connection))
            home.certificate = shell.certificate
        }
        driver = NodeDriver(node, links: first.links, platform: NativePlatform(self))
    }

    /// How loops find their shell: it is made after them.
    final class Reference { unowned(unsafe) var shell: NativeShell! }

    var first: LinkLoop { homes[0] }

    /// The loop of the node.
    public var loop: EventLoop { homes[0].loop }

    /// All loops, the node's first.
    public var loops: [EventLoop] { homes.map(\.loop) }

    /// Starts the loops, once. They hold the shell until `stop`.
    /// - Throws: if the system has no descriptor or thread left for one. `stop` ends the others.
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

    /// Runs `work` with the node on the first loop, at once if called there, then does what the node wants done.
    public func onNode(_ work: @escaping @Sendable (Node) -> Void) { first.loop.run { [self] in driver.input(work) } }

    /// An input for the node, from any of the loops.
    func tell(_ input: @escaping @Sendable (Node, Instant) -> Void) {
        first.loop.run { [self] in driver.input { input($0, first.loop.now) } }
    }

    /// A connection was turned away before it was a link.
    func tellRefused(_ remote: SocketAddress, _ limit: LimitName, _ value: Int) {
        tell { node, now in node.refused(remote: remote.tcp, limit, value: value, now: now) }
    }

    /// On the first loop.
    func turnsAway(_ remote: SocketAddress) -> Bool {
        var isTurnedAway = false
        driver.input { isTurnedAway = $0.turnsAway(remote.tcp, now: loop.now) }
        return isTurnedAway
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

    /// The loop on which a link lives; of one that is gone, any.
    func home(of link: UInt32) -> LinkLoop {
        guard homes.count > 1 else { return homes[0] }
        return homes[Int(places.withLock { $0[link] } ?? 0)]
    }

    /// The loop on which a link lives; of one that is gone, any. From any thread.
    public func loop(of link: UInt32) -> EventLoop { home(of: link).loop }

    @discardableResult
    func place(_ link: UInt32, _ home: LinkLoop) -> LinkLoop {
        places.withLock { $0[link] = UInt8(home.index) }
        return home
    }

    func forget(_ link: UInt32) { places.withLock { $0[link] = nil } }

    func chooseHome() -> LinkLoop {
        nextHome = (nextHome + 1) % homes.count
        return homes[nextHome]
    }

    /// The shell numbers accepted links: odd. Numbers come again after 2^31 of them, but for those of links that still live.
    func nextAccepted() -> UInt32 {
        repeat { lastAccepted &+= 2 } while isKnown(lastAccepted)
        return lastAccepted
    }

    private func isKnown(_ link: UInt32) -> Bool { node.knowsLink(link) || places.withLock { $0[link] != nil } }

    /// Runs `work` with a link on its loop, at once if called there; nil if the link is gone.
    public func withLink(_ id: UInt32, _ work: @escaping @Sendable (Link?, EventLoop) -> Void) {
        let home = home(of: id)
        home.loop.run { work(home.links.link(id), home.loop) }
    }

    /// Opens a stream on a link. `owner` makes, on the link's loop, who gets the stream; `then` hears there whether it came to be so far.
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

    /// Calls `body` on the first loop for each arrival of one of the signals (`SIGINT`, `SIGTERM`, `SIGHUP`), which then end the process no
    /// more.
    public func onSignals(_ signals: [Int32], _ body: @escaping @Sendable (Int32) -> Void) {
        first.loop.run { [self] in
            guard !isStopped, !loop.isOver else { return }
            for signal in signals { _ = try? SignalWatcher(on: loop, signal, body) }
        }
    }

    // MARK: TLS

    /// For sessions that begin from now on.
    public func setCertificate(_ certificate: TLSServerContext) {
        for home in homes { home.loop.run { home.certificate = certificate } }
    }

    /// Whom to trust as a client. The system's authorities are read when they are needed first.
    func trust() throws(TLSError) -> TLSClientContext {
        if let given = configuration.trust { return given }
        return try SystemTrust.context()
    }

    // MARK: Memory and the wall clock

    /// Bursts of connections leave holes behind; they are given back when it is calm again. The wall clock may be set, and runs on while a
    /// machine sleeps, when the monotonic one stands: expiry times on the wire follow it.
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
