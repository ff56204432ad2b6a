import CausewayConnection
import CausewayIdentity

/// Addresses of peers that failed recently. After n failures an address is held back for 5 s + n² s, at most 5 min (as in go-libp2p).
struct DialBackoff: ~Copyable {
    private final class Entry {
        var failures: UInt64 = 0
        var until: Instant

        init(until: Instant) { self.until = until }
    }
    /// Bound: addresses remembered at once, of all peers. Beyond it those whose time is over go, then everything: remotes name as many as
    /// they like.
    static let capacity = 4096
    private static let longest = Interval.seconds(300)
    private var entries = BytesTable<Entry>()

    var count: Int { entries.count }

    func holds(_ peer: PeerID, _ address: Multiaddr, at now: Instant) -> Bool {
        guard let entry = entries[key(peer, address)] else { return false }
        return entry.until > now
    }

    mutating func failed(_ peer: PeerID, _ address: Multiaddr, at now: Instant) {
        if entries.count >= Self.capacity { entries.removeAll { $0.until <= now } }
        if entries.count >= Self.capacity { entries = BytesTable() }
        let key = key(peer, address)
        let entry = entries[key] ?? Entry(until: now)
        // Forget failures older than this.
        if now - entry.until > Self.longest { entry.failures = 0 }
        entry.failures = min(entry.failures + 1, 17)
        entry.until = now + min(.seconds(5 + entry.failures * entry.failures), Self.longest)
        entries[key] = entry
    }

    mutating func clear() { entries = BytesTable() }

    mutating func clear(_ peer: PeerID, _ address: Multiaddr) { entries[key(peer, address)] = nil }

    private func key(_ peer: PeerID, _ address: Multiaddr) -> [UInt8] { address.appending(peer).bytes }
}
