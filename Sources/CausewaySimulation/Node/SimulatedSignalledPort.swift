import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayWebRTC

/// The UDP port of one peer connection of `/webrtc`, and the way of its signalling to the node. Each address of the host is a socket to
/// ICE.
final class SimulatedSignalledPort {
    unowned let shell: SimulatedShell
    let socket: SimulatedDatagramSocket
    let endpoint: any DTLSEndpoint
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PeerConnection.datagramSize, alignment: 16)
    private var carrier: AssociationCarrier?
    private let bases: [LocalBase]
    /// Those that hard NATs need.
    private var more: [UInt32: SimulatedDatagramSocket] = [:]

    init(of shell: SimulatedShell) throws(SimulatedNetworkError) {
        self.shell = shell
        endpoint = shell.owner.datagramTLS
        let host = shell.owner.host
        let socket = try host.bind()
        self.socket = socket
        bases = host.addresses.enumerated().map { number, ip in
            LocalBase(socket: UInt32(number), endpoint: SimulatedAddress(ip: ip, port: socket.port).endpoint)
        }
        socket.owner = self
        shell.ports.append(self)
    }

    deinit { buffer.deallocate() }

    /// - Parameter offer: the remote's; nil: this side makes one.
    func makeSession(answering offer: [UInt8]?, servers: [Endpoint]) throws(SDPError) -> SignalledSession {
        let (secret, entropy) = (shell.random.bytes(32), shell.random.bytes(32))
        let pass = HardNATs { [unowned shell] in shell.hardNATPace.mayBegin(at: $0) }
        let hardNATs = shell.owner.passesHardNATs ? pass : nil
        guard let offer else {
            return SignalledSession(
                offeringFrom: bases, servers: servers, by: endpoint, secret: secret, entropy: entropy, hardNATs: hardNATs, now: now)
        }
        return try SignalledSession(
            answering: offer, from: bases, servers: servers, by: endpoint, secret: secret, entropy: entropy, hardNATs: hardNATs, now: now)
    }

    func begin(_ link: UInt32, _ session: SignalledSession) -> AssociationCarrier {
        let carrier = AssociationCarrier(link, session, by: self, port: self)
        self.carrier = carrier
        links.insert(link, over: carrier)
        return carrier
    }
}

extension SimulatedSignalledPort: SimulatedDatagramOwner {
    func received(_ bytes: UnsafeMutableRawBufferPointer, from remote: SimulatedAddress, on socket: SimulatedDatagramSocket) {
        // The host sends by its first address of a family.
        guard let base = bases.first(where: { $0.endpoint.ip.count == remote.ip.count }) else { return }
        let number = more.first { $0.value === socket }?.key ?? base.socket
        shell.turn { _ in carrier?.receive(bytes, over: ICEPath(socket: number, remote: remote.endpoint)) }
    }
}

extension SimulatedSignalledPort: SimulatedAssociationPort {
    func forget() { carrier = nil }

    // All that comes is for the one association.
    func began(_ carrier: AssociationCarrier) {}
    func trust(_ carrier: AssociationCarrier) {}
    func bind(_ carrier: AssociationCarrier, to remote: Endpoint) -> Bool { true }

    func send(_ count: Int, over path: ICEPath) {
        try? (more[path.socket] ?? socket).send([UInt8](buffer[..<count]), to: path.remote.simulatedAddress)
    }

    /// All addresses are of one host.
    func openSocket(_ number: UInt32, beside other: UInt32) {
        more[number] = try? shell.owner.host.bind()
        more[number]?.owner = self
    }

    func closeSocket(_ number: UInt32) { more.removeValue(forKey: number)?.close() }

    func remove(_ carrier: AssociationCarrier) {
        self.carrier = nil
        for one in more.values { one.close() }
        more = [:]
        close()
    }
}

extension SimulatedSignalledPort: SignallingChannel {
    func gathered(_ candidate: [UInt8], by carrier: AssociationCarrier) {
        shell.turn { $0.gathered(link: carrier.id, candidate: candidate, now: now) }
    }

    func connected(_ carrier: AssociationCarrier) { shell.turn { $0.peerConnected(link: carrier.id, now: now) } }

    func failed(_ carrier: AssociationCarrier) { shell.turn { $0.peerFailed(link: carrier.id, .notConnected, now: now) } }

    func progressed(_ report: PeerConnectionReport, by carrier: AssociationCarrier) {
        shell.turn { $0.peerProgressed(link: carrier.id, report, now: now) }
    }
}
