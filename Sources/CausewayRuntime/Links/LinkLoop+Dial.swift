import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension LinkLoop {
    /// Connects to a resolved address as link `id`. The result is reported under that number.
    /// - Parameter name: The host name from which the address was resolved, if any.
    func dial(_ id: UInt32, _ address: Multiaddr, expecting: PeerID?, name: [UInt8]?) {
        guard !links.isClosing else {
            shell.tell([.closed(.closed(.shutdown))], from: id)
            return linkIsGone(id)
        }
        let socket = TCPSocket(on: loop)
        let carrier = carrier(id, socket)
        guard case .ip(let ip)? = address.host, let port = address.port, let target = SocketAddress(ip: ip, port: port),
            let approach = Approach(address, ip: ip, port: port, name: name)
        else { return links.fail(id, .link(errno: EAFNOSUPPORT)) }
        do throws(UVError) {
            try socket.connect(to: target) { [unowned self, unowned(unsafe) carrier] errno in
                guard errno == 0 else { return links.fail(id, .link(errno: errno)) }
                connected(carrier, address, approach, expecting: expecting)
            }
        } catch {
            links.fail(id, .link(errno: error.errno))
        }
    }

    private func connected(_ carrier: SocketCarrier, _ address: Multiaddr, _ approach: Approach, expecting: PeerID?) {
        let id = carrier.id
        guard let socket = carrier.socket, let local = socket.localAddress else { return links.fail(id, .link(errno: ECONNRESET)) }
        if approach.isSecure {
            do throws(TLSError) {
                carrier.tls = try approach.startTLS(shell.trust())
            } catch {
                return links.fail(id, .peerFault(.tls, code: error.code))
            }
        }
        carrier.link = links.start(id, over: carrier, isInitiator: true, webSocket: approach.webSocket, expecting: expecting)
        let from = approach.kind.address(local.tcp)
        shell.tell { node, now in node.linked(link: id, remote: address, local: from, now: now) }
        socket.startReading()
    }
}

/// How to speak to an address once its port is connected.
struct Approach {
    let kind: ListenKinds
    let webSocket: Connection.WebSocketRole
    private let name: [UInt8]?
    private let ip: [UInt8]

    /// nil: this shell does not have the transport.
    init?(_ address: Multiaddr, ip: [UInt8], port: UInt16, name: [UInt8]?) {
        self.ip = ip
        self.name = address.sni ?? name
        switch address.transport {
        case .tcp:
            kind = .tcp
            webSocket = .none
        case .webSocket(let isSecure):
            kind = isSecure ? .secureWebSocket : .webSocket
            var host = self.name ?? (ip.count == 16 ? [UInt8(ascii: "[")] + IPText.of(ip) + [UInt8(ascii: "]")] : IPText.of(ip))
            if port != (isSecure ? 443 : 80) { host += Array(":\(port)".utf8) }
            webSocket = .client(host: host, path: address.httpPath ?? [UInt8(ascii: "/")])
        default: return nil
        }
    }

    var isSecure: Bool { kind == .secureWebSocket }

    func startTLS(_ context: TLSClientContext) throws(TLSError) -> TLSEngine {
        if let name { return try TLSEngine(context, name: name) }
        return try TLSEngine(context, ip: ip)
    }
}
