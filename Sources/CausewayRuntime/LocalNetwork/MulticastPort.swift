import CausewayIdentity
import CausewayLocalNetwork
import CausewayNode

/// The sockets for multicast DNS on one interface, of IPv4 and of IPv6 (`MulticastDiscovery`). Used on the first loop.
final class MulticastPort {
    /// Bound: what the socket keeps, and what a flood may make it do in one turn. Answers have 9,000 bytes at most (RFC 6762, section 17).
    static let limits: DatagramLimits = {
        var limits = DatagramLimits()
        (limits.queuedDatagrams, limits.queuedBytes) = (16, 32 << 10)
        (limits.batch, limits.receivesInTurn, limits.kernelBuffer, limits.usesOffload) = (16, 1, 256 << 10, false)
        return limits
    }()

    private unowned(unsafe) let host: any LocalNetworkHost
    var network: PrivateNetwork
    private var four: DatagramReader?
    private var six: DatagramReader?
    private let discovery: MulticastDiscovery
    private var timer: LoopTimer?

    /// - Throws: If neither group can be joined.
    init(_ network: PrivateNetwork, of host: any LocalNetworkHost) throws(DatagramError) {
        self.host = host
        self.network = network
        discovery = MulticastDiscovery(host.peerID, seed: Entropy.number(), now: host.loop.now)
        timer = LoopTimer(on: host.loop) { [weak self] in self?.timePassed() }
        let group6 = network.hasLinkLocal ? try? join(MulticastDiscovery.group6) : nil
        do throws(DatagramError) {
            if !network.ip.isEmpty { four = reader(try join(MulticastDiscovery.group)) }
        } catch {
            if group6 == nil { throw error }
        }
        six = group6.map { reader($0) }
    }

    private func join(_ group: Endpoint) throws(DatagramError) -> DatagramSocket {
        try DatagramSocket(on: host.loop, joining: group, onInterface: network.interface, limits: Self.limits)
    }

    private func reader(_ socket: DatagramSocket) -> DatagramReader {
        // If the interface is gone, that shows when the network is looked at next.
        DatagramReader(socket, received: { [weak self] in self?.received($0, from: $1) })
    }

    private var now: Instant { host.loop.now }

    /// The node listens there. Others of this network hear of the addresses at this interface.
    func setListening(_ bound: [Multiaddr]) {
        let own = bound.filter { address in network.addresses.contains { address.host == .ip($0) } }
        // Those of IPv4 first, as peers without IPv6 read some only.
        let told = own.filter { $0.host == .ip(network.ip) } + own.filter { $0.host != .ip(network.ip) }
        discovery.setAddresses(told, ips: network.addresses, now: now)
        settle()
    }

    func close() {
        discovery.end()
        settle()
        timer?.close()
        four?.socket.close()
        six?.socket.close()
    }

    private func timePassed() {
        discovery.advance(to: now)
        settle()
    }

    private func settle() {
        while let output = discovery.pollOutput() {
            switch output {
            case .send(let bytes):
                bytes.withUnsafeBytes {
                    try? four?.socket.send($0, to: MulticastDiscovery.group)
                    try? six?.socket.send($0, to: MulticastDiscovery.group6)
                }
            case .found(let peer, let addresses):
                let plausible = addresses.filter(isPlausible)
                if !plausible.isEmpty { host.found(peer, plausible) }
            }
        }
        timer?.start(afterNanoseconds: (discovery.nextDeadline - now).nanoseconds)
    }

    /// A private IPv4 address means something else in another network, and a stranger could make us dial there. A link-local IPv6 address
    /// means something at one interface only, which nobody else can name.
    private func isPlausible(_ address: Multiaddr) -> Bool {
        guard case .ip(let ip)? = address.host, address.reach.isLocal else { return true }
        return ip.count == 4 ? network.contains(ip) : !Interfaces.isLinkLocal(ip)
    }

    private func received(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) {
        // RFC 6762, section 11: who is not in this network has no business here.
        guard remote.isIPv4 ? network.contains(remote.ip) : Interfaces.isLinkLocal(remote.ip) else { return }
        discovery.received([UInt8](bytes), from: remote, now: now)
        settle()
    }
}
