import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayRuntime
import Synchronization

/// A libp2p node. It listens, makes reservations at relays, discovers and dials peers, opens and serves streams, publishes and subscribes.
///
///     let node = try Node(configuration)
///     try await withThrowingTaskGroup(of: Void.self) { group in
///         group.addTask { try await node.run() }
///         let stream = try await node.open("/echo/1.0.0", to: address)
///         try await stream.write("hello")
///         …
///     }
///
/// `run()` returns when its task is cancelled, after an orderly shutdown. All other calls wait for the node to start. Every call can be
/// cancelled and has a deadline.
public final class Node: Sendable {
    public let configuration: Configuration
    public let peerID: PeerID
    let shell: NativeShell
    private let website: Website?
    private let certificateInUse: Mutex<CertificateSummary?>
    let requests = PendingRequests()
    let services = ServedProtocols()
    let feeds = Feeds()
    let validators: Validators
    let resumables: ResumableStreams
    private let phase = Mutex(Phase.made)
    private let started = Latch()
    private let plan: ListenPlan
    private let failures: Mutex<[NodeError]>
    let madeAt: Instant
    let log: NodeLog?

    private enum Phase { case made, running, over }

    /// Reads the identity and checks everything that can be checked without a socket. The node starts to listen in `run()`.
    public init(_ configuration: Configuration = Configuration()) throws(NodeError) {
        self.configuration = configuration
        validators = Validators(limit: configuration.pubSub?.limits.unjudged ?? 0)
        resumables = ResumableStreams(configuration.resumption)
        let key = try configuration.identity.key()
        peerID = key.publicKey.peerID
        log = NodeLog(configuration.log ?? .environment, of: peerID)
        let website = try configuration.pages.map { path throws(NodeError) in
            try Website(directory: path, configuration, key.publicKey.peerID)
        }
        self.website = website
        let plan = try ListenPlan(configuration, now: WallClock.unixSeconds())
        self.plan = plan
        failures = Mutex(plan.failures)
        do {
            var shell = try configuration.shell(certificates: plan.certificates)
            shell.pages = website
            website?.setCertificate(shell.certificate)
            var core = try configuration.core(key: key)
            core.announce = try plan.announcing(configuration.announce)
            certificateInUse = Mutex(shell.certificate?.summary)
            self.shell = try NativeShell(node: core, shell: shell)
        } catch let error as NodeError {
            throw error
        } catch {
            throw .identity("\(error)")
        }
        madeAt = shell.loop.now
        shell.keepCertificates = { [identity = configuration.identity] in identity.keep($0) }
        hear(shell)
        website?.tellStatus { [weak self] limit in await self?.report(atMost: limit).json.bytes ?? [] }
    }

    /// Listens, makes reservations and serves until the task is cancelled. Then the node sends what was written to finished streams and
    /// closes its connections in order, which takes `Configuration.drainTime` at most. When `run` returns, no thread, look-up or socket of
    /// the node is left. Throws the reason if the node cannot start. Can be called once: after that it throws `.alreadyRun`, and
    /// leaves the node as it is.
    public func run() async throws(NodeError) {
        let mayRun = phase.withLock { phase in
            defer { if phase == .made { phase = .running } }
            return phase == .made
        }
        guard mayRun else { throw .alreadyRun }
        defer { over() }
        // Chosen now, so that no connection waits for it.
        let engine = CipherEngine.current
        do throws(NodeError) {
            try await start()
        } catch {
            await shell.stop()
            throw error
        }
        started.open()
        let meshes = log.flatMap { log in log.shows(.gossip, .debug) ? Task { await MeshLog.run(log, of: self) } : nil }
        defer { meshes?.cancel() }
        let refusals = log.map { log in Task { await log.refusals.run() } }
        let ready = Event.ready(await addresses)
        log?.note(ready)
        log?.note(engine)
        feeds.events.yield(ready)
        await Latch().wait()
        await shell.stop(within: configuration.drainTime)
        refusals?.cancel()
        await refusals?.value
        log?.flush()
    }

    private func start() async throws(NodeError) {
        do throws(UVError) { try shell.start() } catch { throw .environment(errno: error.errno, reason: error.description) }
        do throws(ListenError) { _ = try await shell.listen(plan.addresses) } catch { throw NodeError(error) }
        for address in plan.optional {
            do throws(ListenError) {
                _ = try await shell.listen([address])
            } catch {
                failures.withLock { $0.append(NodeError(error)) }
            }
        }
        for failure in listenFailures { log?.note(.address, .warning, "\(failure)") }
        guard let relays = configuration.relays else { return }
        let unusable = await onNode { node, now in
            node.keepRelays(relays.addresses.map(\.withPathBeforePeerID), count: relays.wanted, now: now)
        }
        if let address = unusable.first { throw .missingPeerID(address) }
    }

    private func over() {
        phase.withLock { $0 = .over }
        started.open()
        requests.failAll()
        services.end()
        resumables.end()
        feeds.end()
        validators.end()
    }

    /// Returns when the node listens. Throws `.notRunning` if it has stopped or could not start.
    public func waitUntilReady() async throws(NodeError) { try await ready() }

    func ready() async throws(NodeError) {
        await started.wait()
        if Task.isCancelled { throw .cancelled }
        guard isRunning else { throw .notRunning }
    }

    var isRunning: Bool { phase.withLock { $0 == .running } }

    // MARK: What the node is and knows

    /// The events from this call on, for one reader. Subscribe before the action whose events you need.
    public func events() -> Feed<Event> { feeds.events.subscribe(capacity: 4096) }

    /// The addresses at which others can dial this node now, including circuit addresses, each with the node's peer id.
    public var addresses: [Multiaddr] {
        get async {
            let peerID = peerID
            return await onNode { node, _ in node.advertisedAddresses.map { $0.appending(peerID) } }
        }
    }

    /// All addresses that the node has or may have, without its peer id: where each comes from, what others found when they dialled it,
    /// whether it is advertised, and why.
    public var ownAddresses: [OwnAddressState] {
        get async { await onNode { node, _ in node.ownAddresses } }
    }

    /// Why the node does not listen on addresses of `Configuration.listenIfPossible`: one error for each.
    public var listenFailures: [NodeError] { failures.withLock { $0 } }

    public var connections: [Connection] {
        get async { await onNode { node, _ in node.connectionDescriptions } }
    }

    /// What identify said about a connected peer. nil: identify has not succeeded yet.
    public func info(of peer: PeerID) async -> PeerInfo? {
        await onNode { node, _ in node.description(of: peer) }
    }
}

extension Node {
    /// Where to run tasks that call this node often: `Task(executorPreference: node.executor)`. Calls from there need no switch of threads.
    public var executor: any TaskExecutor { shell.loop.tasks }

    /// The signals that arrive, such as `SIGTERM`. From this call until the node stops, these signals do not end the process by themselves.
    public func signals(_ numbers: [Int32]) -> Feed<Int32> {
        let feed = feeds.signals.subscribe(capacity: 16)
        shell.onSignals(numbers) { [feeds] number in feeds.signals.yield(number) }
        return feed
    }

    /// Reads the certificate's files again. New TLS sessions use the new certificate. On an error the old one stays in use.
    public func reloadCertificate() async throws(NodeError) {
        guard let certificate = configuration.certificate else { return }
        let renewed = try certificate.load()
        shell.setCertificate(renewed)
        website?.setCertificate(renewed)
        certificateInUse.withLock { $0 = renewed.summary }
    }

    /// What the certificate for `/tls/ws` that is in use says of itself. nil: the node has none.
    public var certificate: CertificateSummary? { certificateInUse.withLock { $0 } }
}
