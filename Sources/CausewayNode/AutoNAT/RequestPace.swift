import CausewayIdentity

/// How many requests of whom a server of AutoNAT takes.
struct RequestPace: ~Copyable {
    private final class Taken {
        let peer: [UInt8]
        let place: [UInt8]?
        let at: Instant

        init(_ peer: [UInt8], _ place: [UInt8]?, _ at: Instant) {
            self.peer = peer
            self.place = place
            self.at = at
        }
    }
    private static let span = Interval.seconds(60)

    private let limits: AutoNATServerLimits
    /// The requests of the last minute, in order.
    private var taken = FIFO<Taken>()
    /// Their number by peer and by place. A place is shorter than a peer id.
    private var counts = BytesTable<Int>()
    private var dataRequests: [Instant] = []
    private var running = BytesTable<Int>()

    init(_ limits: AutoNATServerLimits) { self.limits = limits }

    /// Counts a request. Returns false if there are too many; otherwise, `ended` has to follow.
    mutating func take(_ peer: PeerID, at address: Multiaddr, now: Instant) -> Bool {
        forget(now)
        let place = AddressKey(address)?.place
        guard taken.count < limits.requests, counts[peer.bytes, default: 0] < limits.requestsPerPeer,
            running[peer.bytes, default: 0] < limits.requestsPerPeerAtOnce
        else { return false }
        if let place, counts[place, default: 0] >= limits.requestsPerPlace { return false }
        taken.append(Taken(peer.bytes, place, now))
        counts.countUp(peer.bytes)
        if let place { counts.countUp(place) }
        running.countUp(peer.bytes)
        return true
    }

    /// Counts a request that wants data. Returns false if there are too many.
    mutating func takeDataRequest(now: Instant) -> Bool {
        while let first = dataRequests.first, first + Self.span <= now { dataRequests.removeFirst() }
        guard dataRequests.count < limits.requestsWithData else { return false }
        dataRequests.append(now)
        return true
    }

    mutating func ended(_ peer: PeerID) { running.countDown(peer.bytes) }

    private mutating func forget(_ now: Instant) {
        while let first = taken.first, first.at + Self.span <= now {
            taken.removeFirst()
            counts.countDown(first.peer)
            if let place = first.place { counts.countDown(place) }
        }
    }
}
