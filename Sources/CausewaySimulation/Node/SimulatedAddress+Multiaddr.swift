import CausewayConnection
import CausewayIdentity

extension SimulatedAddress {
    func multiaddr(webSocket: Bool) -> Multiaddr {
        let address = Multiaddr.tcp(ip: ip, port: port)
        return webSocket ? address.appending(code: MultiaddrCode.ws) : address
    }
}

extension Multiaddr {
    /// The address to connect to. nil: the multiaddress does not begin with an IP address and a TCP port.
    var simulatedAddress: SimulatedAddress? {
        guard case .ip(let ip)? = host, let port else { return nil }
        return SimulatedAddress(ip: ip, port: port)
    }

    /// The WebSocket role for this address. nil: the transport is not simulated. There is no TLS: `wss` is treated like `ws`.
    var webSocketRole: Connection.WebSocketRole? {
        switch transport {
        case .tcp: return Connection.WebSocketRole.none
        case .webSocket: return .client(host: sni ?? hostHeader, path: httpPath ?? [UInt8]("/".utf8))
        default: return nil
        }
    }

    private var hostHeader: [UInt8] {
        guard let first = components.first, let port else { return [] }
        let host = first.text.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) } ?? ""
        return [UInt8]((first.code == MultiaddrCode.ip6 ? "[\(host)]:\(port)" : "\(host):\(port)").utf8)
    }
}

extension SimulatedNames {
    /// The resolver's code for a name that it does not know (`UV_EAI_NONAME`).
    static let unknownName: Int32 = -3008

    /// The addresses for which the `/dns*` or `/dnsaddr` component at the beginning of an address stands. nil: the name is not known.
    func resolve(_ address: Multiaddr) -> [Multiaddr]? {
        let components = address.components
        guard let first = components.first else { return nil }
        let name = String(decoding: first.value, as: UTF8.self)
        switch first.code {
        case MultiaddrCode.dnsaddr: return dnsaddr(of: name)?.compactMap { try? Multiaddr($0) }
        case MultiaddrCode.dns: return addresses(of: name)?.compactMap { Self.put($0, before: components.dropFirst()) }
        case MultiaddrCode.dns4, MultiaddrCode.dns6:
            let size = first.code == MultiaddrCode.dns4 ? 4 : 16
            return addresses(of: name)?.filter { $0.count == size }.compactMap { Self.put($0, before: components.dropFirst()) }
        default: return nil
        }
    }

    private static func put(_ ip: [UInt8], before rest: ArraySlice<Multiaddr.Component>) -> Multiaddr? {
        let code = ip.count == 4 ? MultiaddrCode.ip4 : MultiaddrCode.ip6
        guard var address = try? Multiaddr(bytes: [UInt8(code)] + ip) else { return nil }
        for component in rest { address = address.appending(code: component.code, value: component.value) }
        return address
    }
}
