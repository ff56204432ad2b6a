import CDatagrams
import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import CausewayWebRTC

/// One event loop's links, with their sockets: takes sockets in, finds out what they are, and carries events to the node.
///
/// Links with something to do are worked on at the end of each turn of the loop. `@unchecked Sendable`: everything but `loop` is touched on
/// the loop's thread only, or before it starts.
final class LinkLoop: @unchecked Sendable {
    let loop: EventLoop
    /// Where it stands among the shell's loops.
    let index: Int
    private(set) var links: LinkSet!
    private let reference: NativeShell.Reference
    /// Held while the loop runs.
    private var held: NativeShell?
    var certificate: TLSServerContext?
    /// Made with the first probe.
    var probeIdentity: NoiseIdentity?
    /// How many bytes `Connection.prepare` put in front of the current read.
    var prepared = 0
    private var plain: UnsafeMutableRawBufferPointer?
    private var isSettling = false
    private var timer: LoopTimer?
    private var timerAt = Instant.distantFuture
    /// Accepted sockets whose protocol is not known yet: silent ones, TLS handshakes, incomplete requests.
    private let strangers = FairQueue()
    /// The sockets to which a page is being sent.
    private let downloads = FairQueue()
    private var isKnownEmpty = false
    /// The connections opened or closed since memory was last trimmed.
    var connectionsSinceTrim = 0

    /// How often links with something to do have their turn before sockets are looked at again.
    private static let rounds = 8

    init(reference: NativeShell.Reference, index: Int) {
        self.reference = reference
        self.index = index
        loop = EventLoop()
    }

    /// Once there is a node.
    func makeLinks(_ settings: Connection.Settings) { links = LinkSet(settings, host: LoopHost(self)) }

    var shell: NativeShell { reference.shell }
    /// Whether the node lives here, too.
    var isFirst: Bool { index == 0 }
    var pages: (any PageServing)? { shell.configuration.pages }
    var handshakeTime: Interval { links.limits.handshakeTime }

    /// Called before the loop starts.
    func prepare(holding shell: NativeShell) {
        held = shell
        loop.turnEnded = { [unowned self] in self.settle() }
        loop.stopping = { [unowned self] in self.closeAll() }
        loop.ended = {
            self.held = nil
            shell.loopEnded()
        }
        loop.post { [self] in
            guard !loop.isOver else { return }
            // The end of the turn works off what is due.
            timer = LoopTimer(on: loop) { [unowned self] in self.timerAt = .distantFuture }
        }
    }

    deinit { plain?.deallocate() }

    /// The buffer for what TLS has opened, shared by all connections of the loop.
    var plainBuffer: UnsafeMutableRawBufferPointer {
        if let plain { return plain }
        let fresh = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        plain = fresh
        return fresh
    }

    // MARK: Turns

    /// Works off what links have to do, and on the first loop what the node wants done. True if there is more.
    func settle() -> Bool {
        guard !isSettling else { return true }
        isSettling = true
        defer { isSettling = false }
        let hasMore = isFirst ? shell.turn() : turnLinks()
        scheduleTimer()
        return hasMore
    }

    private func turnLinks() -> Bool {
        let now = loop.now
        var rounds = 0
        repeat {
            links.turn(now: now)
            rounds += 1
        } while links.hasWork && rounds < Self.rounds
        return links.hasWork
    }

    private func scheduleTimer() {
        let next = isFirst ? shell.driver.nextDeadline : links.nextDeadline
        guard next < timerAt else { return }
        timerAt = next
        timer?.start(afterNanoseconds: (next - loop.now).nanoseconds)
    }

    // MARK: Strangers

    /// What carries a link that is connecting, or was accepted; nil for circuits, and for links that are gone.
    subscript(id: UInt32) -> SocketCarrier? { links.carrier(of: id) as? SocketCarrier }

    /// A carrier for a new link.
    func carrier(_ id: UInt32, _ socket: TCPSocket) -> SocketCarrier {
        let carrier = SocketCarrier(id: id, socket, linkLoop: self)
        links.insert(id, over: carrier)
        connectionsSinceTrim += 1
        return carrier
    }

    /// Notes a peer connection that is to carry a link.
    func insert(_ carrier: AssociationCarrier) {
        links.insert(carrier.id, over: carrier)
        connectionsSinceTrim += 1
    }

    /// Admits a socket that was accepted, whose remote now has to show its protocol. An honest client speaks within a round trip, so if
    /// there are too many, the oldest is closed: of its own place, or of the one with the most.
    func admit(_ descriptor: Int32, from remote: SocketAddress, id: UInt32, _ transports: ListenerTransports) {
        guard !links.isClosing else {
            cw_close(descriptor)
            return shell.forget(id)
        }
        guard let socket = TCPSocket(on: loop, accepted: descriptor, from: remote) else { return shell.forget(id) }
        carrier(id, socket).transports = transports
        let limits = shell.limits
        let place = AddressKey.holder(remote.ip)
        if !remote.isLoopback, strangers.count(of: place) >= share(limits.connectionsPerAddress) {
            turnAway(strangers.first(of: place), .connectionsPerAddress, limits.connectionsPerAddress)
        } else if strangers.count >= share(limits.pendingConnections) {
            turnAway(strangers.first, .pendingConnections, limits.pendingConnections)
        }
        strangers.insert(id, of: place)
        links.setDeadline(loop.now + handshakeTime, of: id)
        socket.startReading()
    }

    /// This loop's share of what all loops together may hold.
    private func share(_ limit: Int) -> Int { (limit + shell.linkLoops.count - 1) / shell.linkLoops.count }

    private func turnAway(_ id: UInt32?, _ limit: LimitName, _ value: Int) {
        guard let id else { return }
        if let remote = self[id]?.socket?.remote { shell.tellRefused(remote, limit, value) }
        links.remove(id)
    }

    /// The socket wants a page, so its protocol is known. If there are too many readers, the one is closed that has read nothing for
    /// longest, of the place with the most.
    func beginDownload(_ carrier: SocketCarrier) {
        strangers.remove(carrier.id)
        if downloads.count >= share(shell.configuration.pageLimits.downloads), let slowest = downloads.first { links.remove(slowest) }
        downloads.insert(carrier.id, of: AddressKey.holder(carrier.socket?.remote?.ip ?? []))
    }

    func downloadMoved(_ carrier: SocketCarrier) { downloads.renew(carrier.id) }

    /// The first bytes of an accepted socket have arrived, at least one. Makes its link, or waits for the head of its request if the port
    /// has pages. Returns false if nothing that begins so is served here.
    func sniff(_ carrier: SocketCarrier, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let kind = carrier.transports?.kinds.kind(firstByte: bytes[0]) else { return false }
        if kind == .tcp, PunchedHosts.isServersHeader(bytes), let remote = carrier.socket?.remote, shell.isPunched(remote) {
            return accept(carrier, as: kind, isInitiator: true)
        }
        if kind == .secureWebSocket {
            guard let certificate, let engine = try? TLSEngine(certificate) else { return false }
            carrier.tls = engine
        }
        guard pages != nil, kind != .tcp else { return accept(carrier, as: kind) }
        carrier.page = PageExchange(kind, headLimit: links.limits.httpHead)
        return true
    }

    /// The protocol of an accepted socket is known: it becomes a link. Returns false if its remote is gone.
    /// - Parameter isInitiator: the remote waits for this side to begin the handshakes (`PunchedHosts`).
    func accept(_ carrier: SocketCarrier, as kind: ListenKinds, isInitiator: Bool = false) -> Bool {
        guard let remote = carrier.socket?.remote, let local = carrier.socket?.localAddress else { return false }
        carrier.transports = nil
        strangers.remove(carrier.id)
        let id = carrier.id
        let (link, connection) = links.start(
            id, over: carrier, isInitiator: isInitiator, webSocket: kind == .tcp ? .none : .server, expecting: nil)
        carrier.carry(link, connection)
        let (from, to) = (kind.address(remote.tcp), kind.address(local.tcp))
        shell.tell { node, now in node.accepted(link: id, remote: from, local: to, now: now) }
        return true
    }

    // MARK: Stopping

    func linkIsGone(_ link: UInt32) {
        strangers.remove(link)
        downloads.remove(link)
        connectionsSinceTrim += 1
        shell.forget(link)
        tellEmpty()
    }

    /// Closes all links in order. Links that are not connected yet are cancelled.
    func shutDown() {
        links.shutDown()
        tellEmpty()
    }

    private func tellEmpty() {
        guard links.isClosing, links.count == 0, !isKnownEmpty else { return }
        isKnownEmpty = true
        shell.isEmpty(self)
    }

    /// The loop stops, and nothing waits any longer.
    private func closeAll() {
        links.end()
        timer = nil
    }
}

/// What a loop gives its links. They hold this and not the loop, which has them.
private final class LoopHost: LinkSetHost {
    private unowned(unsafe) let linkLoop: LinkLoop

    init(_ linkLoop: LinkLoop) { self.linkLoop = linkLoop }

    var now: Instant { linkLoop.loop.now }

    func entropy(_ count: Int) -> Secret { Entropy.secret(count) }

    func linkReported(_ events: [LinkEvent], from link: UInt32) { linkLoop.shell.tell(events, from: link) }

    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) {
        linkLoop.shell.inboundStream?(link, stream, entry, linkLoop.loop)
    }

    /// The end of the loop's turn, which is to come, works it off.
    func linksHaveWork() {}

    func linkIsGone(_ link: UInt32) { linkLoop.linkIsGone(link) }
}
