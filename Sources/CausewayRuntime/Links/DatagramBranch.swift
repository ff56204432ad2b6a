import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import CausewayWebRTC
import Synchronization

/// The associations of a port that one loop carries: takes their datagrams from the port, and sends theirs by a socket of its own.
///
/// `@unchecked Sendable`: what the port calls is called on the port's loop, all else on the branch's.
final class DatagramBranch: DatagramOwner, AssociationPort, @unchecked Sendable {
    unowned(unsafe) let linkLoop: LinkLoop
    private let port: DatagramPort
    /// On the port's loop: what has come in this turn.
    private var batch: DatagramBatch?
    /// Bytes that the port has passed on and this loop has not looked at.
    private let waiting = Atomic<Int>(0)

    // On the branch's loop.
    private var socket: DatagramSocket?
    private var carriers = Table<UInt32, AssociationCarrier>()
    /// Those that wait until the socket takes more.
    private var blocked: [AssociationCarrier] = []
    /// What came since links were worked on last.
    private var received = 0
    /// For datagrams that are written, one at a time.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PeerConnection.datagramSize, alignment: 16)

    /// Links are worked on when so much has come, while it is in the cache.
    private static let share = DatagramBatch.capacity
    /// Bound: `waiting`, as much as the kernel holds of a socket. A loop that is behind loses datagrams here, as it would there.
    static let mostWaiting = DatagramLimits().kernelBuffer

    init(of port: DatagramPort, on linkLoop: LinkLoop) {
        self.port = port
        self.linkLoop = linkLoop
    }

    deinit { buffer.deallocate() }

    private var isPortsOwn: Bool { linkLoop === port.linkLoop }
    var waitingBytes: Int { waiting.load(ordering: .relaxed) }

    // MARK: From the port

    /// The port's own loop sends by the port's own socket.
    func send(by socket: DatagramSocket) { self.socket = socket }

    /// Lends a datagram.
    func take(_ datagram: UnsafeRawBufferPointer, of id: UInt32, from remote: Endpoint) {
        // It lies in the socket's own buffer, and nobody else reads it again.
        if isPortsOwn { return receive(UnsafeMutableRawBufferPointer(mutating: datagram), of: id, from: remote) }
        guard waitingBytes < Self.mostWaiting else { return }
        if let batch, batch.append(datagram, of: id, from: remote) { return }
        pass()
        let fresh = DatagramBatch()
        _ = fresh.append(datagram, of: id, from: remote)
        batch = fresh
        // At the end of the turn, with all that has come by then.
        port.linkLoop.loop.post { self.pass() }
    }

    private func pass() {
        guard let full = batch else { return }
        batch = nil
        waiting.add(full.size, ordering: .relaxed)
        linkLoop.loop.post {
            self.waiting.subtract(full.size, ordering: .relaxed)
            full.lendEach { self.receive($1, of: $0, from: $2) }
        }
    }

    /// An association that a stranger has begun.
    func begin(_ id: UInt32, _ agent: ICELiteAgent, _ context: DTLSContext, from remote: Endpoint) {
        nonisolated(unsafe) let agent = agent
        linkLoop.loop.run { [self] in
            guard !linkLoop.links.isClosing, hasSocket else {
                linkLoop.shell.forget(id)
                return port.removed(id)
            }
            let connection = PeerConnection(accepting: agent, by: context, entropy: Entropy.bytes(32))
            insert(AssociationCarrier(id, connection, .listener, remote: remote, port: self))
        }
    }

    private var hasSocket: Bool {
        if socket == nil {
            socket = try? DatagramSocket(on: linkLoop.loop, sendingBy: port.socket)
            socket?.owner = self
        }
        return socket != nil
    }

    func fail(_ id: UInt32, _ error: ConnectionError) { linkLoop.loop.run { self.carriers[id]?.fail(error) } }

    /// Another stranger needs its room.
    func turnAway(_ id: UInt32, limit: Int) {
        linkLoop.loop.run { [self] in
            guard let carrier = carriers[id] else { return }
            linkLoop.shell.tell { [remote = carrier.remote] node, now in
                node.refused(remote: .webRTCDirect(remote), .pendingConnections, value: limit, now: now)
            }
            carrier.fail(.limit(.pendingConnections, value: UInt64(limit)))
        }
    }

    /// It has had its time.
    func expire(_ id: UInt32) {
        linkLoop.loop.run { [self] in
            if let carrier = carriers[id] { carrier.fail(.timedOut(carrier.link == nil ? .transport : .noise)) }
        }
    }

    func failAll(errno: Int32, unlessLinked: Bool = false) {
        linkLoop.loop.run { [self] in
            for carrier in carriers.values where !unlessLinked || carrier.link == nil { carrier.fail(.link(errno: errno)) }
        }
    }

    /// The port is closed, and no association is left.
    func close() {
        linkLoop.loop.run { [self] in
            socket?.close()
            socket = nil
        }
    }

    // MARK: On the branch's loop

    func insert(_ carrier: AssociationCarrier) {
        carriers[carrier.id] = carrier
        linkLoop.insert(carrier)
        carrier.proceed()
    }

    private func receive(_ datagram: UnsafeMutableRawBufferPointer, of id: UInt32, from remote: Endpoint) {
        carriers[id]?.receive(datagram, over: DatagramPort.path(to: remote))
        received += datagram.count
        guard received >= Self.share else { return }
        received = 0
        _ = linkLoop.settle()
    }

    // MARK: From its socket

    func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) {}

    func datagramsWritable() {
        let waiting = blocked
        blocked = []
        for carrier in waiting { carrier.proceed() }
    }

    func datagramsLost(to remote: Endpoint, errno: Int32) {}

    func datagramSocketFailed(errno: Int32) { failAll(errno: errno) }

    // MARK: From its associations

    var now: Instant { socket?.receivedAt ?? linkLoop.loop.now }
    var links: LinkSet { linkLoop.links }
    var newcomers: NewcomerLimits { linkLoop.shell.configuration.webRTCLimits.newcomers }

    func makeTimer(for carrier: AssociationCarrier) -> any AssociationTimer {
        LoopTimer(on: linkLoop.loop) { [weak carrier] in carrier?.timePassed() }
    }

    /// The link has begun.
    func began(_ carrier: AssociationCarrier) {
        let (id, local, remote) = (carrier.id, Multiaddr.webRTCDirect(port.endpoint), carrier.remote)
        var target: Multiaddr?
        if case .dialler(let dialled, _, _) = carrier.side { target = dialled }
        linkLoop.shell.tell { [target] node, now in
            if let target { return node.linked(link: id, remote: target, local: local, now: now) }
            node.accepted(link: id, remote: .webRTCDirect(remote), local: local, now: now)
        }
    }

    /// The remote has proven who it is.
    func trust(_ carrier: AssociationCarrier) { port.trusted(carrier.id, at: carrier.remote) }

    /// The remote has proven that it is there.
    func bind(_ carrier: AssociationCarrier, to remote: Endpoint) -> Bool {
        port.moved(carrier.id, to: remote)
        return true
    }

    /// Whether a datagram can be sent; if not, the association is told when it can.
    func hasRoom(for carrier: AssociationCarrier) -> Bool {
        if socket?.hasRoom(for: PeerConnection.datagramSize) ?? false { return true }
        if !blocked.contains(where: { $0 === carrier }) { blocked.append(carrier) }
        return false
    }

    /// What the socket refuses is lost, as it might have been on its way.
    func send(_ count: Int, over path: ICEPath) {
        try? socket?.send(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]), to: path.remote)
    }

    func remove(_ carrier: AssociationCarrier) {
        carriers[carrier.id] = nil
        blocked.removeAll { $0 === carrier }
        port.removed(carrier.id)
    }
}
