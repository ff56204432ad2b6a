import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

@Test func reservationsAreRefreshedForHours() throws {
    let world = try World(peers: 2)
    world.simulation.run(for: .seconds(6 * 3600))
    for peer in world.peers {
        let changes = peer.reservationChanges.map(\.state)
        #expect(changes.first == .made, world.comment)
        #expect(changes.count { $0 == .refreshed } >= 5, world.comment)
        #expect(!changes.contains(.lost), world.comment)
        #expect(peer.advertised.contains { $0.isCircuit }, world.comment)
    }
    #expect(world.reservedAtRelay.count == 2, world.comment)
    try world.connectThroughRelay(world.peers[0], to: world.peers[1])
}

@Test func aReservationEndsWhenItsPeerHasGone() throws {
    let world = try World(peers: 2)
    world.peers[0].crash(silently: false)
    world.simulation.run(for: .seconds(5))
    #expect(world.reservedAtRelay == [world.peers[1].peerID], world.comment)
}

@Test func afterTheRelaysRestartTheReservationIsBackWithTheSameAddresses() throws {
    let world = try World(peers: 3)
    let before = world.peers.map(\.advertised)
    for silently in [false, true] {
        world.relay.crash(silently: silently)
        world.simulation.run(for: .seconds(30))
        for peer in world.peers { peer.forgetEvents() }
        try world.relay.restart()
        try world.simulation.run(until: "the reservations are back by themselves", timeout: .seconds(180)) {
            world.peers.allSatisfy { $0.reservationChanges.contains { $0.state == .made } && $0.isConnected(to: world.relay) }
        }
        #expect(world.peers.map(\.advertised) == before, world.comment)
    }
    try world.connectThroughRelay(world.peers[0], to: world.peers[2])
}

@Test func aRelayThatIsAwayAtFirstIsReservedAtWhenItComes() throws {
    let simulation = Simulation(seed: 4)
    let relay = try simulation.addNode("relay", ip: [203, 0, 113, 1], starts: false) { $0.relay = RelayLimits() }
    let peer = try simulation.addNode("peer", ip: [198, 51, 100, 1], isReachable: false)
    peer.keepRelays([relay], count: 1)
    simulation.run(for: .seconds(300))
    #expect(peer.isRunning && peer.advertised.allSatisfy { !$0.isCircuit }, "\(simulation)")
    try relay.start()
    try simulation.run(until: "the reservation is made", timeout: .seconds(600)) { peer.advertised.contains { $0.isCircuit } }
}

@Test func severalRelaysAreKeptAndTheNextTakesTheLostOnesPlace() throws {
    let simulation = Simulation(seed: 5)
    let relays = try (1...3).map { index in
        try simulation.addNode("relay\(index)", ip: [203, 0, 113, UInt8(index)]) { $0.relay = RelayLimits() }
    }
    let peer = try simulation.addNode("peer", ip: [198, 51, 100, 1], isReachable: false)
    func reserved() -> [SimulatedNode] {
        relays.filter { relay in peer.advertised.contains { $0.splitAtCircuit()?.relay == relay.addresses[0] } }
    }
    peer.keepRelays(relays, count: 2)
    try simulation.run(until: "two reservations", timeout: .seconds(60)) { reserved().count == 2 }
    let lost = try #require(reserved().first)
    lost.crash(silently: false)
    try simulation.run(until: "two reservations again, at others", timeout: .seconds(600), found: "\(reserved().map(\.name))") {
        reserved().count == 2 && !reserved().contains { $0 === lost }
    }
}

@Test func tenPeersVanishAndComeBackAHundredTimes() throws {
    let world = try World(peers: 10) { $0.reservations = 16 }
    for round in 0..<100 {
        // A different part of them each time: some come back at once, some later.
        let vanishing = world.peers.enumerated().filter { ($0.offset + round) % 3 != 0 }.map(\.element)
        for peer in vanishing { peer.crash(silently: true) }
        world.simulation.run(for: .seconds(1))
        for peer in vanishing {
            try peer.restart()
            peer.reserve(at: world.relay)
        }
        world.simulation.run(for: .seconds(3))
    }
    // Whoever fell silent is noticed by now.
    world.simulation.run(for: .seconds(120))
    #expect(world.relay.connectionCount == 10, world.comment)
    #expect(Set(world.reservedAtRelay) == Set(world.peers.map(\.peerID)), world.comment)
    let refused = world.relay.relayEvents.contains { if case .reservationRefused = $0 { true } else { false } }
    #expect(!refused, world.comment)
    #expect(world.relay.host.links.count <= 20, world.comment)
    try world.connectThroughRelay(world.peers[3], to: world.peers[4])
}
