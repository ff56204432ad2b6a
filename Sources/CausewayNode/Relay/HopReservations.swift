import CausewayConnection
import CausewayIdentity

/// One peer's place at this relay.
final class HopReservation {
    let peer: PeerID
    /// Where the connection is that holds it.
    var key: AddressKey?
    /// Ends at this moment, which is this Unix second on the wire.
    var deadline: Instant
    var expires: UInt64
    /// Signed once a second at most, however often the peer asks: a signature costs more than the question.
    var voucher: [UInt8]

    init(peer: PeerID, key: AddressKey?, deadline: Instant, expires: UInt64, voucher: [UInt8]) {
        self.peer = peer
        self.key = key
        self.deadline = deadline
        self.expires = expires
        self.voucher = voucher
    }
}

/// The places that a relay has given away, one for each peer, counted by where their holders are.
struct HopReservations {
    private var byPeer: [[UInt8]: HopReservation] = [:]
    private var byPlace: [[UInt8]: Int] = [:]
    /// No reservation ends before it.
    private(set) var soonest = Instant.distantFuture

    var count: Int { byPeer.count }

    subscript(peer: PeerID) -> HopReservation? { byPeer[peer.bytes] }

    /// Which limit forbids a peer to hold a place from there. One that holds its own from there already is never refused: that would cost
    /// it its addresses. From elsewhere it is as good as new, or a second address would hold the places of many.
    mutating func refusal(of peer: PeerID, key: AddressKey?, limits: RelayLimits) -> LimitName? {
        let held = byPeer[peer.bytes]
        if let held {
            if held.key?.place == key?.place { return nil }
            add(-1, held.key)
        }
        defer { if let held { add(1, held.key) } }
        if held == nil, byPeer.count >= limits.reservations { return .reservations }
        guard let key else { return nil }
        if byPlace[key.place, default: 0] >= limits.reservationsPerAddress { return .reservationsPerAddress }
        if let network = key.network, byPlace[network, default: 0] >= limits.reservationsPerNetwork { return .reservationsPerAddress }
        return nil
    }

    mutating func insert(_ reservation: HopReservation) {
        _ = remove(reservation.peer)
        byPeer[reservation.peer.bytes] = reservation
        add(1, reservation.key)
        soonest = min(soonest, reservation.deadline)
    }

    /// The connection that held a reservation is gone, and another one is there. False: its place is full.
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

    /// Those that end first, in the order of ending.
    func first(_ count: Int) -> [HopReservation] {
        let all = byPeer.values.sorted {
            $0.deadline == $1.deadline ? $0.peer.bytes.lexicographicallyPrecedes($1.peer.bytes) : $0.deadline < $1.deadline
        }
        return Array(all.prefix(count))
    }

    /// Takes out what has ended, in the order of ending. Scans only when `soonest` has come.
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
