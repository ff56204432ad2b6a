public import CausewayConnection
public import CausewayIdentity

/// Decides who may connect. It counts connections in total and by place. When there are too many, the place that holds most loses one, and
/// never a newcomer of another place: among connections before their handshake the oldest, among others the least valuable. Where all
/// places hold alike, who is in its handshake comes before who has just come: otherwise, if all came at once, nobody would get through.
public final class ConnectionGater: ConnectionGating {
    /// Younger connections are not pruned, because they had no time to become valuable, unless their place has more than a household.
    private static let grace = Interval.seconds(20)
    /// Places with at most this many connections are treated alike.
    private static let household = 8
    /// An honest handshake takes less: three round trips, and the others' handshakes before it.
    private static let handshake = Interval.seconds(2)
    /// When no connection may be pruned, the next search waits this long.
    private static let pause = Interval.milliseconds(500)

    private struct Newcomer {
        let remote: Multiaddr
        let since: Instant
    }
    private let limits: NodeLimits
    /// Connections that were accepted and are not authenticated yet.
    private var pending = Table<UInt32, Newcomer>()
    private let queue = FairQueue()
    private var keyOfLink = Table<UInt32, AddressKey>()
    /// The number of connections of each place and of each network.
    private var counts = BytesTable<Int>()
    private var nextPruning = Instant(nanoseconds: 0)
    /// The connections that were refused since the start.
    public private(set) var refused: UInt64 = 0

    public init(limits: NodeLimits) { self.limits = limits }

    public var pendingCount: Int { pending.count }
    public var placeCount: Int { counts.count }

    // MARK: Before the handshake

    /// A connection was accepted. If there is one too many, one is closed.
    public func insert(_ link: UInt32, remote: Multiaddr, local: Multiaddr, in node: NodeContext) {
        let key = AddressKey(remote)
        if let (limit, value) = refusal(of: key, in: node) {
            node.append(.link(link, .close(.pruned)))
            return refuse(remote, limit, value, in: node)
        }
        let holder = AddressKey.holder(remote)
        if pending.count >= limits.pendingConnections {
            guard oldestMakesRoom(for: holder, in: node) else {
                node.append(.link(link, .close(.pruned)))
                return refuse(remote, .pendingConnections, limits.pendingConnections, in: node)
            }
            turnOldestAway(.pendingConnections, limits.pendingConnections, in: node)
        }
        node.expectLink(link, remoteAddress: remote, localAddress: local, path: .direct(at: remote), carrier: nil, isInbound: true)
        pending[link] = Newcomer(remote: remote, since: node.now)
        queue.insert(link, of: holder)
        guard let key else { return }
        keyOfLink[link] = key
        counts.countUp(key.place)
        if let network = key.network { counts.countUp(network) }
    }

    /// The limit that forbids one more connection from this place. nil: it may connect.
    private func refusal(of key: AddressKey?, in node: NodeContext) -> (LimitName, Int)? {
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

    /// Whether another place holds more than the newcomer's would, or the oldest has had time for its handshake.
    private func oldestMakesRoom(for holder: [UInt8], in node: NodeContext) -> Bool {
        guard let oldest = queue.first.flatMap({ pending[$0] }) else { return false }
        return queue.largest > queue.count(of: holder) + 1 || node.now - oldest.since >= Self.handshake
    }

    /// Closes the oldest unauthenticated connection of the place with the most. It counts for its place until it is closed.
    private func turnOldestAway(_ limit: LimitName, _ value: Int, in node: NodeContext) {
        guard let link = queue.first, let remote = pending[link]?.remote else { return }
        settled(link)
        node.expectedLinks[link] = nil
        node.append(.link(link, .close(.pruned)))
        refuse(remote, limit, value, in: node)
    }

    /// Reports a refused connection.
    public func refuse(_ remote: Multiaddr, _ limit: LimitName, _ value: Int, in node: NodeContext) {
        refused += 1
        node.emit(.refused(remote, limit, value: UInt64(value)))
    }

    /// The connection is authenticated, or will not be. It continues to count for its place.
    private func settled(_ link: UInt32) {
        queue.remove(link)
        pending[link] = nil
    }

    public func linkOpened(_ link: ConnectedLink, in node: NodeContext) { settled(link.id) }

    public func linkClosed(_ link: ConnectedLink, in node: NodeContext) { remove(link.id) }

    public func linkFailed(_ link: UInt32, _ result: DialOutcome.Result, in node: NodeContext) { remove(link) }

    private func remove(_ link: UInt32) {
        settled(link)
        guard let key = keyOfLink.removeValue(forKey: link) else { return }
        counts.countDown(key.place)
        if let network = key.network { counts.countDown(network) }
    }

    // MARK: After the handshake

    /// Closes one connection in a hundred, at least one: those worth least, in the places that have most.
    private func prune(in node: NodeContext) -> Bool {
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
    /// that place has more than a household.
    private func leastValuable(in node: NodeContext) -> [UInt32] {
        var taken = BytesTable<Int>()
        var ranked: [(level: Int, id: UInt32)] = []
        for id in byWorth(in: node) {
            var level = Self.household
            if let key = keyOfLink[id] {
                let holder = key.network ?? key.place
                taken.countUp(holder)
                level = max(counts[holder, default: 0] - taken[holder, default: 0] + 1, level)
            }
            guard level > Self.household || node.connections[id].map({ node.now - $0.openedAt >= Self.grace }) ?? false else { continue }
            ranked.append((level, id))
        }
        // The sort is stable: within a level, the order by worth stays.
        ranked.sort { $0.level > $1.level }
        return ranked.map { $0.id }
    }

    /// The connections that need not stay, with the least valuable at the front: few streams of the node, dialled by the remote, young.
    /// Left out are protected peers, peers with a reservation here or at which we hold one, and connections that carry others.
    private func byWorth(in node: NodeContext) -> [UInt32] {
        var carriers = Table<UInt32, Bool>()
        for id in node.connections.order { if let carrier = node.connections[id]?.carrier { carriers[carrier] = true } }
        var candidates: [(value: Int, id: UInt32)] = []
        for id in node.connections.order.reversed() {
            guard let link = node.connections[id], !link.isClosing, carriers[id] == nil, !node.connections.isProtected(link.peer) else {
                continue
            }
            let value = node.owners.count(on: id) * 2 + (link.isInbound ? 0 : 1)
            candidates.append((value, id))
        }
        candidates.sort { $0.value < $1.value }
        return candidates.map { $0.id }
    }
}
