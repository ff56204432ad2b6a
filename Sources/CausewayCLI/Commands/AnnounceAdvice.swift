import Causeway

/// What a relay is told that only its own network reaches, in one sentence.
struct AnnounceAdvice: CustomStringConvertible {
    let description: String

    /// nil: the relay has an address that others may reach.
    init?(_ addresses: [Multiaddr]) {
        guard !addresses.isEmpty, addresses.allSatisfy(\.reach.isLocal) else { return nil }
        guard addresses.contains(where: { $0.reach != .loopback }) else {
            description =
                "only this machine reaches these addresses: listen on others, too, or tell by --announce where a proxy on this machine "
                + "takes connections for them, as in --announce /dns4/NAME/tcp/443/tls/ws"
            return
        }
        var options: [String] = []
        for address in addresses {
            guard case .ip(let ip)? = address.host else { continue }
            let known = address.withoutPeerID.naming(certificates: []).description.split(separator: "/")
            let option = "--announce /\(ip.count == 4 ? "ip4" : "ip6")/PUBLIC-ADDRESS/" + known.dropFirst(2).joined(separator: "/")
            if ip.count == 4, !options.contains(option) { options.append(option) }
        }
        description =
            "nobody outside of this network reaches these addresses: if a router or a cloud forwards a public one here, start with "
            + (options.isEmpty ? "--announce and that address" : options.joined(separator: " "))
    }
}
