import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The links of one event loop. It reads and writes their sockets, handles their deadlines, and passes their events to the node.
///
/// Links with something to do are in a queue that is processed at the end of each turn of the loop, so that everything a turn brought for a
/// connection leaves in one write. `@unchecked Sendable`: everything but `loop` is used on the loop's thread only.
final class LinkLoop: LinkShell, @unchecked Sendable {
    let loop: EventLoop
    let isFirst: Bool
    private let reference: NativeShell.Reference
    /// Held while the loop runs.
    private var held: NativeShell?
    private(set) var seats: [UInt32: LinkSeat] = [:]
    /// Replaced when the node's protocols change.
    var protocols = ProtocolTable([])
    var certificate: TLSServerContext?
    /// How many bytes `Connection.prepare` put in front of the current read.
    var prepared = 0
    private var plain: UnsafeMutableRawBufferPointer?
    private var queue: [LinkSeat] = []
    private var working: [LinkSeat] = []
    private var isSettling = false
    private var deadlines = DeadlineHeap()
    private var timer: LoopTimer?
    private var timerAt = Instant.distantFuture
    /// Accepted sockets whose protocol is not known yet: silent ones, TLS handshakes, incomplete requests.
    private let strangers = FairQueue()
    /// The sockets to which a page is being sent.
    private let downloads = FairQueue()
    private(set) var isClosing = false
    private var isKnownEmpty = false
    /// The connections opened or closed since memory was last trimmed.
    var churn = 0

    /// How long a closed connection's last bytes may take to leave.
    private static let lingerTime = Interval.seconds(2)

    init(reference: NativeShell.Reference, isFirst: Bool) {
        self.reference = reference
        self.isFirst = isFirst
        loop = EventLoop()
    }

    var shell: NativeShell { reference.shell }
    var pages: (any PageServing)? { shell.configuration.pages }
    var handshakeTime: Interval { shell.limits.connection.handshakeTime }

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
            timer = LoopTimer(on: loop) { [unowned self] in
                self.timerAt = .distantFuture
                self.expire(self.loop.now)
            }
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

    // MARK: Seats

    subscript(id: UInt32) -> LinkSeat? { seats[id] }

    func link(_ id: UInt32) -> Link? { seats[id]?.link }

    /// Makes a seat for a new link that has no carrier yet.
    func seat(_ id: UInt32) -> LinkSeat {
        let seat = LinkSeat(id: id, home: self)
        seats[id] = seat
        churn += 1
        return seat
    }

    /// Admits an accepted socket, whose remote now has to show its protocol. An honest client speaks within a round trip, so if there are
    /// too many, the oldest is closed: of its own place, or of the one with the most.
    func admit(_ socket: TCPSocket, id: UInt32, _ welcome: Welcome) {
        guard !isClosing else {
            shell.forget(id)
            return socket.close()
        }
        let seat = seat(id)
        seat.attach(socket)
        seat.welcome = welcome
        let (remote, limits) = (socket.peerAddress, shell.limits)
        let place = AddressKey.holder(remote?.ip ?? [])
        if remote?.tcp.reach != .loopback, strangers.count(of: place) >= share(limits.connectionsPerAddress) {
            turnAway(strangers.first(of: place), .connectionsPerAddress, limits.connectionsPerAddress)
        } else if strangers.count >= share(limits.pendingConnections) {
            turnAway(strangers.first, .pendingConnections, limits.pendingConnections)
        }
        strangers.insert(id, of: place)
        arm(seat, loop.now + limits.connection.handshakeTime)
        socket.startReading()
    }

    /// This loop's share of what all loops together may hold.
    private func share(_ limit: Int) -> Int { (limit + shell.homes.count - 1) / shell.homes.count }

    private func turnAway(_ id: UInt32?, _ limit: LimitName, _ value: Int) {
        guard let id, let seat = seats[id] else { return }
        if let remote = seat.socket?.peerAddress { shell.tellRefused(remote, limit, value) }
        drop(seat)
    }

    /// The socket wants a page, so its protocol is known. If there are too many readers, the one is closed that has read nothing for
    /// longest, of the place with the most.
    func beginDownload(_ seat: LinkSeat) {
        strangers.remove(seat.id)
        if downloads.count >= share(shell.configuration.pageLimits.downloads), let slowest = downloads.first, let seat = seats[slowest] {
            drop(seat)
        }
        downloads.insert(seat.id, of: AddressKey.holder(seat.socket?.peerAddress?.ip ?? []))
    }

    func downloadMoved(_ seat: LinkSeat) { downloads.renew(seat.id) }

    /// The first byte of an accepted socket has arrived. Makes its link, or waits for the head of its request if the port has pages.
    /// Returns false if nothing that begins so is served here.
    func sniff(_ seat: LinkSeat, _ first: UInt8, now: Instant) -> Bool {
        guard let kind = seat.welcome?.kinds.kind(firstByte: first) else { return false }
        if kind == .secureWebSocket {
            guard let certificate, let engine = try? TLSEngine(certificate) else { return false }
            seat.tls = engine
        }
        guard pages != nil, kind != .tcp else { return welcome(seat, as: kind, now: now) }
        seat.page = PageExchange(kind, headLimit: shell.limits.connection.httpHead)
        return true
    }

    /// The protocol of an accepted socket is known: it becomes a link. Returns false if its remote is gone.
    func welcome(_ seat: LinkSeat, as kind: ListenKinds, now: Instant) -> Bool {
        guard let socket = seat.socket, let remote = socket.peerAddress, let local = socket.localAddress else { return false }
        seat.welcome = nil
        strangers.remove(seat.id)
        let role: Connection.WebSocketRole = kind == .tcp ? .none : .server
        seat.deadline = .distantFuture
        makeLink(seat, isInitiator: false, webSocket: role, expecting: nil, isLimited: false, now: now)
        let id = seat.id
        let (from, to) = (kind.address(remote.tcp), kind.address(local.tcp))
        shell.tell { node, now in node.accepted(link: id, remote: from, local: to, now: now) }
        return true
    }

    func makeLink(
        _ seat: LinkSeat, isInitiator: Bool, webSocket: Connection.WebSocketRole, expecting: PeerID?, isLimited: Bool, now: Instant
    ) {
        var configuration = Connection.Configuration(
            identity: shell.noise, isInitiator: isInitiator, webSocket: webSocket, expecting: expecting, protocols: protocols,
            limits: shell.limits.connection, entropy: Entropy.secret(Connection.entropySize))
        configuration.isLimited = isLimited
        seat.link = ByteLink(id: seat.id, connection: Connection(configuration, now: now), shell: self, now: now)
        enqueue(seat)
    }

    /// The link could not be established.
    func failed(_ seat: LinkSeat, _ error: ConnectionError) {
        let wasAccepted = seat.welcome != nil
        drop(seat)
        if !wasAccepted { report([.closed(error)], seat.id) }
    }

    /// Forgets a seat and its socket.
    func drop(_ seat: LinkSeat) {
        seat.welcome = nil
        strangers.remove(seat.id)
        downloads.remove(seat.id)
        seat.closeSocket()
        guard seats.removeValue(forKey: seat.id) != nil else { return }
        churn += 1
        if let outer = seat.outer.flatMap({ seats[$0] }) {
            outer.carried -= 1
            if isClosing { enqueue(outer) }
        }
        shell.forget(seat.id)
        if isClosing, seats.isEmpty { tellEmpty() }
    }

    // MARK: From links

    func linkIsDirty(_ link: Link) {
        if let seat = seats[link.id] { enqueue(seat) }
    }

    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) { shell.inboundStream?(link, stream, entry, loop) }

    func enqueue(_ seat: LinkSeat) {
        guard !seat.isQueued else { return }
        seat.isQueued = true
        queue.append(seat)
    }

    // MARK: The end of a turn

    /// Processes the queue, and on the first loop what the node wants done. Returns true if there is more.
    func settle() -> Bool {
        guard !isSettling else { return true }
        isSettling = true
        defer { isSettling = false }
        let now = loop.now
        var rounds = 0
        repeat {
            swap(&queue, &working)
            for seat in working { work(on: seat, now: now) }
            working.removeAll(keepingCapacity: working.count < 1024)
            if isFirst { shell.drainNode(now: now) }
            rounds += 1
        } while hasWork && rounds < 8
        scheduleTimer(now)
        return hasWork
    }

    private var hasWork: Bool { !queue.isEmpty || isFirst && shell.nodeHasWork }

    private func work(on seat: LinkSeat, now: Instant) {
        seat.isQueued = false
        guard let link = seat.link, seats[seat.id] === seat else { return }
        if isClosing { sayGoodbye(seat, link, now) }
        var rounds = 0
        repeat {
            link.turn(now: now)
            rounds += 1
        } while seat.flush() && rounds < 4
        if rounds == 4, !(seat.socket?.isBlocked ?? true) { enqueue(seat) }
        if link.hasEvents { report(link.takeEvents(), of: seat) }
        if link.connection.isClosed { conclude(seat, now) } else { arm(seat, link.connection.nextDeadline) }
    }

    private func report(_ events: [LinkEvent], of seat: LinkSeat) {
        if case .closed(.closed(let reason))? = events.last { seat.isGoodbye = reason == .shutdown || reason == .application }
        report(events, seat.id)
    }

    /// The connection has ended. The bytes on its wire still go out, and then the socket closes; after a go-away, when the remote has
    /// closed.
    private func conclude(_ seat: LinkSeat, _ now: Instant) {
        guard seat.hasUnsent || seat.isGoodbye && seat.finishSending() else { return drop(seat) }
        guard seat.deadline == .distantFuture else { return }
        arm(seat, now + Self.lingerTime)
    }

    func report(_ events: [LinkEvent], _ id: UInt32) { shell.tell(events, from: id) }

    // MARK: Time

    /// Sets a link's deadline: its connection's, or without one or after its end, the shell's own.
    private func arm(_ seat: LinkSeat, _ moment: Instant) {
        if seat.link?.connection.isClosed ?? true { seat.deadline = moment }
        guard moment < seat.armed else { return }
        seat.armed = moment
        deadlines.insert(seat.id, at: moment)
    }

    private func expire(_ now: Instant) {
        while let (id, at) = deadlines.take(due: now) {
            guard let seat = seats[id], seat.armed == at else { continue }
            seat.armed = .distantFuture
            if let link = seat.link, !link.connection.isClosed {
                let deadline = link.connection.nextDeadline
                if deadline <= now { link.advance(to: now) } else { arm(seat, deadline) }
            } else if seat.deadline <= now {
                drop(seat)
            } else {
                arm(seat, seat.deadline)
            }
        }
    }

    private func scheduleTimer(_ now: Instant) {
        let next = isFirst ? min(deadlines.next, shell.nodeDeadline) : deadlines.next
        guard next < timerAt else { return }
        timerAt = next
        timer?.start(afterNanoseconds: (next - now).nanoseconds)
    }

    // MARK: Stopping

    /// Closes all links in order. Links that are not connected yet are cancelled.
    func shutDown() {
        isClosing = true
        for seat in Array(seats.values) { if seat.link == nil { failed(seat, .closed(.shutdown)) } else { enqueue(seat) } }
        if seats.isEmpty { tellEmpty() }
    }

    /// Closes a link once it is drained: the bytes of finished streams have left it, and no circuit runs over it any more.
    private func sayGoodbye(_ seat: LinkSeat, _ link: ByteLink, _ now: Instant) {
        guard !link.connection.isClosed, seat.carried == 0, !link.connection.awaitsDelivery else { return }
        link.apply(.close(.shutdown), now: now)
    }

    private func tellEmpty() {
        guard !isKnownEmpty else { return }
        isKnownEmpty = true
        shell.isEmpty(self)
    }

    /// The loop stops, and nothing waits any longer.
    private func closeAll() {
        isClosing = true
        let now = loop.now
        for seat in Array(seats.values) {
            if let link = seat.link {
                link.connection.linkFailed(.closed(.shutdown), streams: nil)
                link.turn(now: now)
            }
            seat.link = nil
            drop(seat)
        }
        queue = []
        timer = nil
    }
}
