import CausewayIdentity

/// Makes addresses from the records of a name.
enum ResolvedAddress {
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
