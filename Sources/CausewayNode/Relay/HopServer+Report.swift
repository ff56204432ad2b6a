public import CausewayConnection
public import CausewayIdentity

// What a relay's operator may want to see.
extension HopServer {
    public func places(atMost count: Int, now: Instant) -> [RelayPlace] {
        reservations.first(count).map { RelayPlace(peer: $0.peer, remaining: $0.deadline - now) }
    }

    public func place(of peer: PeerID, now: Instant) -> RelayPlace? {
        reservations[peer].map { RelayPlace(peer: $0.peer, remaining: $0.deadline - now) }
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
