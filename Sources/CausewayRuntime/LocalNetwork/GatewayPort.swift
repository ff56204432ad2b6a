import CausewayIdentity
import CausewayLocalNetwork
import CausewayNode

/// The sockets towards one gateway, which is asked to forward this node's ports (`PortMapping`). Used on the first loop.
final class GatewayPort: DatagramOwner {
    /// Bound: what the socket keeps. Each port of the node costs some datagrams of 60 bytes.
    static let limits: DatagramLimits = {
        var limits = DatagramLimits()
        limits.datagramSize = 1100
        (limits.queuedDatagrams, limits.queuedBytes) = (64, 16 << 10)
        (limits.batch, limits.receivesInTurn, limits.kernelBuffer, limits.usesOffload) = (8, 1, 64 << 10, false)
        return limits
    }()

    private unowned(unsafe) let host: any LocalNetworkHost
    let gateway: Endpoint
    /// This machine's address towards the gateway.
    let client: [UInt8]
    private let socket: DatagramSocket
    private let mapping: PortMapping
    private var upnp: UPnPPort?
    private var announcements: DatagramReader?
    private var timer: LoopTimer?
    /// Where the gateway forwards ports from, and until when.
    private var mapped: [MappedPort: (external: Endpoint, until: Instant)] = [:]
    private var whenReleased: (() -> Void)?

    /// - Parameters:
    ///   - local: this machine's IPv6 address that the gateway is to let connections through to. nil: it is asked to forward ports by IPv4.
    ///   - networks: this machine's. In the one towards the gateway it is listened to for the gateway's announcements.
    /// - Throws: If this machine has no way to the gateway.
    init(
        _ gateway: Endpoint, from local: [UInt8]? = nil, of host: any LocalNetworkHost, in networks: [PrivateNetwork]
    ) throws(DatagramError) {
        self.host = host
        self.gateway = gateway
        socket = try DatagramSocket(on: host.loop, dialling: gateway, from: local, limits: Self.limits)
        client = socket.localEndpoint.ip
        mapping = PortMapping(from: client, to: gateway.ip, nonce: Entropy.bytes(PortMapping.nonceSize), now: host.loop.now)
        timer = LoopTimer(on: host.loop) { [weak self] in self?.timePassed() }
        upnp = UPnPPort(on: host.loop, from: client, to: gateway.ip, owner: self)
        socket.owner = self
        let interface = gateway.isIPv4 ? networks.first { $0.ip == client }?.interface : gateway.scope
        if let interface, interface != 0 { listen(onInterface: interface) }
    }

    private func listen(onInterface interface: UInt32) {
        // Without it, a restart is noticed when mappings are renewed.
        guard
            let socket = try? DatagramSocket(
                on: host.loop, joining: gateway.isIPv4 ? PortMapping.announcements : PortMapping.announcements6, onInterface: interface,
                limits: Self.limits)
        else { return }
        announcements = DatagramReader(
            socket,
            received: { [weak self] bytes, sender in
                guard let self, sender.ip == gateway.ip else { return }
                mapping.announced([UInt8](bytes), now: now)
                settle()
            })
    }

    private var now: Instant { host.loop.now }

    /// The node listens there. Ports at this machine's address towards the gateway are mapped if it is a private one of IPv4, or a public
    /// one of IPv6.
    func setListening(_ bound: [Multiaddr]) {
        var ports: [MappedPort] = []
        if (Multiaddr.udp(ip: client, port: 1).reach == .public) == !gateway.isIPv4 {
            for address in bound where address.host == .ip(client) {
                if let port = address.mappedPort, !ports.contains(port) { ports.append(port) }
            }
        }
        mapping.setPorts(ports, now: now)
        settle()
    }

    /// Has the gateway end all mappings, and calls `then` when it has, or does not answer.
    func release(then: @escaping () -> Void) {
        whenReleased = then
        mapping.release(now: now)
        settle()
    }

    /// The way to the gateway is gone. Nothing follows.
    func close() {
        mapping.abandon()
        settle()
        timer?.close()
        socket.close()
        upnp?.close()
        announcements?.socket.close()
        let then = whenReleased
        whenReleased = nil
        then?()
    }

    private func timePassed() {
        mapping.advance(to: now)
        settle()
    }

    private func settle() {
        while let output = mapping.pollOutput() {
            switch output {
            case .send(let bytes): bytes.withUnsafeBytes { try? socket.send($0, to: gateway) }
            case .upnp(let wish): upnp?.fulfil(wish)
            case .changed(let change): tell(change)
            case .released:
                let then = whenReleased
                whenReleased = nil
                then?()
            }
        }
        if !mapping.isSearching { upnp?.endSearch() }
        let deadline = mapping.nextDeadline
        if deadline == .distantFuture { timer?.stop() } else { timer?.start(afterNanoseconds: (deadline - now).nanoseconds) }
    }

    private func tell(_ change: PortMappingChange) {
        // By IPv6 the address stays as it is.
        guard gateway.isIPv4 else { return host.portMappingChanged(change, nil) }
        switch change.state {
        case .mapped(let external, let until), .renewed(let external, let until): mapped[change.port] = (external, until)
        case .lost, .refused: mapped[change.port] = nil
        }
        var addresses: [OwnAddress] = []
        for address in host.bound where address.host == .ip(client) {
            guard let port = address.mappedPort, let (external, until) = mapped[port] else { continue }
            addresses.append(OwnAddress(address.mapped(to: external), .mapped(until: until)))
        }
        host.portMappingChanged(change, addresses)
    }

    // MARK: From the socket

    func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) {
        mapping.received([UInt8](bytes), now: now)
        settle()
    }

    func datagramsWritable() {}

    func datagramsLost(to remote: Endpoint, errno: Int32) {
        mapping.unreachable(now: now)
        settle()
    }

    /// Requests are sent in vain from now on, until the network changes.
    func datagramSocketFailed(errno: Int32) {}
}

extension GatewayPort: UPnPPort.Owner {
    func found(_ bytes: [UInt8], from sender: Endpoint) {
        mapping.found(bytes, from: sender, now: now)
        settle()
    }

    func exchanged(_ bytes: [UInt8]) {
        mapping.exchanged(bytes, now: now)
        settle()
    }

    func exchangeEnded() {
        mapping.exchangeEnded(now: now)
        settle()
    }
}

extension Multiaddr {
    /// The port of a listening address. nil: it has none of its own.
    fileprivate var mappedPort: MappedPort? {
        guard let port, case .ip(let ip)? = host else { return nil }
        let isIPv6 = ip.count == 16
        switch transport {
        case .tcp, .webSocket: return MappedPort(.tcp, port, isIPv6: isIPv6)
        case .webRTCDirect: return MappedPort(.udp, port, isIPv6: isIPv6)
        default: return nil
        }
    }

    /// The address with another host and port, all behind them unchanged.
    fileprivate func mapped(to external: Endpoint) -> Multiaddr {
        let start: Multiaddr =
            transport == .webRTCDirect ? .udp(ip: external.ip, port: external.port) : .tcp(ip: external.ip, port: external.port)
        return components.dropFirst(2).reduce(start) { $0.appending(code: $1.code, value: $1.value) }
    }
}
