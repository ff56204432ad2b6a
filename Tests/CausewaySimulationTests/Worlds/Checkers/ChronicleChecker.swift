import CausewayConnection
import CausewayIdentity
import CausewayNode

@testable import CausewaySimulation

/// What a node told adds up to what stands: connections, peers, reservations, places and circuits come and go in turn, and those left over
/// are there.
struct ChronicleChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        world.all.flatMap { number, node -> [String] in
            var chronicle = Chronicle()
            let start = world.record.lives[number]?.last ?? 0
            for event in node.events[start...].map(\.event) { chronicle.add(event) }
            return (chronicle.faults + differences(chronicle, node, now: world.simulation.now)).map { "\(node.name) \($0)" }
        }
    }

    private func differences(_ chronicle: Chronicle, _ simulated: SimulatedNode, now: Instant) -> [String] {
        guard let node = simulated.node else { return [] }
        let connections = node.connectionDescriptions
        var faults: [String] = []
        func compare<Key: Hashable>(_ what: String, _ told: Set<Key>, _ standing: [Key]) {
            if told != Set(standing) { faults.append("told of \(told.count) \(what), has \(standing.count)") }
        }
        compare("connections", chronicle.connections.present, connections.map(\.id))
        compare("peers", chronicle.peers.present, connections.map(\.peer))
        compare("reservations", chronicle.reservations.present, node.reservations.map(\.relay))
        compare("places", chronicle.places.present, node.relayPlaces(atMost: .max, now: now).map(\.peer))
        compare("circuits", chronicle.circuits.present, node.relayedCircuits(atMost: .max, now: now).map(\.id))
        return faults
    }
}

/// What is there by a node's own events.
private struct Chronicle {
    /// Things of one kind: each comes before it goes, and does not come twice.
    struct Roll<Key: Hashable> {
        private(set) var present: Set<Key> = []

        /// False: it was there already.
        mutating func comes(_ key: Key) -> Bool { present.insert(key).inserted }

        /// False: it was not there.
        mutating func goes(_ key: Key) -> Bool { present.remove(key) != nil }
    }

    private(set) var connections = Roll<UInt32>()
    private(set) var peers = Roll<PeerID>()
    private(set) var reservations = Roll<PeerID>()
    private(set) var places = Roll<PeerID>()
    private(set) var circuits = Roll<UInt32>()
    private var subscriptions = Roll<[UInt8]>()
    private(set) var faults: [String] = []

    mutating func add(_ event: NodeEvent) {
        guard case .happened(let event) = event else { return }
        let isInTurn: Bool =
            switch event {
            case .connected(let connection): connections.comes(connection.id)
            case .disconnected(let connection, _): connections.goes(connection.id)
            case .peerConnected(let peer): peers.comes(peer)
            case .peerDisconnected(let peer): gone(peer)
            case .subscriptionChanged(let change): add(change)
            case .reservation(let change): add(change)
            case .relay(let event): add(event)
            default: true
            }
        if !isInTurn { faults.append("told out of turn: \(event)") }
    }

    /// What the peer subscribed to is forgotten with it, without a word.
    private mutating func gone(_ peer: PeerID) -> Bool {
        for key in subscriptions.present where key.starts(with: peer.bytes) { _ = subscriptions.goes(key) }
        return peers.goes(peer)
    }

    private mutating func add(_ change: SubscriptionChange) -> Bool {
        let key = change.peer.bytes + change.topicUTF8
        return change.isSubscribed ? subscriptions.comes(key) : subscriptions.goes(key)
    }

    private mutating func add(_ change: ReservationChange) -> Bool {
        switch change.state {
        case .made: reservations.comes(change.relay)
        case .refreshed: reservations.present.contains(change.relay)
        case .lost: reservations.goes(change.relay)
        case .failed: true
        }
    }

    private mutating func add(_ event: RelayEvent) -> Bool {
        switch event {
        case .reserved(let peer, let refreshed, _): refreshed ? places.present.contains(peer) : places.comes(peer)
        case .reservationEnded(let peer): places.goes(peer)
        case .circuitOpened(let circuit, _, _, _): circuits.comes(circuit)
        case .circuitClosed(let circuit, _, _, _, _, _, _): circuits.goes(circuit)
        default: true
        }
    }
}
