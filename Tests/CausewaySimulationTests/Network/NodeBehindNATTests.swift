import CausewayConnection
import CausewayNode
import CausewaySimulation
import Testing

/// A relay in the internet, and two nodes with the same private address in two homes of one carrier.
@Test func nodesBehindNATsMeetThroughARelay() throws {
    let simulation = Simulation(seed: 1)
    let relay = try simulation.addNode("relay", ip: [5, 1, 0, 1]) { $0.relay = RelayLimits() }
    let carrier = simulation.addRouter(
        "carrier", ip: [5, 2, 0, 1], nat: NAT(mapping: .addressAndPortDependent, filtering: .addressDependent))
    let nodes = try (UInt8(1)...2).map { number in
        let nat = NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
        let home = simulation.addRouter("home \(number)", ip: [100, 64, 0, number], nat: nat, behind: carrier)
        return try simulation.addNode("node \(number)", ip: [192, 168, 1, 2], behind: home)
    }
    for node in nodes { node.reserve(at: relay) }
    let direct = nodes[0].connect(to: nodes[1])
    simulation.run(for: .seconds(60))
    #expect(direct.outcomes?.isEmpty == false && !nodes[0].isConnected(to: nodes[1]))
    // The relay sees both at the carrier's address, at two ports.
    let seen = simulation.hosts[0].links.map(\.listener.remote)
    #expect(seen.map(\.ip) == [[5, 2, 0, 1], [5, 2, 0, 1]] && seen[0].port != seen[1].port)
    let relayed = nodes[0].connect(to: nodes[1], at: [nodes[1].address(through: relay)])
    try simulation.run(until: "connected through the relay", timeout: .seconds(20)) { relayed.isConnected }

    // The carrier's router restarts: connections through it fall silent, and the nodes find out and come back.
    carrier.restart()
    nodes[0].forgetEvents()
    simulation.run(for: .seconds(300))
    #expect(nodes[0].reservationChanges.contains { if case .made = $0.state { true } else { false } })
    #expect(nodes[0].isConnected(to: relay))
}
