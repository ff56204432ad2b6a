import CausewayConnection
public import CausewayIdentity

// What a relay's operator may want to see.
extension RelayServer {
    public func places(atMost count: Int, now: Instant) -> [ReservationSlot] {
        reservations.first(count).map { ReservationSlot(peer: $0.peer, remaining: $0.deadline - now) }
    }

    public func place(of peer: PeerID, now: Instant) -> ReservationSlot? {
        reservations[peer].map { ReservationSlot(peer: $0.peer, remaining: $0.deadline - now) }
    }

    public func runningCircuits(atMost count: Int, now: Instant) -> [RelayedCircuit] {
        var found: [RelayedCircuit] = []
        for id in circuits.keys.sorted() where found.count < count {
            guard let circuit = circuits[id], case .running(let since) = circuit.phase else { continue }
            found.append(
                RelayedCircuit(id: id, source: circuit.source, target: circuit.target, limit: circuit.limit, age: now - since))
        }
        return found
    }
}
