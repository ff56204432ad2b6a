import CDatagrams
import CausewayConnection
public import CausewayIdentity
import CausewayNode
import CausewayTLS
import CausewayWebRTC
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension NativeShell {
    /// Listens on all of the addresses, or on none. Addresses with the same IP address and port (not 0) share one socket; the first byte of
    /// a connection distinguishes them. UDP port 0 stands for the number of a TCP port at the same IP address, if it is free.
    /// - Returns: The addresses at which the node can be reached: with real ports, and with the interfaces' addresses in place of an
    ///   unspecified one.
    public func listen(_ addresses: [Multiaddr]) async throws(ListenError) -> [Multiaddr] {
        let result = await withCheckedContinuation { continuation in
            listen(addresses) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// The same. `then` is called on the first loop.
    public func listen(_ addresses: [Multiaddr], then: @escaping @Sendable (Result<[Multiaddr], ListenError>) -> Void) {
        first.loop.run { [self] in
            do throws(ListenError) {
                guard !isStopping else { throw .stopped }
                descriptorLimit = Descriptors.limit
                let fresh = try open(addresses)
                bindings += fresh
                tellBound()
                networkWatch?.look()
                then(.success(reached(fresh)))
            } catch {
                then(.failure(error))
            }
        }
    }

    /// Says where the node listens, as the machine's addresses and its certificates are now.
    func tellBound() {
        let all = reached(bindings)
        guard all != bound else { return }
        bound = all
        tell { node, now in node.listening(all, now: now) }
    }

    /// Each address once.
    private func reached(_ bindings: [Binding]) -> [Multiaddr] {
        let multihashes = directCertificates.withLock { $0?.multihashes } ?? []
        let addresses = configuration.network().addresses
        var found: [Multiaddr] = []
        for binding in bindings {
            for address in binding.reached(among: addresses, certificates: multihashes) where !found.contains(address) {
                found.append(address)
            }
        }
        return found
    }

    private func open(_ addresses: [Multiaddr]) throws(ListenError) -> [Binding] {
        var opened: [TCPListener] = []
        var ports: [DatagramPort] = []
        var bindings: [Binding] = []
        do throws(ListenError) {
            for group in try ListenGroup.of(addresses.filter { $0.transport != .webRTCDirect }) {
                if group.kinds.contains(.secureWebSocket), configuration.certificate == nil, first.certificate == nil {
                    throw .noCertificate(group.asked)
                }
                let listener = try open(group)
                opened.append(listener)
                bindings.append(Binding(address: listener.address, kind: .streams(group.order)))
            }
            for asked in addresses where asked.transport == .webRTCDirect {
                let port = try openPort(asked, beside: listeners + opened)
                ports.append(port)
                bindings.append(try binding(of: port, asked))
            }
        } catch {
            for listener in opened { listener.close() }
            for port in ports { port.stopListening() }
            throw error
        }
        listeners += opened
        datagramPorts += ports
        return bindings
    }

    private func open(_ group: ListenGroup) throws(ListenError) -> TCPListener {
        let transports = ListenerTransports(group.kinds)
        do throws(UVError) {
            return try TCPListener(on: loop, address: group.address) { [unowned self] in self.accepted($0, from: $1, transports) }
        } catch {
            throw .system(group.asked, errno: error.errno, text: error.description)
        }
    }

    /// Port 0 stands for the number of a TCP port at the same IP address, if it is free: one number is easier to open in a firewall than
    /// two.
    private func openPort(_ asked: Multiaddr, beside listeners: [TCPListener]) throws(ListenError) -> DatagramPort {
        guard case .ip(let ip)? = asked.host, let port = asked.port, let local = Endpoint(ip: ip, port: port),
            asked == .webRTCDirect(local)
        else { throw .unsupported(asked) }
        let context = try certificates(for: asked).context
        if port == 0, let twin = listeners.first(where: { $0.address.ip == ip }), let same = Endpoint(ip: ip, port: twin.address.port),
            let port = try? DatagramPort(listeningAt: same, on: first, context)
        {
            return port
        }
        do throws(DatagramError) {
            return try DatagramPort(listeningAt: local, on: first, context)
        } catch {
            throw .system(asked, errno: error.errno, text: error.description)
        }
    }

    private func certificates(for asked: Multiaddr) throws(ListenError) -> DirectCertificates {
        do throws(TLSError) { return try certificates() } catch { throw .system(asked, errno: ENOMEM, text: error.description) }
    }

    private func binding(of port: DatagramPort, _ asked: Multiaddr) throws(ListenError) -> Binding {
        let bound = port.endpoint
        guard let address = SocketAddress(ip: bound.ip, port: bound.port) else { throw .unsupported(asked) }
        return Binding(address: address, kind: .datagrams)
    }

    /// Gives each loop its share of the connections.
    private func accepted(_ descriptor: Int32, from remote: SocketAddress, _ transports: ListenerTransports) {
        // The system assigns the lowest free number, so all lower ones are in use.
        guard descriptor < descriptorLimit - Descriptors.reserve else {
            tellRefused(remote, .descriptors, descriptorLimit)
            return cw_close(descriptor)
        }
        // A remote that wants a page has not said so yet.
        if configuration.pages == nil || transports.kinds == .tcp, turnsAway(remote.tcp) { return cw_close(descriptor) }
        let id = nextAccepted()
        let linkLoop = place(id, nextLinkLoop())
        linkLoop.loop.run { linkLoop.admit(descriptor, from: remote, id: id, transports) }
    }
}

/// Addresses that share a listening socket.
private struct ListenGroup {
    let asked: Multiaddr
    let address: SocketAddress
    var kinds: ListenKinds
    var order: [Spoken]

    static func of(_ addresses: [Multiaddr]) throws(ListenError) -> [ListenGroup] {
        var groups: [ListenGroup] = []
        for asked in addresses {
            guard let kind = ListenKinds(asked), let port = asked.port, let address = try local(asked, port) else {
                throw .unsupported(asked)
            }
            let spoken = Spoken(kind: kind, path: asked.httpPath)
            if port != 0, let index = groups.firstIndex(where: { $0.address.isSame(as: address) }) {
                guard !groups[index].order.contains(spoken) else { continue }
                groups[index].kinds.insert(kind)
                groups[index].order.append(spoken)
            } else {
                groups.append(ListenGroup(asked: asked, address: address, kinds: kind, order: [spoken]))
            }
        }
        return groups
    }

    private static func local(_ asked: Multiaddr, _ port: UInt16) throws(ListenError) -> SocketAddress? {
        do throws(UVError) {
            return try SocketAddress(asked, port: port)
        } catch {
            throw .system(asked, errno: error.errno, text: error.description)
        }
    }
}
