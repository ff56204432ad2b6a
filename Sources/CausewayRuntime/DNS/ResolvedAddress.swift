import CausewayIdentity

/// Makes addresses from an address and the records of its name.
enum ResolvedAddress {
    private static let slash = UInt8(ascii: "/")

    /// Puts an IP address in the place of the name. If TLS follows, the name stays as `/sni`, because the certificate is for the name.
    static func of(_ address: Multiaddr, ip: [UInt8], name: [UInt8]) -> Multiaddr? {
        var parts = address.text.split(separator: slash, omittingEmptySubsequences: true).map(Array.init)
        guard parts.count >= 2 else { return nil }
        parts[0] = Array((ip.count == 4 ? "ip4" : "ip6").utf8)
        parts[1] = IPText.of(ip)
        let sni = [Array("sni".utf8), name]
        if let index = parts.firstIndex(of: Array("wss".utf8)) {
            parts.replaceSubrange(index...index, with: [Array("tls".utf8)] + sni + [Array("ws".utf8)])
        } else if let index = parts.firstIndex(of: Array("tls".utf8)), !parts.contains(Array("sni".utf8)) {
            parts.insert(contentsOf: sni, at: index + 1)
        }
        return try? Multiaddr(text: parts.flatMap { [slash] + $0 })
    }

    /// The addresses in TXT records `dnsaddr=...`. If the address names a peer, only those of that peer count, and it is added to those
    /// that name none.
    static func of(_ address: Multiaddr, records: [[UInt8]]) -> [Multiaddr] {
        let wanted = address.peerID
        var found: [Multiaddr] = []
        for record in records {
            guard record.starts(with: "dnsaddr=".utf8), let entry = try? Multiaddr(text: Array(record.dropFirst(8))) else { continue }
            switch (wanted, entry.peerID) {
            case (let wanted?, let named?): if wanted == named { found.append(entry) }
            case (let wanted?, nil): found.append(entry.appending(wanted))
            case (nil, _): found.append(entry)
            }
        }
        return found
    }
}
