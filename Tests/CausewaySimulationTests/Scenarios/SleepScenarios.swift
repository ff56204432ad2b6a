import CausewayNode
import CausewaySimulation
import Testing

/// Everybody has gone without a word by the time that the machine wakes.
@Test func whoWakesIsReachableAgainWithinFiveSeconds() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
        let simulation = Simulation(seed: seed)
        let relay = try simulation.addNode("relay", ip: [203, 0, 113, 1]) { $0.relay = RelayLimits() }
        let sleeper = try simulation.addNode("sleeper", ip: [198, 51, 100, 1], isReachable: false)
        let friend = try simulation.addNode("friend", ip: [198, 51, 100, 2], isReachable: false)
        sleeper.keepRelays([relay], count: 1)
        try simulation.run(until: "the reservation is made", timeout: .seconds(60)) { sleeper.advertised.contains { $0.isCircuit } }
        simulation.run(for: .seconds(600))
        let before = sleeper.advertised
        for link in sleeper.links(to: relay) { link.vanish() }
        sleeper.forgetEvents()
        sleeper.machineChanged()
        try simulation.run(until: "the reservation is back", timeout: .seconds(5)) {
            sleeper.reservationChanges.contains { $0.state == .made }
        }
        #expect(sleeper.advertised == before, "\(simulation)")
        let request = friend.connect(to: sleeper, at: [sleeper.address(through: relay)])
        try simulation.run(until: "the friend is connected", timeout: .seconds(5)) { request.isConnected }
    }
}

/// Failures from before the change hold nothing back after it.
@Test func aRelayThatWasOutOfReachIsAskedAtOnceWhenTheNetworkChanges() throws {
    let simulation = Simulation(seed: 7)
    let relay = try simulation.addNode("relay", ip: [203, 0, 113, 1]) { $0.relay = RelayLimits() }
    let peer = try simulation.addNode("peer", ip: [198, 51, 100, 1], isReachable: false)
    peer.host.line.loss = 1
    peer.keepRelays([relay], count: 1)
    simulation.run(for: .seconds(3600))
    peer.host.line.loss = 0
    peer.machineChanged()
    try simulation.run(until: "the reservation is made", timeout: .seconds(20)) { peer.advertised.contains { $0.isCircuit } }
}
