import CausewayConnection
import CausewayIdentity

/// One peer's reservation at this relay.
final class HopReservation {
    let peer: PeerID
    /// The place of the connection that holds the reservation.
    var key: AddressKey?
    /// When the reservation ends. On the wire, this is a Unix second.
    var deadline: Instant
    var expires: UInt64
    /// Signed at most once a second, however often the peer asks, because a signature costs more than the request.
    var voucher: [UInt8]

    init(peer: PeerID, key: AddressKey?, deadline: Instant, expires: UInt64, voucher: [UInt8]) {
        self.peer = peer
        self.key = key
        self.deadline = deadline
        self.expires = expires
        self.voucher = voucher
    }
}

/// The reservations that a relay has granted, one for each peer, counted by the places of their holders.
struct ReservationTable {
    private var byPeer: [[UInt8]: HopReservation] = [:]
    private var byPlace: [[UInt8]: Int] = [:]
    /// No reservation ends before this moment.
    private(set) var soonest = Instant.distantFuture

    var count: Int { byPeer.count }

    subscript(peer: PeerID) -> HopReservation? { byPeer[peer.bytes] }

    /// The limit that forbids a peer a reservation from this place. A peer that already holds one from there is never refused, because that
    /// would cost it its addresses. From another place it counts as new: otherwise a second address could hold the reservations of many.
    mutating func refusal(of peer: PeerID, key: AddressKey?, limits: RelayLimits) -> ReachedLimit? {
        let held = byPeer[peer.bytes]
        if let held {
            if held.key?.place == key?.place { return nil }
            add(-1, held.key)
        }
        defer { if let held { add(1, held.key) } }
        if held == nil, byPeer.count >= limits.reservations { return ReachedLimit(.reservations, limits.reservations) }
        guard let key else { return nil }
        if byPlace[key.place, default: 0] >= limits.reservationsPerAddress {
            return ReachedLimit(.reservationsPerAddress, limits.reservationsPerAddress)
        }
        if let network = key.network, byPlace[network, default: 0] >= limits.reservationsPerNetwork {
            return ReachedLimit(.reservationsPerNetwork, limits.reservationsPerNetwork)
        }
        return nil
    }

    mutating func insert(_ reservation: HopReservation) {
        _ = remove(reservation.peer)
        byPeer[reservation.peer.bytes] = reservation
        add(1, reservation.key)
        soonest = min(soonest, reservation.deadline)
    }

    /// Moves a reservation to another connection of its peer, because the one that held it is gone. Returns false if that connection's
    /// place is full.
    mutating func move(_ reservation: HopReservation, to key: AddressKey?, limits: RelayLimits) -> Bool {
        guard refusal(of: reservation.peer, key: key, limits: limits) == nil else { return false }
        add(-1, reservation.key)
        reservation.key = key
        add(1, key)
        return true
    }

    mutating func remove(_ peer: PeerID) -> HopReservation? {
        guard let reservation = byPeer.removeValue(forKey: peer.bytes) else { return nil }
        add(-1, reservation.key)
        return reservation
    }

    /// The reservations that end first, in the order of ending.
    func first(_ count: Int) -> [HopReservation] {
        let all = byPeer.values.sorted {
            $0.deadline == $1.deadline ? $0.peer.bytes.lexicographicallyPrecedes($1.peer.bytes) : $0.deadline < $1.deadline
        }
        return Array(all.prefix(count))
    }

    /// Removes the reservations that have ended, in the order of ending. Searches only when `soonest` has come.
    mutating func expired(at now: Instant) -> [HopReservation] {
        guard soonest <= now else { return [] }
        var ended: [HopReservation] = []
        soonest = .distantFuture
        for reservation in byPeer.values {
            if reservation.deadline <= now { ended.append(reservation) } else { soonest = min(soonest, reservation.deadline) }
        }
        ended.sort {
            $0.deadline == $1.deadline ? $0.peer.bytes.lexicographicallyPrecedes($1.peer.bytes) : $0.deadline < $1.deadline
        }
        for reservation in ended { _ = remove(reservation.peer) }
        return ended
    }

    private mutating func add(_ change: Int, _ key: AddressKey?) {
        guard let key else { return }
        count(change, key.place)
        if let network = key.network { count(change, network) }
    }

    private mutating func count(_ change: Int, _ place: [UInt8]) {
        let count = byPlace[place, default: 0] + change
        byPlace[place] = count > 0 ? count : nil
    }
}
