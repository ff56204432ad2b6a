import CausewayIdentity

/// Whom a peer connection asks for its public address: peers that this node is connected to and that offer it (`STUNService`).
enum STUNServers {
    /// Bound: servers of peers for one peer connection. It asks all of them from each of its addresses, and one answer is enough.
    static let count = 4
    /// Bound: the oldest connections, which are looked at.
    static let connections = 64

    /// Servers as `/ip4/…/udp/…` or `/ip6/…/udp/…`: the configured ones, then those of peers, of relays that hold a place for this node
    /// first.
    @inline(never)
    static func list(_ configured: [Multiaddr], in node: NodeContext) -> [Multiaddr] {
        var servers = configured
        #if !hasFeature(Embedded)
            // A page needs no such order: it is connected to its relays before it is to others.
            for own in node.addresses.all {
                guard case .reservation(let relay, _) = own.source else { continue }
                for id in node.connections.links(of: relay) { add(id, to: &servers, upTo: configured.count + count, in: node) }
            }
        #endif
        for index in 0..<min(node.connections.order.count, connections) {
            add(node.connections.order[index], to: &servers, upTo: configured.count + count, in: node)
        }
        return servers
    }

    /// Adds those of a connection's remote. An address of this machine or its network counts if the connection leads to its host: a remote
    /// must not choose others there.
    private static func add(_ id: UInt32, to servers: inout [Multiaddr], upTo most: Int, in node: NodeContext) {
        guard let link = node.connections[id], !link.isRelayed, !link.isClosing, !link.isProbe,
            node.peers.speaks(link.peer, STUNService.protocolID), let named = node.peers.description(of: link.peer)?.listenAddresses
        else { return }
        // The last one is where we dialled it.
        for index in 0..<named.count + (link.isInbound ? 0 : 1) {
            let address = index < named.count ? named[index] : link.remoteAddress
            guard servers.count < most, address.transport == .webRTCDirect, let server = address.datagramEndpoint,
                address.reach == .public || address.begins(as: link.remoteAddress), !servers.contains(server)
            else { continue }
            servers.append(server)
        }
    }
}
