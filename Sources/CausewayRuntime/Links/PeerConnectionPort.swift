import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import CausewayWebRTC

/// The sockets of one peer connection of `/webrtc`, one for each address of this machine, and its way to the node.
///
/// They belong to nothing else: a socket that several peer connections shared would have to find whose each datagram is, and a NAT tells
/// peer connections apart by their ports.
final class PeerConnectionPort {
    private unowned(unsafe) let linkLoop: LinkLoop
    /// With the certificate that remotes see.
    private let context: DTLSContext
    /// By their numbers.
    private var sockets: [PeerConnectionSocket] = []
    /// Those that hard NATs need, by theirs.
    private var more: [UInt32: PeerConnectionSocket] = [:]
    /// nil before it begins, and after its end.
    private var carrier: AssociationCarrier?
    /// What came since links were worked on last.
    private var received = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PeerConnection.datagramSize, alignment: 16)

    /// Bound: what each socket keeps. There are several for one association, of which one is used.
    private static var limits: DatagramLimits {
        var limits = DatagramLimits()
        limits.queuedDatagrams = 512
        limits.queuedBytes = 512 << 10
        limits.batch = 16
        return limits
    }

    /// Links are worked on when so much has come, while it is in the cache.
    private static let batch = 64 << 10

    init(on linkLoop: LinkLoop, _ context: DTLSContext) {
        self.linkLoop = linkLoop
        self.context = context
    }

    deinit { buffer.deallocate() }

    // MARK: Beginning and end

    /// Opens the sockets and describes this side.
    /// - Parameter offer: the remote's; nil: this side offers.
    /// - Returns: nil if there is no socket.
    func open(answering offer: [UInt8]?, servers: [Endpoint]) throws(SDPError) -> SignalledSession? {
        let configuration = linkLoop.shell.configuration
        let own = configuration.candidateAddresses().filter { configuration.dialledFamily?.holds($0) ?? true }
        for ip in own.prefix(ICELimits().sockets) {
            guard let local = Endpoint(ip: ip, port: 0), let socket = try? DatagramSocket(on: linkLoop.loop, at: local, limits: Self.limits)
            else { continue }
            sockets.append(PeerConnectionSocket(UInt32(sockets.count), socket, of: self))
        }
        guard !sockets.isEmpty else { return nil }
        let bases = sockets.map { LocalBase(socket: $0.number, endpoint: $0.socket.localEndpoint) }
        let (secret, entropy) = (Entropy.bytes(32), Entropy.bytes(32))
        let pass = HardNATs { [unowned(unsafe) linkLoop] in linkLoop.shell.mayPassHardNAT(now: $0) }
        let hardNATs = configuration.passesHardNATs ? pass : nil
        guard let offer else {
            return SignalledSession(
                offeringFrom: bases, servers: servers, by: context, secret: secret, entropy: entropy, hardNATs: hardNATs, now: now)
        }
        return try SignalledSession(
            answering: offer, from: bases, servers: servers, by: context, secret: secret, entropy: entropy, hardNATs: hardNATs, now: now)
    }

    func begin(_ carrier: AssociationCarrier, _ session: SignalledSession) {
        self.carrier = carrier
        tell(carrier) { [description = session.description] in $0.described(link: $1, description: description, now: $2) }
        carrier.proceed()
    }

    /// Closes the sockets.
    func close() {
        carrier = nil
        for one in sockets + more.values { one.socket.close() }
        (sockets, more) = ([], [:])
    }

    private func tell(_ carrier: AssociationCarrier, _ input: @escaping @Sendable (Node, UInt32, Instant) -> Void) {
        linkLoop.shell.tell { [id = carrier.id] node, now in input(node, id, now) }
    }

    // MARK: From its sockets

    func received(_ bytes: UnsafeRawBufferPointer, over path: ICEPath) {
        // They lie in the socket's own buffer, and nobody else reads them again.
        carrier?.receive(UnsafeMutableRawBufferPointer(mutating: bytes), over: path)
        received += bytes.count
        guard received >= Self.batch else { return }
        received = 0
        _ = linkLoop.settle()
    }

    func writable() { carrier?.proceed() }

    /// The others may do as well, unless it is the one that is used.
    func failed(_ number: UInt32, errno: Int32) { if let carrier, carrier.path?.socket == number { carrier.fail(.link(errno: errno)) } }
}

extension PeerConnectionPort: AssociationPort {
    var now: Instant { linkLoop.loop.now }
    var links: LinkSet { linkLoop.links }

    func makeTimer(for carrier: AssociationCarrier) -> any AssociationTimer {
        LoopTimer(on: linkLoop.loop) { [weak carrier] in carrier?.timePassed() }
    }

    /// Before there is a path only checks are sent, which may be lost.
    func hasRoom(for carrier: AssociationCarrier) -> Bool {
        carrier.path.flatMap { socket($0.socket) }?.hasRoom(for: PeerConnection.datagramSize) ?? true
    }

    private func socket(_ number: UInt32) -> DatagramSocket? {
        number < sockets.count ? sockets[Int(number)].socket : more[number]?.socket
    }

    func send(_ count: Int, over path: ICEPath) {
        try? socket(path.socket)?.send(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]), to: path.remote)
    }

    func openSocket(_ number: UInt32, beside other: UInt32) {
        guard let beside = socket(other)?.localEndpoint, let local = Endpoint(ip: beside.ip, port: 0),
            let socket = try? DatagramSocket(on: linkLoop.loop, at: local, limits: Self.limits)
        else { return }
        more[number] = PeerConnectionSocket(number, socket, of: self)
    }

    func closeSocket(_ number: UInt32) { more.removeValue(forKey: number)?.socket.close() }

    // The node knew of the link before it began, and who the remote is. All datagrams are the association's.
    func began(_ carrier: AssociationCarrier) {}
    func trust(_ carrier: AssociationCarrier) {}
    func bind(_ carrier: AssociationCarrier, to remote: Endpoint) -> Bool { true }

    func remove(_ carrier: AssociationCarrier) { close() }
}

extension PeerConnectionPort: SignallingChannel {
    func gathered(_ candidate: [UInt8], by carrier: AssociationCarrier) {
        tell(carrier) { $0.gathered(link: $1, candidate: candidate, now: $2) }
    }

    func connected(_ carrier: AssociationCarrier) { tell(carrier) { $0.peerConnected(link: $1, now: $2) } }

    func failed(_ carrier: AssociationCarrier) { tell(carrier) { $0.peerFailed(link: $1, .notConnected, now: $2) } }

    func progressed(_ report: PeerConnectionReport, by carrier: AssociationCarrier) {
        tell(carrier) { $0.peerProgressed(link: $1, report, now: $2) }
    }
}

/// One of the sockets. It holds the port until it is closed.
private final class PeerConnectionSocket: DatagramOwner {
    let number: UInt32
    let socket: DatagramSocket
    private let port: PeerConnectionPort

    init(_ number: UInt32, _ socket: DatagramSocket, of port: PeerConnectionPort) {
        self.number = number
        self.socket = socket
        self.port = port
        socket.owner = self
    }

    func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) {
        port.received(bytes, over: ICEPath(socket: number, remote: remote))
    }

    func datagramsWritable() { port.writable() }

    /// ICE finds out, and another pair may do.
    func datagramsLost(to remote: Endpoint, errno: Int32) {}

    func datagramSocketFailed(errno: Int32) { port.failed(number, errno: errno) }
}
