import CausewayIdentity

/// Which addresses a server of AutoNAT dials for others. `HearsayFilter` checks them again, as all that remotes name; here stands what is
/// peculiar to dialling for somebody: it has to show that the whole internet gets there, and nobody else may be bothered.
enum DialBackFilter {
    /// Only IP addresses: a name's owner could have it lead elsewhere for each look-up. Only public ones, and none of this node's hosts.
    static func admits(_ address: Multiaddr, of peer: PeerID, _ dialing: any AddressDialing, in node: NodeContext) -> Bool {
        guard case .ip(let ip)? = address.host, address.reach == .public, isUnicast(ip), let port = address.port, port != 0,
            !address.isCircuit, address.httpPath == nil, address.peerID == nil || address.peerID == peer, dialing.isSupported(address)
        else { return false }
        var hasFamily = false
        for own in node.addresses.all {
            guard case .ip(let mine)? = own.address.host else { continue }
            if mine == ip { return false }
            if own.kind == .bound, mine.count == ip.count { hasFamily = hasFamily || reachesOut(own.address.reach, ip) }
        }
        return hasFamily
    }

    /// Whether a host with an address of this reach gets to public ones of the family. A carrier or a router translates IPv4 alone.
    private static func reachesOut(_ reach: Multiaddr.Reach, _ ip: [UInt8]) -> Bool {
        reach == .public || ip.count == 4 && reach == .privateNetwork
    }

    /// No address that stands for another one: IPv6 that is translated or tunnelled to an IPv4 address, which may be anybody's.
    private static func isUnicast(_ ip: [UInt8]) -> Bool {
        guard ip.count == 16 else { return true }
        // 2000::/3 is what has been given out. In it, 2002::/16 is 6to4, and 2001::/32 is Teredo.
        return ip[0] & 0xe0 == 0x20 && !(ip[0] == 0x20 && ip[1] == 2) && !(ip[0] == 0x20 && ip[1] == 1 && ip[2] == 0 && ip[3] == 0)
    }
}
