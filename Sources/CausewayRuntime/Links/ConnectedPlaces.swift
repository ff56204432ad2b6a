import CausewayIdentity
import CausewayNode

/// The IP addresses at which remotes have connections to this node, whatever the transport: no more than there are connections.
struct ConnectedPlaces: ~Copyable {
    private var connections = EndpointTable<Int>()

    /// How many there are.
    var count: Int { connections.count }

    /// Whether a remote has a connection from the address, at any port.
    func holds(_ remote: Endpoint) -> Bool { connections[remote.place] != nil }

    mutating func note(_ event: Event) {
        switch event {
        case .connected(let connection): add(1, at: connection)
        case .disconnected(let connection, _): add(-1, at: connection)
        default: break
        }
    }

    /// Behind a relayed connection's address is the relay.
    private mutating func add(_ change: Int, at connection: ConnectionDescription) {
        guard case .direct = connection.path, case .ip(let ip)? = connection.remoteAddress.host, let place = Endpoint(ip: ip, port: 0)
        else { return }
        let left = (connections[place] ?? 0) + change
        connections[place] = left > 0 ? left : nil
    }
}

extension Endpoint {
    fileprivate var place: Endpoint { Endpoint(high: high, low: low, scope: 0, port: 0) }
}
