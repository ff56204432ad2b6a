import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import CausewayWebRTC

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension LinkLoop {
    /// Connects to a resolved address as link `id`. The result is reported under that number.
    func dial(_ id: UInt32, _ dialled: DialTarget) {
        guard !links.isClosing else { return neverDialled(id, .closed(.shutdown)) }
        let address = dialled.address
        // What is looked up ends here, too.
        if let family = shell.configuration.dialledFamily, case .ip(let ip)? = address.host, !family.holds(ip) {
            return neverDialled(id, .link(errno: EAFNOSUPPORT))
        }
        if address.transport == .webRTCDirect { return dialDirect(id, dialled) }
        do throws(UVError) {
            guard let port = address.port ?? address.webSocketPort, let target = try SocketAddress(address, port: port),
                let approach = DialPlan(dialled, ip: target.ip, port: port)
            else { throw UVError(code: -EAFNOSUPPORT) }
            _ = carrier(id, try socket(id, to: target, from: dialled.localPort ?? 0, dialled, approach))
            if dialled.role == .simultaneousClient { shell.beginPunch(of: target.ip, by: id) }
        } catch {
            neverDialled(id, .link(errno: error.errno))
        }
    }

    /// A socket that connects. If the port to dial from belongs to somebody else, or has a connection to the remote already, a dialler
    /// takes another one. For a simultaneous open only that port is of use.
    private func socket(
        _ id: UInt32, to target: SocketAddress, from port: UInt16, _ dialled: DialTarget, _ approach: DialPlan
    ) throws(UVError) -> TCPSocket {
        let socket = TCPSocket(on: loop)
        do throws(UVError) {
            try socket.connect(to: target, from: port) { [unowned self] errno in
                if dialled.role == .simultaneousClient { shell.endPunch(by: id) }
                guard errno == 0, let carrier = self[id] else { return links.fail(id, .link(errno: errno)) }
                connected(carrier, dialled, approach)
            }
            return socket
        } catch {
            socket.close()
            guard port > 0, dialled.role == .dialler else { throw error }
            return try self.socket(id, to: target, from: 0, dialled, approach)
        }
    }

    /// Ends a link that has not come to have a socket.
    private func neverDialled(_ id: UInt32, _ error: ConnectionError) {
        shell.tell([.closed(error)], from: id)
        linkIsGone(id)
    }

    /// By `/webrtc-direct`.
    private func dialDirect(_ id: UInt32, _ dialled: DialTarget) {
        do throws(ConnectionError) {
            let context = try makeDTLS()
            let (remote, descriptions) = try describe(dialled.address, context)
            let port: DatagramPort
            do throws(DatagramError) {
                port = try DatagramPort(dialling: remote, on: self, context)
            } catch {
                throw .link(errno: error.errno)
            }
            port.dial(id, dialled, at: remote, descriptions, as: identity(for: dialled))
        } catch {
            neverDialled(id, error)
        }
    }

    private func makeDTLS() throws(ConnectionError) -> DTLSContext {
        do throws(TLSError) { return try shell.certificates().context } catch { throw .peerFault(.tls, code: error.code) }
    }

    private func describe(_ address: Multiaddr, _ context: DTLSContext) throws(ConnectionError) -> (Endpoint, DirectDescriptions) {
        // Datagrams go to no zone: an endpoint is an IP address with a port.
        guard address.zone == nil, case .ip(let ip)? = address.host, let port = address.port, let remote = Endpoint(ip: ip, port: port),
            let descriptions = try? DirectDescriptions(
                dialling: address, .one, secret: Entropy.bytes(32), fingerprint: context.fingerprint)
        else { throw .link(errno: EAFNOSUPPORT) }
        return (remote, descriptions)
    }

    /// The key of this loop's probes, which others cannot take for the node. nil: the dial is made under the node's key.
    private func identity(for dialled: DialTarget) -> NoiseIdentity? {
        guard dialled.isProbe else { return nil }
        if probeIdentity == nil, let key = try? PrivateKey(ed25519Seed: Entropy.bytes(32)) {
            probeIdentity = try? NoiseIdentity(key, staticSecret: Entropy.secret(32))
        }
        return probeIdentity
    }

    private func connected(_ carrier: SocketCarrier, _ dialled: DialTarget, _ approach: DialPlan) {
        let id = carrier.id
        guard let socket = carrier.socket, let local = socket.localAddress else { return links.fail(id, .link(errno: ECONNRESET)) }
        if approach.isSecure {
            do throws(TLSError) {
                carrier.tls = try approach.startTLS(shell.trust())
            } catch {
                return links.fail(id, .peerFault(.tls, code: error.code))
            }
        }
        let (link, connection) = links.start(
            id, over: carrier, isInitiator: dialled.role != .simultaneousServer, webSocket: approach.webSocket,
            expecting: dialled.expecting, as: identity(for: dialled))
        carrier.carry(link, connection)
        let from = approach.kind.address(local.tcp)
        shell.tell { node, now in node.linked(link: id, remote: dialled.address, local: from, now: now) }
        socket.startReading()
    }
}

/// How to speak to an address once its port is connected.
struct DialPlan {
    let kind: ListenKinds
    let webSocket: Connection.WebSocketRole
    private let name: [UInt8]?
    private let ip: [UInt8]

    /// nil: this shell does not have the transport.
    init?(_ target: DialTarget, ip: [UInt8], port: UInt16) {
        self.ip = ip
        name = target.hostName
        switch target.address.transport {
        case .tcp:
            kind = .tcp
            webSocket = .none
        case .webSocket(let isSecure):
            kind = isSecure ? .secureWebSocket : .webSocket
            var host = name ?? (ip.count == 16 ? [UInt8(ascii: "[")] + IPText.of(ip) + [UInt8(ascii: "]")] : IPText.of(ip))
            if port != (isSecure ? 443 : 80) { host += Array(":\(port)".utf8) }
            webSocket = .client(host: host, path: target.address.requestTarget)
        default: return nil
        }
    }

    var isSecure: Bool { kind == .secureWebSocket }

    func startTLS(_ context: TLSClientContext) throws(TLSError) -> TLSEngine {
        if let name { return try TLSEngine(context, name: name) }
        return try TLSEngine(context, ip: ip)
    }
}
