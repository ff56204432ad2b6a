import CausewayIdentity

/// Whose word something is, when words are counted: a network's, which has one voice however many peers it brings. An IPv4 /16 or an IPv6
/// /32 is what one provider is given. In a single one, anybody rents hundreds of addresses by the hour, so to count addresses, as go-libp2p
/// does, is to count money.
struct Voice: Equatable {
    let network: [UInt8]

    /// nil: the remote is in this node's own network, or on its machine, and sees nothing from outside.
    init?(of remote: Multiaddr) {
        guard case .ip(let ip)? = remote.host, remote.reach == .public else { return nil }
        network = [UInt8](copying: ip, 0..<(ip.count == 4 ? 2 : 4))
    }
}
