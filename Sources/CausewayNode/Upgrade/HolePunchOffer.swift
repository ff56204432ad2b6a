import CausewayConnection
import CausewayIdentity

/// What one side of a hole punch offers: addresses under which others reach the ports that it dials from.
///
/// A NAT with endpoint-independent mapping leads the address that one remote has seen of a port to that port whoever comes. So what counts
/// is what remotes have seen of connections from the listener's port; if there are none, of another connection's port, which the hole
/// punch then dials from.
struct HolePunchOffer {
    /// Bound: connections whose remotes' views are considered, the oldest of all.
    static let connections = 64
    /// Bound: views of one port that are offered. They differ if the NAT maps each remote's connections elsewhere, and then none leads
    /// here.
    static let views = 3

    private(set) var addresses: [Multiaddr] = []
    /// Where to dial from, by the size of an IP address.
    private var ports: [(size: Int, port: UInt16)] = []

    /// - Parameter relayed: the connection that is to be replaced. Its relay's view comes first.
    init(for relayed: ConnectedLink, _ filter: HearsayFilter, limit: Int, in node: NodeContext) {
        var views: [PortView] = []
        func look(at id: UInt32) {
            guard let view = PortView(of: id, in: node), !views.contains(where: { $0 == view }) else { return }
            views.append(view)
        }
        if let relay = relayed.carrier { look(at: relay) }
        for index in 0..<min(node.connections.order.count, Self.connections) { look(at: node.connections.order[index]) }
        for size in [4, 16] {
            guard let port = Self.port(size, views, in: node) else { continue }
            ports.append((size, port))
            var count = 0
            for view in views where view.size == size && view.port == port && count < Self.views {
                if add(view.address, filter, limit, in: node) { count += 1 }
            }
        }
        for one in node.addresses.all where one.kind != .reservation && one.verdict != .unreachable {
            if one.address.transport == .tcp { _ = add(one.address, filter, limit, in: node) }
        }
    }

    /// The listener's port, unless only connections from another one show what the NAT makes of it.
    private static func port(_ size: Int, _ views: [PortView], in node: NodeContext) -> UInt16? {
        var other: UInt16?
        for view in views where view.size == size {
            if view.isListeners { return view.port }
            if other == nil { other = view.port }
        }
        if let other { return other }
        for one in node.addresses.all where one.kind == .bound && one.address.transport == .tcp {
            if case .ip(let ip)? = one.address.host, ip.count == size { return one.address.port }
        }
        return nil
    }

    private mutating func add(_ address: Multiaddr, _ filter: HearsayFilter, _ limit: Int, in node: NodeContext) -> Bool {
        guard addresses.count < limit, !addresses.contains(address), address.isPunchable, filter.admits(address, in: node) else {
            return false
        }
        addresses.append(address)
        return true
    }

    /// Where to dial a remote's address from. nil: any port will do, because nobody knows an address of ours in that family.
    func port(toward remote: Multiaddr) -> UInt16? {
        guard case .ip(let ip)? = remote.host else { return nil }
        for one in ports where one.size == ip.count { return one.port }
        return nil
    }
}

/// The address that the remote of a TCP connection sees, and the port here that it stands for.
private struct PortView: Equatable {
    let address: Multiaddr
    let port: UInt16
    let size: Int
    let isListeners: Bool

    /// nil: the connection is not one over TCP, or its remote has not said what it sees.
    init?(of id: UInt32, in node: NodeContext) {
        guard let link = node.connections[id], !link.isClosing, !link.isProbe, link.path.isOverTCP,
            case .ip(let own)? = link.localAddress.host, let port = link.localAddress.port,
            let seen = node.peers.description(of: link.peer)?.observedAddress, case .ip(let ip)? = seen.host, ip.count == own.count,
            let outside = seen.port, !seen.isCircuit, seen.datagramEndpoint == nil
        else { return nil }
        address = .tcp(ip: ip, port: outside)
        self.port = port
        size = ip.count
        var isListeners = false
        for one in node.addresses.all where one.kind == .bound && one.address.transport == .tcp && one.address.port == port {
            if case .ip(let bound)? = one.address.host, bound.count == size { isListeners = true }
        }
        self.isListeners = isListeners
    }
}

extension ConnectionPath {
    fileprivate var isOverTCP: Bool {
        switch self {
        case .direct(.tcp), .direct(.webSocket), .direct(.secureWebSocket): true
        default: false
        }
    }
}

extension Multiaddr {
    /// Whether it is nothing but an IP address that can be dialled, with a TCP port.
    var isPunchable: Bool {
        guard case .ip(let ip)? = host, let port, port > 0, reach != .none, reach != .linkLocal else { return false }
        return self == .tcp(ip: ip, port: port)
    }
}
