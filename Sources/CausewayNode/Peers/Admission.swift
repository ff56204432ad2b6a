public import CausewayConnection
public import CausewayIdentity

/// Who may connect: counts connections in all and by place. When there are too many, whoever holds most pays, never a newcomer
/// of another place: of connections without a handshake the oldest goes, of the others the least valuable ones.
public final class Admission: ConnectionAdmitting {
    /// Connections younger than this are not pruned, unless their place has more than a household: they had no time to become valuable.
    private static let grace = Interval.seconds(20)
    /// Places with no more connections than this pay alike.
    private static let household = 8
    /// When everything that is left must stay, it is not looked through again for this long.
    private static let pause = Interval.milliseconds(500)

    private let limits: NodeLimits
    /// Connections that were accepted and are not yet authenticated.
    private var pending = Table<UInt32, ExpectedLink>()
    private let queue = FairQueue()
    private var keyOfLink = Table<UInt32, AddressKey>()
    /// Of places and of networks.
    private var counts = BytesTable<Int>()
    private var protected = BytesTable<[[UInt8]]>()
    private var nextPruning = Instant(nanoseconds: 0)
    /// Connections that were turned away since the start.
    public private(set) var refused: UInt64 = 0

    public init(limits: NodeLimits) { self.limits = limits }

    public var pendingLinks: [UInt32] { pending.keys }
    public var pendingCount: Int { pending.count }
    public var placeCount: Int { counts.count }

    public func isPending(_ link: UInt32) -> Bool { pending[link] != nil }

    // MARK: Before the handshake

    /// A connection was accepted. If there is one too many, somebody is told to go.
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

    /// Why a connection from there is one too many; nil: it may come.
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

    /// Of those that are not authenticated, the oldest of the place that has most goes. It counts for its place until it is closed.
    private func turnOldestAway(_ limit: LimitName, _ value: Int, in node: NodeState) {
        guard let link = queue.first, let known = authenticated(link) else { return }
        node.append(.link(link, .close(.pruned)))
        refuse(known.remoteAddress, limit, value, in: node)
    }

    /// Tells of a connection that was turned away.
    public func refuse(_ remote: Multiaddr, _ limit: LimitName, _ value: Int, in node: NodeState) {
        refused += 1
        node.emit(.connectionRefused(remote: remote, limit, value: UInt64(value)))
    }

    /// It is authenticated, and goes on counting for its place.
    public func authenticated(_ link: UInt32) -> ExpectedLink? {
        queue.remove(link)
        return pending.removeValue(forKey: link)
    }

    /// It is over.
    public func remove(_ link: UInt32) {
        _ = authenticated(link)
        guard let key = keyOfLink.removeValue(forKey: link) else { return }
        counts.countDown(key.place)
        if let network = key.network { counts.countDown(network) }
    }

    // MARK: After it

    public func protect(_ peer: PeerID, tag: [UInt8]) {
        if !(protected[peer.bytes]?.contains(tag) ?? false) { protected[peer.bytes, default: []].append(tag) }
    }

    public func unprotect(_ peer: PeerID, tag: [UInt8]) {
        guard var tags = protected[peer.bytes] else { return }
        tags.removeAll { $0 == tag }
        protected[peer.bytes] = tags.isEmpty ? nil : tags
    }

    /// Closes the hundredth part, one at least: of the places that have most, and there those that are worth least.
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

    /// Who may go, the first first: one after the other of the place that has most then, as long as it is more than a household.
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

    /// Connections that need not stay: few streams of the node's, dialled by the remote and young ones at the front. Spared are protected
    /// peers, those that hold a reservation here or give one, and connections that carry others.
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
