public import CausewayConnection
public import CausewayIdentity

/// From whom an address of a peer was heard. Higher ones push lower ones out where there are too many.
public enum AddressSource: UInt8, Comparable, Sendable {
    case discovery, identify
    /// From a record that the peer signed.
    case signedRecord
    case application

    public static func < (a: AddressSource, b: AddressSource) -> Bool { a.rawValue < b.rawValue }
}

/// What is known of other peers: addresses with their expiry, and what identify told. Bounded in addresses of each peer and in peers that
/// are not connected; the one of which nothing was heard for longest goes first.
public final class PeerStore {
    private final class Entry {
        var description: PeerDescription?
        var addresses: [KnownAddress] = []
        var recordSequence: UInt64 = 0
        var isConnected = false
        /// The number of the last news of it.
        var news: UInt64 = 0
    }
    private struct KnownAddress {
        let address: Multiaddr
        var source: AddressSource
        var expires: Instant
    }

    private let limits: NodeLimits
    private var entries = BytesTable<Entry>()
    private var connectedCount = 0
    /// Peers in the order of their news; those that are not the peer's last are skipped.
    private var order: [(peer: [UInt8], news: UInt64)] = []
    private var oldest = 0
    private var lastNews: UInt64 = 0

    public init(limits: NodeLimits) { self.limits = limits }

    /// All peers of which something is known.
    public var count: Int { entries.count }

    /// What identify told of a peer.
    public func description(of peer: PeerID) -> PeerDescription? { entries[peer.bytes]?.description }

    /// Its program's name and version, as identify told them; empty if it did not.
    func agent(of peer: PeerID) -> [UInt8] { entries[peer.bytes]?.description?.agent ?? [] }

    public func describe(_ description: PeerDescription) { touched(description.peer).description = description }

    /// Whether identify named a protocol; false before it has told anything.
    public func speaks(_ peer: PeerID, _ protocolID: [UInt8]) -> Bool {
        entries[peer.bytes]?.description?.protocolIDs.contains(protocolID) ?? false
    }

    /// Adds addresses heard of a peer, with or without `/p2p/<peer>` at their end; those that name somebody else are left out. Each stays
    /// for `NodeLimits.addressLifetime`, and as long as the peer is connected.
    public func add(_ new: [Multiaddr], of peer: PeerID, source: AddressSource = .discovery, now: Instant) {
        guard !new.isEmpty else { return }
        let entry = touched(peer)
        forgetExpired(entry, now: now)
        let expires = now + limits.addressLifetime
        for named in new where named.peerID == nil || named.peerID == peer {
            let address = named.withoutPeerID
            if let index = entry.addresses.firstIndex(where: { $0.address == address }) {
                entry.addresses[index].source = max(entry.addresses[index].source, source)
                entry.addresses[index].expires = max(entry.addresses[index].expires, expires)
            } else {
                makeRoom(in: entry, for: source)
                guard entry.addresses.count < limits.addressesPerPeer else { continue }
                entry.addresses.append(KnownAddress(address: address, source: source, expires: expires))
            }
        }
    }

    /// What the peer itself says of its addresses: what it said before and now leaves out is forgotten.
    func replaceOwn(_ addresses: [Multiaddr], of peer: PeerID, signed: Bool, now: Instant) {
        let entry = touched(peer)
        entry.addresses.removeAll { $0.source != .application && !addresses.contains($0.address) }
        add(addresses, of: peer, source: signed ? .signedRecord : .identify, now: now)
    }

    /// Those that have not expired, the best sources first, and of one source in the order of their coming.
    public func addresses(of peer: PeerID, now: Instant) -> [Multiaddr] {
        guard let entry = entries[peer.bytes] else { return [] }
        forgetExpired(entry, now: now)
        var found: [Multiaddr] = []
        for source in [AddressSource.application, .signedRecord, .identify, .discovery] {
            for known in entry.addresses where known.source == source { found.append(known.address) }
        }
        return found
    }

    /// Takes note of a signed record's number. False: it is not newer than one that was seen.
    func advanceRecord(of peer: PeerID, to sequence: UInt64) -> Bool {
        let entry = touched(peer)
        guard sequence >= entry.recordSequence else { return false }
        entry.recordSequence = sequence
        return true
    }

    func connected(_ peer: PeerID) {
        let entry = touched(peer)
        if !entry.isConnected { connectedCount += 1 }
        entry.isConnected = true
    }

    func disconnected(_ peer: PeerID, now: Instant) {
        guard let entry = entries[peer.bytes], entry.isConnected else { return }
        entry.isConnected = false
        connectedCount -= 1
        for index in entry.addresses.indices { entry.addresses[index].expires = now + limits.addressLifetime }
        _ = touched(peer)
    }

    // MARK: Bounds

    private func forgetExpired(_ entry: Entry, now: Instant) {
        if !entry.isConnected { entry.addresses.removeAll { $0.expires <= now } }
    }

    /// The worst and, among equals, the one heard first gives way, unless all are better.
    private func makeRoom(in entry: Entry, for source: AddressSource) {
        guard entry.addresses.count >= limits.addressesPerPeer else { return }
        var worst: Int?
        for (index, known) in entry.addresses.enumerated() where known.source <= source {
            if let other = worst, entry.addresses[other].source <= known.source { continue }
            worst = index
        }
        if let worst { entry.addresses.remove(at: worst) }
    }

    private func touched(_ peer: PeerID) -> Entry {
        lastNews += 1
        let entry: Entry
        if let known = entries[peer.bytes] {
            entry = known
        } else {
            entry = Entry()
            entries[peer.bytes] = entry
        }
        entry.news = lastNews
        order.append((peer.bytes, lastNews))
        evict()
        return entry
    }

    private func evict() {
        while entries.count - connectedCount > limits.storedPeers, oldest < order.count {
            let (peer, news) = order[oldest]
            guard let entry = entries[peer], entry.news == news else {
                oldest += 1
                continue
            }
            oldest += 1
            if !entry.isConnected { entries[peer] = nil }
        }
        // What was skipped or superseded is swept out once it is the greater part.
        guard order.count > 2 * entries.count + 64 else { return }
        order = order[oldest...].filter { entries[$0.peer]?.news == $0.news }
        oldest = 0
    }
}
