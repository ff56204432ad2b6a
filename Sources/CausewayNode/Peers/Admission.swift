import CausewayConnection
import CausewayIdentity

/// Who may connect: counts connections in all, by place and by peer, and closes the least valuable ones when there are too many.
final class Admission {
    /// Connections younger than this are not pruned: they had no time to become valuable.
    private static let grace = Interval.seconds(20)
    /// When everything that is left must stay, it is not looked through again for this long.
    private static let pause = Interval.milliseconds(500)

    private let limits: NodeLimits
    /// Connections that were accepted and are not yet authenticated.
    private var pending = Table<UInt32, ExpectedLink>()
    private var placeOfLink = Table<UInt32, [UInt8]>()
    private var countByPlace = BytesTable<Int>()
    private var protected = BytesTable<[[UInt8]]>()
    private var nextPruning = Instant(nanoseconds: 0)

    init(limits: NodeLimits) { self.limits = limits }

    var pendingLinks: [UInt32] { pending.keys }
    var pendingCount: Int { pending.count }
    var placeCount: Int { countByPlace.count }

    // MARK: Before the handshake

    /// Why a connection from there is one too many; nil: it may come.
    func refusal(of remote: Multiaddr, in node: NodeState) -> (LimitName, value: UInt64)? {
        guard pending.count < limits.pendingConnections else { return (.pendingConnections, UInt64(limits.pendingConnections)) }
        if let place = AddressKey(remote)?.place, countByPlace[place, default: 0] >= limits.connectionsPerAddress {
            return (.connectionsPerAddress, UInt64(limits.connectionsPerAddress))
        }
        if node.connections.count + pending.count >= limits.connections, !prune(in: node) {
            return (.connections, UInt64(limits.connections))
        }
        return nil
    }

    func insert(_ link: UInt32, remote: Multiaddr, local: Multiaddr) {
        pending[link] = ExpectedLink(remoteAddress: remote, localAddress: local, isInbound: true)
        guard let place = AddressKey(remote)?.place else { return }
        placeOfLink[link] = place
        countByPlace.countUp(place)
    }

    /// It is authenticated, and goes on counting for its place.
    func authenticated(_ link: UInt32) -> ExpectedLink? { pending.removeValue(forKey: link) }

    /// It is over.
    func remove(_ link: UInt32) {
        pending[link] = nil
        if let place = placeOfLink.removeValue(forKey: link) { countByPlace.countDown(place) }
    }

    // MARK: After it

    /// A peer that has more connections than it may keeps the newest.
    func makeRoom(for peer: PeerID, in node: NodeState) {
        let links = node.connections.links(of: peer)
        guard links.count >= limits.connectionsPerPeer else { return }
        for index in 0...links.count - limits.connectionsPerPeer { node.close(links[index], .superseded) }
    }

    func protect(_ peer: PeerID, tag: [UInt8]) {
        if !(protected[peer.bytes]?.contains(tag) ?? false) { protected[peer.bytes, default: []].append(tag) }
    }

    func unprotect(_ peer: PeerID, tag: [UInt8]) {
        guard var tags = protected[peer.bytes] else { return }
        tags.removeAll { $0 == tag }
        protected[peer.bytes] = tags.isEmpty ? nil : tags
    }

    /// Closes the hundredth part (one at least) that is worth least: few streams of the node's, dialled by the remote, young. Spared are
    /// protected peers, those that hold a reservation here or give one, and connections that carry others.
    private func prune(in node: NodeState) -> Bool {
        guard node.now >= nextPruning else { return false }
        var carriers = Table<UInt32, Bool>()
        for id in node.connections.order { if let carrier = node.connections[id]?.carrier { carriers[carrier] = true } }
        // By what they are worth; of those worth the same, the youngest first.
        var candidates = Table<UInt64, UInt32>()
        for (position, id) in node.connections.order.enumerated() {
            guard let link = node.connections[id], !link.isClosing, node.now - link.openedAt >= Self.grace, carriers[id] == nil,
                !node.isSpared(link.peer), protected[link.peer.bytes] == nil
            else { continue }
            let value = node.owners.count(on: id) * 2 + (link.isInbound ? 0 : 1)
            candidates[UInt64(value) << 32 | UInt64(UInt32.max) - UInt64(position)] = id
        }
        guard !candidates.isEmpty else {
            nextPruning = node.now + Self.pause
            return false
        }
        let victims = candidates.values
        for index in 0..<min(victims.count, max(1, limits.connections / 100)) { node.close(victims[index], .pruned) }
        return true
    }
}
