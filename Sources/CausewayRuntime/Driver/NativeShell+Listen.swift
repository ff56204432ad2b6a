import CUV
import CausewayConnection
public import CausewayIdentity
import CausewayNode

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension NativeShell {
    /// Listens on all of the addresses, or on none. Addresses with the same IP address and port (not 0) share one socket; the first byte of
    /// a connection distinguishes them.
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
                bound += fresh.filter { !bound.contains($0) }
                let all = bound
                tell { node, now in node.listening(all, now: now) }
                then(.success(fresh))
            } catch {
                then(.failure(error))
            }
        }
    }

    private func open(_ addresses: [Multiaddr]) throws(ListenError) -> [Multiaddr] {
        var opened: [TCPListener] = []
        var reachable: [Multiaddr] = []
        do throws(ListenError) {
            for group in try ListenGroup.of(addresses) {
                if group.kinds.contains(.secureWebSocket), configuration.certificate == nil, first.certificate == nil {
                    throw .noCertificate(group.asked)
                }
                let listener = try open(group)
                opened.append(listener)
                for kind in group.order { reachable += Interfaces.expand(listener.address).map { kind.address($0.tcp) } }
            }
        } catch {
            for listener in opened { listener.close() }
            throw error
        }
        listeners += opened
        return reachable
    }

    private func open(_ group: ListenGroup) throws(ListenError) -> TCPListener {
        let welcome = Welcome(group.kinds)
        do throws(UVError) {
            return try TCPListener(on: loop, address: group.address) { [unowned self] in self.accepted($0, welcome) }
        } catch {
            throw .system(group.asked, errno: error.errno, text: error.description)
        }
    }

    /// Gives each loop its share of the connections, by passing a socket's descriptor to its loop.
    private func accepted(_ socket: TCPSocket, _ welcome: Welcome) {
        // The system assigns the lowest free number, so all lower ones are in use.
        guard socket.descriptor < descriptorLimit - Descriptors.reserve else {
            if let remote = socket.remote { tellRefused(remote, .descriptors, descriptorLimit) }
            return socket.close()
        }
        // A remote that wants a page has not said so yet.
        if configuration.pages == nil || welcome.kinds == .tcp, let remote = socket.remote, turnsAway(remote) { return socket.close() }
        let id = nextAccepted()
        let home = place(id, chooseHome())
        if home.isFirst { return home.admit(socket, id: id, welcome) }
        let (descriptor, remote) = (socket.duplicateDescriptor(), socket.remote)
        socket.close()
        guard descriptor >= 0 else { return forget(id) }
        home.loop.post {
            let socket = TCPSocket(on: home.loop)
            if socket.adopt(descriptor: descriptor, remote: remote) { return home.admit(socket, id: id, welcome) }
            close(descriptor)
            socket.close()
        }
    }
}

/// Addresses that share a listening socket.
private struct ListenGroup {
    let asked: Multiaddr
    let address: SocketAddress
    var kinds: ListenKinds
    var order: [ListenKinds]

    static func of(_ addresses: [Multiaddr]) throws(ListenError) -> [ListenGroup] {
        var groups: [ListenGroup] = []
        for asked in addresses {
            guard let kind = ListenKinds(asked), case .ip(let ip)? = asked.host, let port = asked.port,
                let address = SocketAddress(ip: ip, port: port)
            else { throw .unsupported(asked) }
            if port != 0, let index = groups.firstIndex(where: { $0.address.ip == ip && $0.address.port == port }) {
                guard !groups[index].kinds.contains(kind) else { continue }
                groups[index].kinds.insert(kind)
                groups[index].order.append(kind)
            } else {
                groups.append(ListenGroup(asked: asked, address: address, kinds: kind, order: [kind]))
            }
        }
        return groups
    }
}

/// This machine's addresses.
private enum Interfaces {
    /// The addresses for which an unspecified address (0.0.0.0, ::) stands: the interfaces' addresses of the same family. Link-local ones
    /// are left out, because they mean nothing without an interface.
    static func expand(_ address: SocketAddress) -> [SocketAddress] {
        guard address.isUnspecified else { return [address] }
        var list: UnsafeMutablePointer<uv_interface_address_t>?
        var count: Int32 = 0
        guard uv_interface_addresses(&list, &count) == 0 else { return [address] }
        defer { uv_free_interface_addresses(list, count) }
        var found: [SocketAddress] = []
        for index in 0..<Int(count) {
            guard let list else { break }
            let entry = withUnsafePointer(to: &list[index].address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { SocketAddress($0) }
            }
            guard let entry, entry.isIPv6 == address.isIPv6, !isLinkLocal(entry.ip),
                let full = SocketAddress(ip: entry.ip, port: address.port), !found.contains(where: { $0.ip == full.ip })
            else { continue }
            found.append(full)
        }
        return found.isEmpty ? [address] : found
    }

    private static func isLinkLocal(_ ip: [UInt8]) -> Bool {
        ip.count == 4 ? ip[0] == 169 && ip[1] == 254 : ip[0] == 0xfe && ip[1] & 0xc0 == 0x80
    }
}
