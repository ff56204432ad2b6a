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
        guard !isClosing else { return report([.closed(.closed(.shutdown))], id) }
        let seat = seat(id)
        guard case .ip(let ip)? = address.host, let port = address.port, let target = SocketAddress(ip: ip, port: port),
            let approach = Approach(address, ip: ip, port: port, name: name)
        else { return failed(seat, .link(errno: EAFNOSUPPORT)) }
        let socket = TCPSocket(on: loop)
        seat.attach(socket)
        do throws(UVError) {
            try socket.connect(to: target) { [unowned self, unowned(unsafe) seat] errno in
                guard errno == 0 else { return self.failed(seat, .link(errno: errno)) }
                self.connected(seat, address, approach, expecting: expecting)
            }
        } catch {
            failed(seat, .link(errno: error.errno))
        }
    }

    private func connected(_ seat: LinkSeat, _ address: Multiaddr, _ approach: Approach, expecting: PeerID?) {
        guard let socket = seat.socket, let local = socket.localAddress else { return failed(seat, .link(errno: ECONNRESET)) }
        if approach.isSecure {
            do throws(TLSError) {
                seat.tls = try approach.startTLS(shell.trust())
            } catch {
                return failed(seat, .peerFault(.tls, code: error.code))
            }
        }
        makeLink(seat, isInitiator: true, webSocket: approach.webSocket, expecting: expecting, isLimited: false, now: loop.now)
        let id = seat.id
        let from = approach.kind.address(local.tcp)
        shell.tell { node, now in node.linked(link: id, remote: address, local: from, now: now) }
        socket.startReading()
    }

    /// Runs a new connection over a settled stream of another link of this loop.
    func openCircuit(
        _ id: UInt32, over key: StreamKey, initiator: Bool, expecting: PeerID?, limit: CircuitLimit?, received: [UInt8]
    ) {
        guard !isClosing else { return report([.closed(.closed(.shutdown))], id) }
        let seat = seat(id)
        guard let outer = link(key.link) else { return failed(seat, .link(errno: 0)) }
        let now = loop.now
        makeLink(seat, isInitiator: initiator, webSocket: .none, expecting: expecting, isLimited: limit != nil, now: now)
        guard let inner = seat.link else { return }
        seat.outer = key.link
        self[key.link]?.carried += 1
        CircuitTransport(inner: inner, over: outer, stream: key.stream, limit: limit, now: now).start(received: received, now: now)
    }

    func apply(_ command: LinkCommand, to id: UInt32) {
        guard let seat = self[id] else { return }
        if let link = seat.link {
            link.apply(command, now: loop.now)
        } else if let reason = command.endOfDial {
            failed(seat, .closed(reason))
        }
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
