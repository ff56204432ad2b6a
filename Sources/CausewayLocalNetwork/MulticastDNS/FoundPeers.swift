import CausewayIdentity

/// A peer as it was reported.
final class FoundPeer {
    /// What stands before an address in a TXT record.
    static let prefix = Array("dnsaddr=".utf8)

    let peer: PeerID
    let addresses: [Multiaddr]
    /// When it is reported again.
    let until: Instant

    init(_ peer: PeerID, _ addresses: [Multiaddr], until: Instant) {
        self.peer = peer
        self.addresses = addresses
        self.until = until
    }

    /// The peer and its addresses in the strings of TXT records. nil: none, or of several peers.
    static func read(_ strings: [[UInt8]], limit: Int) -> (peer: PeerID, addresses: [Multiaddr])? {
        var peer: PeerID?
        var addresses: [Multiaddr] = []
        for string in strings where string.starts(with: prefix) && addresses.count < limit {
            guard let address = try? Multiaddr(text: Array(string.dropFirst(prefix.count))), let id = address.peerID else { continue }
            guard id == peer ?? id else { return nil }
            peer = id
            let bare = address.withoutPeerID
            // On loopback everybody means themselves.
            if ![.loopback, .none].contains(bare.reach), !addresses.contains(bare) { addresses.append(bare) }
        }
        guard let peer, !addresses.isEmpty else { return nil }
        return (peer, addresses)
    }
}

/// The peers that were reported lately.
struct FoundPeers: ~Copyable {
    private var entries = BytesTable<FoundPeer>()
    /// In the order of reports; an entry that another one of the same peer has replaced is skipped.
    private var order: [FoundPeer] = []

    var count: Int { entries.count }

    func knows(_ peer: PeerID, _ addresses: [Multiaddr], at now: Instant) -> Bool {
        guard let known = entries[peer.bytes] else { return false }
        return known.until > now && known.addresses == addresses
    }

    /// At the limit, the peer that was reported first is forgotten.
    mutating func insert(_ new: FoundPeer, limit: Int) {
        entries[new.peer.bytes] = new
        order.append(new)
        while entries.count > limit, let first = order.first {
            order.removeFirst()
            if entries[first.peer.bytes] === first { entries[first.peer.bytes] = nil }
        }
        if order.count > 2 * limit { order.removeAll { entries[$0.peer.bytes] !== $0 } }
    }
}

/// What one machine of the network may still say.
struct MulticastSender {
    var messages: Allowance
    var reports: Allowance
}

// What others say.
extension MulticastDiscovery {
    func isAllowed(_ sender: Endpoint, now: Instant) -> Bool {
        let key = sender.ip
        if senders[key] == nil {
            if senders.count >= limits.senders { senders = BytesTable() }
            senders[key] = MulticastSender(
                messages: Allowance(atOnce: limits.messagesPerSender.atOnce, perSecond: limits.messagesPerSender.perSecond),
                reports: Allowance(atOnce: limits.reportsPerSender.atOnce, perSecond: limits.reportsPerSender.perSecond))
        }
        guard senders[key]?.messages.take(at: now) ?? false else { return false }
        return messages.take(at: now)
    }

    func heard(_ message: DNSMessage, from sender: Endpoint, now: Instant) {
        // The records of one peer may lie apart.
        var owners: [[UInt8]] = []
        for text in message.texts where text.lifetime > 0 && text.owner != instance && !owners.contains(text.owner) {
            owners.append(text.owner)
        }
        for owner in owners {
            let strings = message.texts.filter { $0.owner == owner && $0.lifetime > 0 }.flatMap(\.strings)
            guard let (peer, addresses) = FoundPeer.read(strings, limit: limits.addresses), peer != self.peer,
                !found.knows(peer, addresses, at: now)
            else { continue }
            guard senders[sender.ip]?.reports.take(at: now) ?? false, reports.take(at: now) else { return }
            found.insert(FoundPeer(peer, addresses, until: now + .seconds(UInt64(limits.lifetime))), limit: limits.peers)
            append(.found(peer, addresses: addresses))
        }
    }
}
