import CausewayIdentity

/// Which addresses are dialled that only a remote named. By announcing some, a stranger would else make this node knock at doors that only
/// this machine or its network can reach, and ask there for what he likes. What the user names is his own affair.
struct DialPolicy {
    /// The user lets remotes name any address of this machine and its network, too.
    let allowsLocal: Bool
    /// Names are looked up before they are dialled, and what they stand for is judged then.
    let looksNamesUp: Bool

    func admits(_ address: Multiaddr, in node: NodeState) -> Bool {
        // The path and, unless the server has to prove it by TLS, the host of a request are the user's to choose.
        if address.httpPath != nil || address.sni != nil && address.transport != .webSocket(secure: true) { return false }
        if allowsLocal { return true }
        switch address.host {
        case .name(_, let name)?: return looksNamesUp || !Self.isLocal(name)
        case .ip(let ip)?:
            #if hasFeature(Embedded)
                // A page knows of no address of its own.
                return !address.reach.isLocal
            #else
                return !address.reach.isLocal || address.reach == Self.reach(of: node, bytes: ip.count)
            #endif
        case nil: return true
        }
    }

    #if !hasFeature(Embedded)
        /// How far the widest of this node's addresses of one family reaches; if it advertises none, of those of its connections here. A
        /// node with an address for all has no business in private networks, one on loopback alone has none elsewhere.
        private static func reach(of node: NodeState, bytes: Int) -> Multiaddr.Reach {
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
            for address in node.listenAddresses { look(at: address) }
            if node.listenAddresses.isEmpty {
                // The first ones tell: this node has few addresses, however many connections.
                for index in 0..<min(node.connections.order.count, 16) {
                    if let link = node.connections[node.connections.order[index]], !link.isRelayed { look(at: link.localAddress) }
                }
            }
            return widest
        }
    #endif

    /// What browsers take for this machine, or look up in this network alone.
    private static func isLocal(_ name: [UInt8]) -> Bool {
        var label: [UInt8] = []
        for byte in name { if byte == UInt8(ascii: ".") { label = [] } else { label.append(byte | 0x20) } }
        return label == [UInt8](utf8: "localhost") || label == [UInt8](utf8: "local") || label.count == name.count || label.isEmpty
    }
}
