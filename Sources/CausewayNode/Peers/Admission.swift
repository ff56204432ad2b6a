public import CausewayConnection
public import CausewayIdentity

/// Decides who may connect. It counts connections in total and by place. When there are too many, the place that holds most loses one, and
/// never a newcomer of another place: among connections before their handshake the oldest, among others the least valuable.
public final class Admission: ConnectionAdmitting {
    /// Younger connections are not pruned, because they had no time to become valuable, unless their place has more than a household.
    private static let grace = Interval.seconds(20)
    /// Places with at most this many connections are treated alike.
    private static let household = 8
    /// When no connection may be pruned, the next search waits this long.
    private static let pause = Interval.milliseconds(500)

    private let limits: NodeLimits
    /// Connections that were accepted and are not authenticated yet.
    private var pending = Table<UInt32, ExpectedLink>()
    private let queue = FairQueue()
    private var keyOfLink = Table<UInt32, AddressKey>()
    /// The number of connections of each place and of each network.
    private var counts = BytesTable<Int>()
    private var protected = BytesTable<[[UInt8]]>()
    private var nextPruning = Instant(nanoseconds: 0)
    /// The connections that were refused since the start.
    public private(set) var refused: UInt64 = 0

    public init(limits: NodeLimits) { self.limits = limits }

    public var pendingLinks: [UInt32] { pending.keys }
    public var pendingCount: Int { pending.count }
    public var placeCount: Int { counts.count }

    public func isPending(_ link: UInt32) -> Bool { pending[link] != nil }

    // MARK: Before the handshake

    /// A connection was accepted. If there is one too many, one is closed.
    public func insert(_ link: UInt32, remote: Multiaddr, local: Multiaddr, in node: NodeState) {
        let key = AddressKey(remote)
        if let (limit, value) = refusal(of: key, in: node) {
            node.append(.link(link, .close(.pruned)))
            return refuse(remote, limit, value, in: node)
        }
        if pending.count >= limits.pendingConnections { turnOldestAway(.pendingConnections, limits.pendingConnections, in: node) }
        pending[link] = ExpectedLink(remoteAddress: remote, localAddress: local, path: .direct(at: remote), isInbound: true)
        queue.insert(link, of: AddressKey.holder(remote))
        guard let key else { return }
        keyOfLink[link] = key
        counts.countUp(key.place)
        if let network = key.network { counts.countUp(network) }
    }

    /// The limit that forbids one more connection from this place. nil: it may connect.
    private func refusal(of key: AddressKey?, in node: NodeState) -> (LimitName, Int)? {
        if let fullness = fullness(of: key) { return fullness }
        guard node.connections.count + pending.count >= limits.connections else { return nil }
        if queue.largest > Self.household {
            turnOldestAway(.connections, limits.connections, in: node)
        } else if !prune(in: node) {
            return (.connections, limits.connections)
        }
        return nil
    }

    public func refusal(of remote: Multiaddr) -> (LimitName, Int)? { fullness(of: AddressKey(remote)) }

    private func fullness(of key: AddressKey?) -> (LimitName, Int)? {
        if let key, counts[key.place, default: 0] >= limits.connectionsPerAddress {
            return (.connectionsPerAddress, limits.connectionsPerAddress)
        }
        if let network = key?.network, counts[network, default: 0] >= limits.connectionsPerNetwork {
            return (.connectionsPerNetwork, limits.connectionsPerNetwork)
        }
        return nil
    }

    /// Closes the oldest unauthenticated connection of the place with the most. It counts for its place until it is closed.
    private func turnOldestAway(_ limit: LimitName, _ value: Int, in node: NodeState) {
        guard let link = queue.first, let known = authenticated(link) else { return }
        node.append(.link(link, .close(.pruned)))
        refuse(known.remoteAddress, limit, value, in: node)
    }

    /// Reports a refused connection.
    public func refuse(_ remote: Multiaddr, _ limit: LimitName, _ value: Int, in node: NodeState) {
        refused += 1
        node.emit(.connectionRefused(remote: remote, limit, value: UInt64(value)))
    }

    /// The connection is authenticated. It continues to count for its place.
    public func authenticated(_ link: UInt32) -> ExpectedLink? {
        queue.remove(link)
        return pending.removeValue(forKey: link)
    }

    /// The connection is closed.
    public func remove(_ link: UInt32) {
        _ = authenticated(link)
        guard let key = keyOfLink.removeValue(forKey: link) else { return }
        counts.countDown(key.place)
        if let network = key.network { counts.countDown(network) }
    }

    // MARK: After the handshake

    public func protect(_ peer: PeerID, tag: [UInt8]) {
        if !(protected[peer.bytes]?.contains(tag) ?? false) { protected[peer.bytes, default: []].append(tag) }
    }

    public func unprotect(_ peer: PeerID, tag: [UInt8]) {
        guard var tags = protected[peer.bytes] else { return }
        tags.removeAll { $0 == tag }
        protected[peer.bytes] = tags.isEmpty ? nil : tags
    }

    /// Closes one connection in a hundred, at least one: those worth least, in the places that have most.
    private func prune(in node: NodeState) -> Bool {
        guard node.now >= nextPruning else { return false }
        let victims = leastValuable(in: node)
        guard !victims.isEmpty else {
            nextPruning = node.now + Self.pause
            return false
        }
        for index in 0..<min(victims.count, max(1, limits.connections / 100)) { node.close(victims[index], .pruned) }
        return true
    }

    /// The connections that may be closed, the first to go at the front. Each comes from the place that has most at that point, as long as
    /// that place has more than a household. The sort key is that number, from high to low, and then the position by worth.
    private func leastValuable(in node: NodeState) -> [UInt32] {
        var taken = BytesTable<Int>()
        var order = Table<UInt64, UInt32>()
        for (position, id) in byWorth(in: node).enumerated() {
            var level = Self.household
            if let key = keyOfLink[id] {
                let holder = key.network ?? key.place
                taken.countUp(holder)
                level = max(counts[holder, default: 0] - taken[holder, default: 0] + 1, level)
            }
            guard level > Self.household || node.connections[id].map({ node.now - $0.openedAt >= Self.grace }) ?? false else { continue }
            order[UInt64(UInt32.max - UInt32(level)) << 32 | UInt64(position)] = id
        }
        return order.values
    }

    /// The connections that need not stay, with the least valuable at the front: few streams of the node, dialled by the remote, young.
    /// Left out are protected peers, peers with a reservation here or at which we hold one, and connections that carry others.
    private func byWorth(in node: NodeState) -> [UInt32] {
        var carriers = Table<UInt32, Bool>()
        for id in node.connections.order { if let carrier = node.connections[id]?.carrier { carriers[carrier] = true } }
        var candidates = Table<UInt64, UInt32>()
        for (position, id) in node.connections.order.enumerated() {
            guard let link = node.connections[id], !link.isClosing, carriers[id] == nil, !node.isSpared(link.peer),
                protected[link.peer.bytes] == nil
            else { continue }
            let value = node.owners.count(on: id) * 2 + (link.isInbound ? 0 : 1)
            candidates[UInt64(value) << 32 | UInt64(UInt32.max) - UInt64(position)] = id
        }
        return candidates.values
    }
}
