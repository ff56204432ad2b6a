import CausewayIdentity
import CausewayLocalNetwork
import CausewayNode

/// The socket for multicast DNS on one interface (`MulticastDiscovery`). Used on the first loop.
final class MulticastPort: DatagramOwner {
    /// Bound: what the socket keeps, and what a flood may make it do in one turn. Answers have 9,000 bytes at most (RFC 6762, section 17).
    static let limits: DatagramLimits = {
        var limits = DatagramLimits()
        (limits.queuedDatagrams, limits.queuedBytes) = (16, 32 << 10)
        (limits.batch, limits.receivesInTurn, limits.kernelBuffer, limits.usesOffload) = (16, 1, 256 << 10, false)
        return limits
    }()

    private unowned(unsafe) let host: any LocalNetworkHost
    let network: PrivateNetwork
    private let socket: DatagramSocket
    private let discovery: MulticastDiscovery
    private var timer: LoopTimer?

    init(_ network: PrivateNetwork, of host: any LocalNetworkHost) throws(DatagramError) {
        self.host = host
        self.network = network
        socket = try DatagramSocket(
            on: host.loop, joining: MulticastDiscovery.group, onInterface: network.interface, limits: Self.limits)
        discovery = MulticastDiscovery(host.peerID, seed: Entropy.number(), now: host.loop.now)
        timer = LoopTimer(on: host.loop) { [weak self] in self?.timePassed() }
        socket.owner = self
    }

    private var now: Instant { host.loop.now }

    /// The node listens there. Others of this network hear of the addresses at this interface.
    func setListening(_ bound: [Multiaddr]) {
        discovery.setAddresses(bound.filter { $0.host == .ip(network.ip) }, ip: network.ip, now: now)
        settle()
    }

    func close() {
        discovery.end()
        settle()
        timer?.close()
        socket.close()
    }

    private func timePassed() {
        discovery.advance(to: now)
        settle()
    }

    private func settle() {
        while let output = discovery.pollOutput() {
            switch output {
            case .send(let bytes): bytes.withUnsafeBytes { try? socket.send($0, to: MulticastDiscovery.group) }
            case .found(let peer, let addresses):
                let plausible = addresses.filter(isPlausible)
                if !plausible.isEmpty { host.found(peer, plausible) }
            }
        }
        timer?.start(afterNanoseconds: (discovery.nextDeadline - now).nanoseconds)
    }

    /// A private IPv4 address means something else in another network, and a stranger could make us dial there.
    private func isPlausible(_ address: Multiaddr) -> Bool {
        guard case .ip(let ip)? = address.host, ip.count == 4, address.reach.isLocal else { return true }
        return network.contains(ip)
    }

    // MARK: From the socket

    func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) {
        // RFC 6762, section 11: who is not in this network has no business here.
        guard network.contains(remote.ip) else { return }
        discovery.received([UInt8](bytes), from: remote, now: now)
        settle()
    }

    func datagramsWritable() {}
    func datagramsLost(to remote: Endpoint, errno: Int32) {}

    /// The interface is gone, which shows when the network is looked at next.
    func datagramSocketFailed(errno: Int32) {}
}
