import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

/// A relay in the internet that also answers STUN, and two nodes that are connected through it and may have more by WebRTC, or over TCP.
struct RelayedPair {
    let simulation: Simulation
    let relay: SimulatedNode
    let offerer: SimulatedNode
    let answerer: SimulatedNode
    private let sites: (Site, Site)
    private let transport: ConnectionPath.Transport

    /// - Parameters:
    ///   - transport: what the direct connection is to come of: WebRTC, or hole punching over TCP, for which both listen.
    ///   - isDeaf: which of the two listen nowhere all the same.
    ///   - change: what else is in both nodes' configurations.
    init(
        seed: UInt64 = 1, _ one: Site, _ other: Site, over transport: ConnectionPath.Transport = .webRTC,
        isDeaf: (Bool, Bool) = (false, false), test: String = Test.current?.name ?? #function,
        change: (inout NodeConfiguration) -> Void = { _ in }
    ) throws {
        simulation = Simulation(seed: seed, name: test)
        relay = try simulation.addNode(
            "relay", ip: [5, 1, 0, 10], others: [[0x2a, 5, 0, 0] + [UInt8](repeating: 0, count: 11) + [1]], webRTCPort: 4001
        ) {
            $0.relay = RelayLimits()
            $0.relay?.circuit = .unlimited
        }
        sites = (one, other)
        self.transport = transport
        let port: UInt16? = transport == .tcp ? 4001 : nil
        func configure(_ configuration: inout NodeConfiguration) {
            if transport == .tcp { configuration.holePunching = HolePunchLimits() } else { configuration.webRTC = true }
            change(&configuration)
        }
        offerer = try one.node("offerer", 1, in: simulation, port: isDeaf.0 ? nil : port, configure: configure)
        answerer = try other.node("answerer", 2, in: simulation, port: isDeaf.1 ? nil : port, configure: configure)
        for node in [offerer, answerer] { node.serve("/echo/1", .echo) }
    }

    /// How to repeat the run: for expectations.
    var comment: Comment { "\(simulation)" }

    private func relayAddress(for site: Site) -> Multiaddr { relay.addresses[site.hasIPv4 ? 0 : 1] }

    /// Gets both to the relay, and one to the other through it.
    func meet() throws {
        let reservation = answerer.reserve(at: relay, address: relayAddress(for: sites.1))
        try simulation.run(until: "the answerer has a reservation", timeout: .seconds(20)) { reservation.reservation != nil }
        let circuit = relayAddress(for: sites.0).appending(code: MultiaddrCode.p2pCircuit, value: []).appending(answerer.peerID)
        let request = offerer.connect(to: answerer, at: [circuit])
        try simulation.run(until: "connected through the relay", timeout: .seconds(20), found: "\(String(describing: request.answer))") {
            request.isConnected
        }
    }

    var isDirect: Bool { has(.direct(transport), offerer, answerer) && has(.direct(transport), answerer, offerer) }

    func has(_ path: ConnectionPath, _ one: SimulatedNode, _ other: SimulatedNode) -> Bool {
        one.connections(to: other).contains { $0.path == path }
    }

    func echo(_ count: UInt64, from one: SimulatedNode, to other: SimulatedNode) throws {
        let stream = try one.open("/echo/1", to: other, .send(count))
        try simulation.run(until: "\(count) bytes are back at \(one.name)", timeout: .seconds(30)) { stream.isOver }
        #expect(stream.error == nil && stream.receivedCount == count && stream.matchesPattern, comment)
    }
}
