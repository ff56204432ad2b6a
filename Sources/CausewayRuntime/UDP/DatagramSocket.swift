import CDatagrams
import CUV
package import CausewayIdentity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A UDP socket on an event loop, which reads and writes in batches. All of it is called on the loop.
///
/// libuv only says when the socket can be read and written. Its own UDP handle has no place for control messages, in which the kernel
/// says how it has joined datagrams, and it allocates for each one that is sent. Nothing here does: what comes is lent to the owner from
/// one buffer, what is sent is written into a queue in which the owner borrows room, and leaves at the end of the loop's turn.
package final class DatagramSocket: LoopHandle {
    /// Which addresses a socket reaches.
    package enum Family: Sendable { case ipv4, ipv6, dualStack }

    private unowned(unsafe) let loop: EventLoop
    /// Held as long as the socket is open.
    package var owner: (any DatagramOwner)?
    package let family: Family
    /// To what it is bound: with the port that the system chose.
    package let localEndpoint: Endpoint
    package private(set) var counts = DatagramCounts()
    /// While the owner is handed what has come: when that was, read once for a run.
    private(set) var receivedAt: Instant?
    /// The only one.
    private let remote: Endpoint?
    private let limits: DatagramLimits
    let file: Int32
    /// The system call; tests put another in its place to be refused.
    var transmit: (Int32, Int32, UnsafeRawPointer, UnsafePointer<cw_datagram>, Int32) -> Int32 = {
        cw_datagram_send($0, $1, $2, $3, $4)
    }
    /// false: another socket of the port receives, on another loop.
    private let receives: Bool
    private let joinsReceived: Bool
    private let received: UnsafeMutableBufferPointer<cw_datagram>
    private var places: UnsafeMutableRawBufferPointer?
    private var queue: DatagramQueue
    private var flushIsPosted = false
    /// So much leaves before the turn's end: two runs, which are still in the cache and give their receiver something to do.
    private static let portion = 2 * DatagramQueue.largestRun
    /// The kernel takes no more; it will say when it does.
    private var isBlocked = false
    private var hasRefused = false

    /// Binds the socket; port 0 lets the system choose.
    /// - Parameter dualStack: an IPv6 socket takes IPv4 as well, if it is bound to `::`.
    package convenience init(
        on loop: EventLoop, at local: Endpoint, dualStack: Bool = false, limits: DatagramLimits = DatagramLimits()
    ) throws(DatagramError) {
        let family = local.isIPv4 ? Family.ipv4 : dualStack ? .dualStack : .ipv6
        try self.init(on: loop, Self.open(at: local, family, limits), family, dialling: nil, receives: true, limits: limits)
    }

    /// Binds a socket for one remote: it receives from nobody else, its local endpoint has the address from which the remote is reached,
    /// and the owner hears by `datagramsLost` if nobody is there.
    /// - Parameter local: this machine's address to send from; nil: the one that the system chooses.
    package convenience init(
        on loop: EventLoop, dialling remote: Endpoint, from local: [UInt8]? = nil, limits: DatagramLimits = DatagramLimits()
    ) throws(DatagramError) {
        let unspecified = [UInt8](repeating: 0, count: remote.isIPv4 ? 4 : 16)
        guard let local = Endpoint(ip: local ?? unspecified, port: 0), local.isIPv4 == remote.isIPv4 else { throw .wrongFamily }
        let family = remote.isIPv4 ? Family.ipv4 : .ipv6
        let file = try Self.open(at: local, family, limits)
        var dialled = cw_endpoint(remote)
        let code = cw_datagram_connect(file, &dialled, remote.isIPv4 ? 0 : 1)
        guard code == 0 else {
            cw_datagram_close(file)
            throw .system(errno: -code)
        }
        try self.init(on: loop, file, family, dialling: remote, receives: true, limits: limits)
    }

    /// Joins a multicast group on one interface, named by the system's number, and binds its port beside others of this machine. The
    /// socket receives what comes for the group there, and nothing else.
    package convenience init(
        on loop: EventLoop, joining group: Endpoint, onInterface interface: UInt32, limits: DatagramLimits
    ) throws(DatagramError) {
        var bound = cw_endpoint(group)
        let file = cw_multicast_open(&bound, group.isIPv4 ? 0 : 1, interface, Int32(clamping: limits.kernelBuffer))
        guard file >= 0 else { throw .system(errno: -file) }
        try self.init(on: loop, file, group.isIPv4 ? .ipv4 : .ipv6, dialling: nil, receives: true, limits: limits)
    }

    /// Sends by the port of a socket of another loop, which receives for both and is open meanwhile. Each has a queue of its own.
    package convenience init(on loop: EventLoop, sendingBy other: DatagramSocket) throws(DatagramError) {
        let file = fcntl(other.file, F_DUPFD_CLOEXEC, 0)
        guard file >= 0 else { throw .system(errno: errno) }
        try self.init(on: loop, file, other.family, dialling: nil, receives: false, limits: other.limits)
    }

    private static func open(at local: Endpoint, _ family: Family, _ limits: DatagramLimits) throws(DatagramError) -> Int32 {
        var bound = cw_endpoint(local)
        let file = cw_datagram_open(
            &bound, family == .ipv4 ? 0 : 1, family == .dualStack ? 1 : 0, Int32(clamping: limits.kernelBuffer))
        guard file >= 0 else { throw .system(errno: -file) }
        return file
    }

    /// Takes the descriptor over.
    private init(
        on loop: EventLoop, _ file: Int32, _ family: Family, dialling remote: Endpoint?, receives: Bool, limits: DatagramLimits
    ) throws(DatagramError) {
        self.remote = remote
        self.family = family
        self.loop = loop
        self.limits = limits
        self.file = file
        self.receives = receives
        var bound = cw_endpoint()
        _ = cw_datagram_local(file, &bound)
        localEndpoint = Endpoint(bound)
        joinsReceived = receives && limits.usesOffload && cw_datagram_join(file) != 0
        queue = DatagramQueue(limits, joins: limits.usesOffload && cw_datagram_can_cut(file) != 0)
        received = .allocate(capacity: min(max(limits.batch, 1), Int(CW_DATAGRAM_BATCH)))
        super.init(size: MemoryLayout<uv_poll_t>.size)
        do throws(UVError) {
            try opened(uv_poll_init(loop.uv, poll, file))
        } catch {
            abandon()
            throw .system(errno: error.errno)
        }
        startPolling()
    }

    /// Whether the kernel cuts runs of datagrams that are sent (GSO), and joins those that come (GRO).
    package var offload: (cuts: Bool, joins: Bool) { (queue.joins, joinsReceived) }

    private var poll: UnsafeMutablePointer<uv_poll_t> { pointer(uv_poll_t.self) }

    private func startPolling() {
        let events = (receives ? UV_READABLE.rawValue : 0) | (isBlocked ? UV_WRITABLE.rawValue : 0)
        guard events != 0 else { return must(uv_poll_stop(poll)) }
        let code = uv_poll_start(poll, Int32(events)) { handle, status, events in
            let socket = unsafeDowncast(LoopHandle.of(handle!.pointee.data), to: DatagramSocket.self)
            guard status == 0 else { return socket.pollingFailed(errno: -status) }
            if events & Int32(UV_WRITABLE.rawValue) != 0 { socket.becameWritable() }
            if events & Int32(UV_READABLE.rawValue) != 0 { socket.receive() }
        }
        must(code)
    }

    /// libuv stops when the socket has an error. If there is one remote, it is mostly the answer to a datagram, and is read as one.
    private func pollingFailed(errno: Int32) {
        guard remote != nil else { return fail(errno: errno) }
        receive()
        if !isClosing { startPolling() }
    }

    // MARK: Receiving

    private func receive() {
        for _ in 0..<limits.receivesInTurn {
            guard !isClosing else { return }
            let size = joinsReceived ? 1 << 16 : limits.datagramSize
            let places = places ?? .allocate(byteCount: size * received.count, alignment: 64)
            self.places = places
            let count = cw_datagram_receive(file, places.baseAddress!, size, received.baseAddress!, Int32(received.count))
            guard count > 0 else { return receivingFailed(errno: -count) }
            counts.receiveCalls += 1
            for index in 0..<Int(count) { hand(received[index], UnsafeRawBufferPointer(places)) }
            guard count == received.count else { return }
        }
    }

    /// Lends the owner a datagram, or each one of a run. The owner may close the socket meanwhile; its memory stays until the loop's next
    /// turn.
    private func hand(_ run: cw_datagram, _ places: UnsafeRawBufferPointer) {
        let remote = Endpoint(run.remote)
        receivedAt = loop.now
        defer { receivedAt = nil }
        let bytes = UnsafeRawBufferPointer(rebasing: places[Int(run.offset)..<Int(run.offset) + Int(run.length)])
        let size = run.segment == 0 ? bytes.count : Int(run.segment)
        var start = 0
        repeat {
            guard !isClosing else { return }
            let end = min(start + size, bytes.count)
            if run.is_truncated == 0, end - start <= limits.datagramSize {
                counts.received += 1
                owner?.datagramReceived(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), from: remote)
            } else {
                counts.tooLong += 1
            }
            start = end
        } while start < bytes.count
    }

    /// Most errors are of one remote, of which the network said that it cannot be reached, or pass by themselves.
    private func receivingFailed(errno: Int32) {
        switch errno {
        case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH: if let remote { owner?.datagramsLost(to: remote, errno: errno) }
        case 0, EAGAIN, EINTR, ECONNRESET, ENETDOWN, EMSGSIZE, ENOBUFS, ENOMEM: return
        default: fail(errno: errno)
        }
    }

    private func fail(errno: Int32) {
        guard !isClosing else { return }
        uv_poll_stop(poll)
        owner?.datagramSocketFailed(errno: errno)
    }

    // MARK: Sending

    /// Lends room for a datagram of up to `size` bytes to `fill`, which returns how many it has written: what it returns leaves at the end
    /// of this turn of the loop at the latest. `fill` sends nothing itself. A datagram that is refused is not kept; after `queueFull` the
    /// owner hears `datagramsWritable`.
    package func send(
        to remote: Endpoint, size: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(DatagramError) {
        guard !isClosing else { throw .closed }
        guard remote.isIPv4 ? family != .ipv6 : family != .ipv4 else { throw .wrongFamily }
        guard size <= limits.datagramSize else { throw .tooLong(limit: limits.datagramSize) }
        if queue.room(size) == nil { flush() }
        guard !isClosing else { throw .closed }
        guard let room = queue.room(size) else {
            counts.refused += 1
            hasRefused = true
            throw .queueFull(limit: size > limits.queuedBytes - queue.byteCount ? limits.queuedBytes : limits.queuedDatagrams)
        }
        queue.append(min(max(fill(room), 0), size), to: cw_endpoint(remote))
        guard !isBlocked else { return }
        if queue.byteCount >= Self.portion { return flush() }
        guard !flushIsPosted else { return }
        flushIsPosted = true
        nonisolated(unsafe) let socket = self
        loop.post {
            socket.flushIsPosted = false
            socket.flush()
        }
    }

    /// Whether `send` would take a datagram of `size` bytes. If not, the owner hears `datagramsWritable`.
    package func hasRoom(for size: Int) -> Bool {
        guard !isClosing else { return false }
        if queue.room(size) == nil { flush() }
        if isClosing { return false }
        if queue.room(size) != nil { return true }
        hasRefused = true
        return false
    }

    /// Sends a copy of `bytes`.
    package func send(_ bytes: UnsafeRawBufferPointer, to remote: Endpoint) throws(DatagramError) {
        try send(to: remote, size: bytes.count) { room in
            room.copyMemory(from: bytes)
            return bytes.count
        }
    }

    /// Gives the kernel what waits, as far as it takes it.
    private func flush() {
        while !isClosing, !isBlocked, !queue.isEmpty {
            let runs = queue.next(received.count)
            let count = transmit(file, family == .ipv4 ? 0 : 1, queue.memory, runs.baseAddress!, Int32(runs.count))
            if count > 0 {
                counts.sendCalls += 1
                counts.sent += UInt64(queue.removeFirst(Int(count)))
            } else {
                sendingFailed(errno: -count, of: runs[0])
            }
        }
    }

    private func sendingFailed(errno: Int32, of run: cw_datagram) {
        switch errno {
        case EINTR: return
        case EAGAIN:
            isBlocked = true
            startPolling()
        case EINVAL where run.segment != 0, EIO where run.segment != 0, EMSGSIZE where run.segment != 0:
            // The kernel or the interface does not cut this run: a path that takes less than a datagram, IPsec, no checksums in hardware.
            queue.separate()
        default:
            let lost = queue.removeFirst(1)
            counts.lost += UInt64(lost)
            owner?.datagramsLost(to: Endpoint(run.remote), errno: errno)
        }
    }

    private func becameWritable() {
        guard !isClosing else { return }
        isBlocked = false
        flush()
        guard !isBlocked, !isClosing else { return }
        startPolling()
        guard hasRefused, queue.isHalfFree else { return }
        hasRefused = false
        owner?.datagramsWritable()
    }

    // MARK: Closing

    /// What waits to be sent is given to the kernel as far as it takes it; the rest is lost, as datagrams may be.
    override package func close() {
        guard !isClosing else { return }
        flush()
        super.close()
    }

    override func closed() {
        abandon()
        owner = nil
    }

    private func abandon() {
        cw_datagram_close(file)
        received.deallocate()
        places?.deallocate()
        places = nil
    }
}
