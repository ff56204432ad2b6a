import CausewayConnection
public import CausewayIdentity

/// Where an address of a peer comes from. When there are too many, higher sources displace lower ones.
public enum AddressSource: UInt8, Comparable, Sendable {
    case discovery, identify
    /// From a record that the peer signed.
    case signedRecord
    case application

    public static func < (a: AddressSource, b: AddressSource) -> Bool { a.rawValue < b.rawValue }
}

/// What the node knows about other peers: addresses with their expiry, and results of identify. Bounded in addresses of each peer and in
/// peers that are not connected. The peer without news for longest is forgotten first.
public final class PeerStore {
    private final class Entry {
        let peer: [UInt8]
        var description: PeerDescription?
        var addresses: [KnownAddress] = []
        var recordSequence: UInt64 = 0
        var isConnected = false
        /// How often the peer occurs in `order`.
        var news = 0

        init(_ peer: [UInt8]) { self.peer = peer }

        func known(_ address: Multiaddr) -> KnownAddress? {
            for known in addresses where known.address == address { return known }
            return nil
        }
    }
    final class KnownAddress {
        let address: Multiaddr
        fileprivate(set) var source: AddressSource
        fileprivate var expires: Instant

        var origin: AddressOrigin { source == .application ? .known : .heard }

        fileprivate init(_ address: Multiaddr, _ source: AddressSource, expires: Instant) {
            self.address = address
            self.source = source
            self.expires = expires
        }
    }

    private let limits: NodeLimits
    private var entries = BytesTable<Entry>()
    private var connectedCount = 0
    /// Peers in the order of their news. Entries that are not a peer's last are skipped.
    private var order: [Entry] = []
    private var oldest = 0

    public init(limits: NodeLimits) { self.limits = limits }

    /// All peers about which something is known.
    public var count: Int { entries.count }

    /// What a peer said about itself by identify.
    public func description(of peer: PeerID) -> PeerDescription? { entries[peer.bytes]?.description }

    /// The name and version of the peer's program, according to identify. Empty: not known.
    func agent(of peer: PeerID) -> [UInt8] { entries[peer.bytes]?.description?.agentUTF8 ?? [] }

    public func describe(_ description: PeerDescription) { touched(description.peer).description = description }

    /// Whether identify named a protocol. False before identify has succeeded.
    public func speaks(_ peer: PeerID, _ protocolID: [UInt8]) -> Bool {
        entries[peer.bytes]?.description?.protocolIDsUTF8.contains(protocolID) ?? false
    }

    /// Adds addresses of a peer, with or without `/p2p/<peer>` at their end. Those that name another peer are left out. Each stays for
    /// `NodeLimits.addressLifetime`, and while the peer is connected.
    public func add(_ new: [Multiaddr], of peer: PeerID, source: AddressSource = .discovery, now: Instant) {
        guard !new.isEmpty else { return }
        let entry = touched(peer)
        forgetExpired(entry, now: now)
        let expires = now + limits.addressLifetime
        for named in new where named.peerID == nil || named.peerID == peer {
            let address = named.withoutPeerID
            if let known = entry.known(address) {
                if source > known.source { known.source = source }
                known.expires = max(known.expires, expires)
            } else {
                makeRoom(in: entry, for: source)
                guard entry.addresses.count < limits.addressesPerPeer else { continue }
                entry.addresses.append(KnownAddress(address, source, expires: expires))
            }
        }
    }

    /// Replaces the addresses that the peer itself named. Those that it named before and now leaves out are forgotten.
    func replaceOwn(_ addresses: [Multiaddr], of peer: PeerID, signed: Bool, now: Instant) {
        let entry = touched(peer)
        var left: [KnownAddress] = []
        for known in entry.addresses where known.source == .application || addresses.contains(known.address) { left.append(known) }
        entry.addresses = left
        add(addresses, of: peer, source: signed ? .signedRecord : .identify, now: now)
    }

    /// The addresses that have not expired, the best sources first, and for one source in the order in which they arrived.
    public func addresses(of peer: PeerID, now: Instant) -> [Multiaddr] {
        var found: [Multiaddr] = []
        for known in known(of: peer, now: now) { found.append(known.address) }
        return found
    }

    /// The same addresses, each with its source.
    func known(of peer: PeerID, now: Instant) -> [KnownAddress] {
        guard let entry = entries[peer.bytes] else { return [] }
        forgetExpired(entry, now: now)
        var found: [KnownAddress] = []
        var rank = AddressSource.application.rawValue
        while true {
            for known in entry.addresses where known.source.rawValue == rank { found.append(known) }
            if rank == 0 { return found }
            rank -= 1
        }
    }

    /// Remembers the number of a signed record. Returns false if it is not newer than one seen before.
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
        for known in entry.addresses { known.expires = now + limits.addressLifetime }
        _ = touched(peer)
    }

    // MARK: Bounds

    private func forgetExpired(_ entry: Entry, now: Instant) {
        guard !entry.isConnected else { return }
        var left: [KnownAddress] = []
        for known in entry.addresses where known.expires > now { left.append(known) }
        entry.addresses = left
    }

    /// Makes room: the worst address goes, and among equals the oldest, unless all are better.
    private func makeRoom(in entry: Entry, for source: AddressSource) {
        guard entry.addresses.count >= limits.addressesPerPeer else { return }
        var worst: Int?
        var limit = source.rawValue + 1
        for index in entry.addresses.indices where entry.addresses[index].source.rawValue < limit {
            limit = entry.addresses[index].source.rawValue
            worst = index
        }
        if let worst { entry.addresses.remove(at: worst) }
    }

    private func touched(_ peer: PeerID) -> Entry {
        let entry: Entry
        if let known = entries[peer.bytes] {
            entry = known
        } else {
            entry = Entry(peer.bytes)
            entries[peer.bytes] = entry
        }
        entry.news += 1
        order.append(entry)
        evict()
        return entry
    }

    private func evict() {
        while entries.count - connectedCount > limits.storedPeers, oldest < order.count {
            let entry = order[oldest]
            oldest += 1
            entry.news -= 1
            if entry.news == 0, !entry.isConnected { entries[entry.peer] = nil }
        }
        // Entries that are skipped or superseded are removed once they are the greater part.
        guard order.count > 2 * entries.count + 64 else { return }
        var left: [Entry] = []
        for index in oldest..<order.count {
            let entry = order[index]
            if entry.news == 1 { left.append(entry) } else { entry.news -= 1 }
        }
        order = left
        oldest = 0
    }
}
