import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS

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
    var churn = 0

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
        var rounds = 0
        repeat {
            links.turn()
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
        let carrier = SocketCarrier(id: id, socket, home: self)
        links.insert(id, over: carrier)
        churn += 1
        return carrier
    }

    /// Admits an accepted socket, whose remote now has to show its protocol. An honest client speaks within a round trip, so if there are
    /// too many, the oldest is closed: of its own place, or of the one with the most.
    func admit(_ socket: TCPSocket, id: UInt32, _ welcome: Welcome) {
        guard !links.isClosing else {
            shell.forget(id)
            return socket.close()
        }
        socket.sendAtOnce()
        carrier(id, socket).welcome = welcome
        let (remote, limits) = (socket.remote, shell.limits)
        let place = AddressKey.holder(remote?.ip ?? [])
        if remote?.tcp.reach != .loopback, strangers.count(of: place) >= share(limits.connectionsPerAddress) {
            turnAway(strangers.first(of: place), .connectionsPerAddress, limits.connectionsPerAddress)
        } else if strangers.count >= share(limits.pendingConnections) {
            turnAway(strangers.first, .pendingConnections, limits.pendingConnections)
        }
        strangers.insert(id, of: place)
        links.setDeadline(loop.now + handshakeTime, of: id)
        socket.startReading()
    }

    /// This loop's share of what all loops together may hold.
    private func share(_ limit: Int) -> Int { (limit + shell.homes.count - 1) / shell.homes.count }

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

    /// The first byte of an accepted socket has arrived. Makes its link, or waits for the head of its request if the port has pages.
    /// Returns false if nothing that begins so is served here.
    func sniff(_ carrier: SocketCarrier, _ first: UInt8) -> Bool {
        guard let kind = carrier.welcome?.kinds.kind(firstByte: first) else { return false }
        if kind == .secureWebSocket {
            guard let certificate, let engine = try? TLSEngine(certificate) else { return false }
            carrier.tls = engine
        }
        guard pages != nil, kind != .tcp else { return welcome(carrier, as: kind) }
        carrier.page = PageExchange(kind, headLimit: links.limits.httpHead)
        return true
    }

    /// The protocol of an accepted socket is known: it becomes a link. Returns false if its remote is gone.
    func welcome(_ carrier: SocketCarrier, as kind: ListenKinds) -> Bool {
        guard let remote = carrier.socket?.remote, let local = carrier.socket?.localAddress else { return false }
        carrier.welcome = nil
        strangers.remove(carrier.id)
        let id = carrier.id
        carrier.link = links.start(id, over: carrier, isInitiator: false, webSocket: kind == .tcp ? .none : .server, expecting: nil)
        let (from, to) = (kind.address(remote.tcp), kind.address(local.tcp))
        shell.tell { node, now in node.accepted(link: id, remote: from, local: to, now: now) }
        return true
    }

    // MARK: Stopping

    func linkIsGone(_ link: UInt32) {
        strangers.remove(link)
        downloads.remove(link)
        churn += 1
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
    private unowned(unsafe) let home: LinkLoop

    init(_ home: LinkLoop) { self.home = home }

    var now: Instant { home.loop.now }

    func entropy(_ count: Int) -> Secret { Entropy.secret(count) }

    func linkReported(_ events: [LinkEvent], from link: UInt32) { home.shell.tell(events, from: link) }

    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) {
        home.shell.inboundStream?(link, stream, entry, home.loop)
    }

    /// The end of the loop's turn, which is to come, works it off.
    func linksHaveWork() {}

    func linkIsGone(_ link: UInt32) { home.linkIsGone(link) }
}
