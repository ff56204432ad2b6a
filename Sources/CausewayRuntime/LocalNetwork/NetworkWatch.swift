import CausewayIdentity

/// Follows this machine's network: tells the node when it has changed or the machine has slept, and has a `GatewayPort` for the gateway and
/// a `MulticastPort` for each private network. Used on the first loop.
///
/// It looks at the network again and again. To be told by the system needs another mechanism on each system, and the same look behind it;
/// a look costs some microseconds.
final class NetworkWatch {
    static let interval = Interval.seconds(1)

    private unowned(unsafe) let host: any LocalNetworkHost
    private let mapsPorts: Bool
    private let findsPeers: Bool
    private let network: @Sendable () -> NetworkState
    private var last: NetworkLook
    private var state: NetworkState { last.state }
    private var gateway: GatewayPort?
    private var multicast: [MulticastPort] = []
    private var timer: LoopTimer?

    /// - Parameter network: what this machine's network looks like.
    init(of host: any LocalNetworkHost, mapsPorts: Bool, findsPeers: Bool, _ network: @escaping @Sendable () -> NetworkState) {
        self.host = host
        self.mapsPorts = mapsPorts
        self.findsPeers = findsPeers
        self.network = network
        last = NetworkLook(state: network(), unixEpoch: WallClock.unixEpoch(), at: host.loop.now)
        timer = LoopTimer(on: host.loop) { [weak self] in self?.look() }
        setNetworks()
    }

    /// Looks at the network now, and then regularly. Called again when the node listens elsewhere.
    func look() {
        timer?.start(afterNanoseconds: Self.interval.nanoseconds)
        let new = NetworkLook(state: network(), unixEpoch: WallClock.unixEpoch(), at: host.loop.now)
        let change = NetworkChange(from: last, to: new)
        last = new
        if let change {
            host.networkChanged(change)
            setNetworks()
            leaveGateway()
        }
        findGateway()
        gateway?.setListening(host.bound)
        for port in multicast { port.setListening(host.bound) }
    }

    /// Has the gateway end all mappings, then closes everything, and calls `then`, at once if there is no gateway.
    func close(then: @escaping () -> Void) {
        timer?.close()
        timer = nil
        for port in multicast { port.close() }
        multicast = []
        guard let gateway else { return then() }
        gateway.release { [self] in
            self.gateway = nil
            gateway.close()
            then()
        }
    }

    /// Another address of this machine makes another gateway of the same one: it forwards to the old address.
    private func leaveGateway() {
        if let gateway, state.gateway == gateway.gateway, state.addresses.contains(gateway.client) { return }
        gateway?.close()
        gateway = nil
    }

    private func findGateway() {
        guard gateway == nil, mapsPorts, let endpoint = state.gateway else { return }
        // Who listens on loopback has nothing that a gateway could reach.
        let isHere = Multiaddr.udp(ip: endpoint.ip, port: 1).reach == .loopback
        guard host.bound.contains(where: { ($0.reach == .loopback) == isHere }) else { return }
        gateway = try? GatewayPort(endpoint, of: host, in: state.networks)
    }

    private func setNetworks() {
        let wanted = findsPeers ? state.networks : []
        for port in multicast where !wanted.contains(where: { $0.isSamePlace(as: port.network) }) { port.close() }
        multicast.removeAll { port in !wanted.contains { $0.isSamePlace(as: port.network) } }
        for network in wanted {
            if let port = multicast.first(where: { $0.network.isSamePlace(as: network) }) {
                port.network = network
            } else if let port = try? MulticastPort(network, of: host) {
                multicast.append(port)
            }
        }
    }
}
