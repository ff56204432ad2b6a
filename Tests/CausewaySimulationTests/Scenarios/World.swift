import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

/// A relay that everybody can reach, and peers that nobody can.
struct World {
    let simulation: Simulation
    let relay: SimulatedNode
    let peers: [SimulatedNode]

    /// - Parameters:
    ///   - limits: of the relay.
    ///   - reserve: whether the peers hold reservations already when this returns.
    init(
        seed: UInt64 = 1, peers count: Int, limits: (inout RelayLimits) -> Void = { _ in }, reserve: Bool = true, keepsLines: Bool = false,
        name: String = #function, test: String = Test.current?.name ?? "", configure: (inout NodeConfiguration) -> Void = { _ in }
    ) throws {
        simulation = Simulation(seed: seed, keepsLines: keepsLines, name: test.isEmpty ? name : test)
        var relayLimits = RelayLimits()
        limits(&relayLimits)
        relay = try simulation.addNode("relay", ip: [203, 0, 113, 1]) { configuration in
            configuration.relay = relayLimits
            configure(&configuration)
        }
        var made: [SimulatedNode] = []
        for index in 0..<count {
            let ip: [UInt8] = [198, 51, UInt8(index / 200), UInt8(index % 200 + 1)]
            made.append(try simulation.addNode("peer\(index)", ip: ip, isReachable: false, configure: configure))
        }
        peers = made
        guard reserve else { return }
        let requests = peers.map { $0.reserve(at: relay) }
        try simulation.run(until: "all peers have reservations", timeout: .seconds(30), found: "\(requests.map(\.answer))") {
            requests.allSatisfy { $0.reservation != nil }
        }
    }

    /// Connects one peer to another through the relay.
    func connectThroughRelay(_ one: SimulatedNode, to other: SimulatedNode) throws {
        let request = one.connect(to: other, at: [other.address(through: relay)])
        try simulation.run(until: "\(one.name) is connected to \(other.name)", timeout: .seconds(20), found: "\(request.answer as Any)") {
            request.isConnected
        }
    }

    /// The relay's reservations by its own events: peers in the order in which they came.
    var reservedAtRelay: [PeerID] {
        var held: [PeerID] = []
        for event in relay.relayEvents {
            if case .reserved(let peer, _, _) = event, !held.contains(peer) { held.append(peer) }
            if case .reservationEnded(let peer) = event { held.removeAll { $0 == peer } }
        }
        return held
    }
}

extension Simulation {
    /// Nodes that everybody can reach.
    func publicNodes(_ count: Int, configure: (inout NodeConfiguration) -> Void = { _ in }) throws -> [SimulatedNode] {
        try (0..<count).map { try addNode("node\($0)", ip: [192, 0, UInt8($0 / 200), UInt8($0 % 200 + 1)], configure: configure) }
    }

    func connect(_ one: SimulatedNode, to other: SimulatedNode) throws {
        let request = one.connect(to: other)
        try run(until: "\(one.name) is connected to \(other.name)", timeout: .seconds(20), found: "\(request.answer as Any)") {
            request.isConnected
        }
    }
}

extension World {
    /// How to repeat the run: for expectations.
    var comment: Comment { "\(simulation)" }
}
