import CausewayIdentity

/// Decides which addresses are dialled that only a remote named. Otherwise a stranger could announce addresses and make this node connect
/// to services that only this machine or its network can reach, with a request of the stranger's choice. The policy does not apply to
/// addresses that the user names.
struct HearsayFilter {
    /// The user allows remotes to name any address of this machine and its network.
    let allowsLocal: Bool
    /// Whether names are looked up before they are dialled. Then the policy checks the addresses that the look-up finds.
    let looksNamesUp: Bool

    func admits(_ address: Multiaddr, in node: NodeContext) -> Bool {
        // Only the user may choose the path of a request, and its host unless the server has to prove it by TLS.
        if address.httpPath != nil || address.sni != nil && address.transport != .webSocket(secure: true) { return false }
        if allowsLocal { return true }
        switch address.host {
        case .name(_, let name)?: return looksNamesUp || !Self.isLocal(name)
        case .ip(let ip)?:
            #if hasFeature(Embedded)
                // A page knows no address of its own.
                return !address.reach.isLocal
            #else
                return !address.reach.isLocal || address.reach == Self.reach(of: node, bytes: ip.count)
            #endif
        case nil: return true
        }
    }

    #if !hasFeature(Embedded)
        /// The widest reach of this node's addresses of one family. If it advertises none, that of its connections' local addresses. A node
        /// with a public address has no reason to dial private networks, and one that is on loopback only has no reason to dial others.
        private static func reach(of node: NodeContext, bytes: Int) -> Multiaddr.Reach {
            var widest = Multiaddr.Reach.none
            func look(at address: Multiaddr) {
                let reach: Multiaddr.Reach
                switch address.host {
                case .ip(let ip)? where ip.count == bytes: reach = address.reach
                case .name?: reach = .public
                default: return
                }
                guard reach != .none, widest == .none || reach.rawValue > widest.rawValue else { return }
                widest = reach
            }
            // Those outside of a router say nothing about the networks that this node is in.
            let own = node.addresses.configured
            for address in own { look(at: address) }
            if own.isEmpty {
                // The first connections suffice: the node has few addresses, even if it has many connections.
                for index in 0..<min(node.connections.order.count, 16) {
                    if let link = node.connections[node.connections.order[index]], !link.isRelayed { look(at: link.localAddress) }
                }
            }
            return widest
        }
    #endif

    /// Whether browsers take the name for this machine, or look it up in this network only.
    private static func isLocal(_ name: [UInt8]) -> Bool {
        var label: [UInt8] = []
        for byte in name { if byte == UInt8(ascii: ".") { label = [] } else { label.append(byte | 0x20) } }
        return label == [UInt8](utf8: "localhost") || label == [UInt8](utf8: "local") || label.count == name.count || label.isEmpty
    }
}
