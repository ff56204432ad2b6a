import CausewayConnection
import CausewayIdentity
import CausewayNode

extension SimulatedAddress {
    func multiaddr(webSocket: Bool) -> Multiaddr {
        let address = Multiaddr.tcp(ip: ip, port: port)
        return webSocket ? address.appending(code: MultiaddrCode.ws) : address
    }

    var endpoint: Endpoint {
        guard let endpoint = Endpoint(ip: ip, port: port) else { preconditionFailure("an IP address has 4 or 16 bytes") }
        return endpoint
    }
}

extension Endpoint {
    var simulatedAddress: SimulatedAddress { SimulatedAddress(ip: ip, port: port) }
}

extension Multiaddr {
    /// The address to connect to. nil: the multiaddress does not begin with an IP address and a TCP port.
    var simulatedAddress: SimulatedAddress? {
        guard case .ip(let ip)? = host, let port else { return nil }
        return SimulatedAddress(ip: ip, port: port)
    }

    fileprivate var hostHeader: [UInt8] {
        guard let first = components.first, let port else { return [] }
        let host = first.text.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) } ?? ""
        return [UInt8]((first.code == MultiaddrCode.ip6 ? "[\(host)]:\(port)" : "\(host):\(port)").utf8)
    }
}

extension DialTarget {
    /// The WebSocket role for this address. nil: the transport is not simulated. There is no TLS: `wss` is treated like `ws`.
    var webSocketRole: Connection.WebSocketRole? {
        switch address.transport {
        case .tcp: return Connection.WebSocketRole.none
        case .webSocket: return .client(host: hostName ?? address.hostHeader, path: address.requestTarget)
        default: return nil
        }
    }
}

extension SimulatedNames {
    /// The resolver's code for a name that it does not know (`UV_EAI_NONAME`).
    static let unknownName: Int32 = -3008

    /// The addresses for which the `/dns*` or `/dnsaddr` component at the beginning of an address stands. nil: the name is not known.
    func resolve(_ address: Multiaddr) -> [Multiaddr]? {
        guard let first = address.components.first else { return nil }
        let name = String(decoding: first.value, as: UTF8.self)
        switch first.code {
        case MultiaddrCode.dnsaddr: return dnsaddr(of: name)?.compactMap { try? Multiaddr($0) }
        case MultiaddrCode.dns: return addresses(of: name)?.map { address.replacingHost(by: $0) }
        case MultiaddrCode.dns4, MultiaddrCode.dns6:
            let size = first.code == MultiaddrCode.dns4 ? 4 : 16
            return addresses(of: name)?.filter { $0.count == size }.map { address.replacingHost(by: $0) }
        default: return nil
        }
    }
}
