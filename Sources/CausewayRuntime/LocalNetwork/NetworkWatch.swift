import CausewayIdentity

/// Follows this machine's network: tells the node when it has changed or the machine has slept, and has a `GatewayPort` for each gateway
/// and a `MulticastPort` for each private network. Used on the first loop.
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
    /// One for each public IPv6 address.
    private var pinholes: [GatewayPort] = []
    /// Bound: public IPv6 addresses at which the gateway is asked to let connections through. A machine has two or three.
    static let mostPinholed = 4
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
        findPinholes()
        for port in gateways { port.setListening(host.bound) }
        for port in multicast { port.setListening(host.bound) }
    }

    /// Has the gateway end all mappings, then closes everything, and calls `then`, at once if there is no gateway.
    func close(then: @escaping () -> Void) {
        timer?.close()
        timer = nil
        for port in multicast { port.close() }
        multicast = []
        var left = gateways.count
        if left == 0 { return then() }
        for port in gateways {
            port.release { [self] in
                port.close()
                left -= 1
                guard left == 0 else { return }
                (gateway, pinholes) = (nil, [])
                then()
            }
        }
    }

    private var gateways: [GatewayPort] { (gateway.map { [$0] } ?? []) + pinholes }

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

    /// The public IPv6 addresses of a node that listens there.
    static func pinholed(among bound: [Multiaddr]) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for address in bound where found.count < mostPinholed {
            guard case .ip(let ip)? = address.host, ip.count == 16, address.reach == .public, !found.contains(ip) else { continue }
            found.append(ip)
        }
        return found
    }

    private func findPinholes() {
        let wanted = mapsPorts ? Self.pinholed(among: host.bound) : []
        for port in pinholes where !wanted.contains(port.client) || port.gateway != state.gateway6 { port.close() }
        pinholes.removeAll { !wanted.contains($0.client) || $0.gateway != state.gateway6 }
        guard let gateway6 = state.gateway6 else { return }
        for ip in wanted where !pinholes.contains(where: { $0.client == ip }) {
            if let port = try? GatewayPort(gateway6, from: ip, of: host, in: state.networks) { pinholes.append(port) }
        }
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
