import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

/// A phone behind a NAT, with a reservation at a relay.
private struct Sleeper {
    let simulation: Simulation
    let relay: SimulatedNode
    let router: SimulatedRouter
    let phone: SimulatedNode
    var comment: Comment { "\(simulation)" }

    init(name: String = #function) throws {
        simulation = Simulation(seed: 1, name: name)
        relay = try simulation.addNode("relay", ip: [203, 0, 113, 1]) { $0.relay = RelayLimits() }
        let nat = NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
        router = simulation.addRouter("home", ip: [198, 51, 100, 1], nat: nat)
        phone = try simulation.addNode("phone", ip: [192, 168, 1, 2], behind: router)
        phone.keepRelays([relay], count: 1)
        try simulation.run(until: "the reservation is made", timeout: .seconds(30)) { phone.reservationChanges.last?.state == .made }
        simulation.run(for: .seconds(5))
    }
}

/// Nothing is processed, and what came waits. A remote hears of it by silence alone.
@Test(arguments: [true, false]) func aHostThatSleepsProcessesNothing(stopsClock: Bool) throws {
    let sleeper = try Sleeper()
    let (relay, phone) = (sleeper.relay, sleeper.phone)
    phone.forgetEvents()
    phone.host.fallAsleep(stopsClock: stopsClock)
    let ping = relay.ping(phone)
    sleeper.simulation.run(for: .seconds(600))
    #expect(phone.events.isEmpty && phone.isConnected(to: relay) && !relay.isConnected(to: phone), sleeper.comment)
    if case .pong? = ping.answer { Issue.record("a phone that sleeps has answered; \(sleeper.simulation)") }
    phone.host.wake()
    // The relay's goodbye was there.
    try sleeper.simulation.run(until: "the reservation is back", timeout: .seconds(2)) {
        phone.reservationChanges.map(\.state) == [.lost, .made]
    }
}

/// A sleep shorter than the relay's patience is not noticed: no keep-alive is due by a clock that stood still.
@Test func aClockThatStandsStillMakesNothingDue() throws {
    let sleeper = try Sleeper()
    let phone = sleeper.phone
    phone.forgetEvents()
    for _ in 0..<100 {
        phone.host.fallAsleep(stopsClock: true)
        sleeper.simulation.run(for: .seconds(40))
        phone.host.wake()
        sleeper.simulation.run(for: .milliseconds(500))
    }
    // 4,000 s of sleep are less than the hour of a reservation by the phone's clock, which shows 50 s.
    #expect(phone.events.isEmpty && phone.isConnected(to: sleeper.relay), sleeper.comment)
    sleeper.simulation.run(for: .seconds(60))
    #expect(phone.isConnected(to: sleeper.relay), sleeper.comment)
}

/// Who was suspended while its router forgot it has heard nothing, and asks.
@Test func aRouterForgetsWhoSleeps() throws {
    let sleeper = try Sleeper()
    let phone = sleeper.phone
    phone.host.fallAsleep(stopsClock: true)
    sleeper.simulation.run(for: .seconds(7200))
    sleeper.router.restart()
    sleeper.simulation.run(for: .seconds(10))
    phone.forgetEvents()
    phone.host.wake()
    sleeper.simulation.run(for: .seconds(2))
    #expect(phone.events.isEmpty && phone.isConnected(to: sleeper.relay), sleeper.comment)
    phone.machineChanged()
    try sleeper.simulation.run(until: "the reservation is back", timeout: .seconds(5)) {
        phone.reservationChanges.last?.state == .made
    }
}

@Test func aHostTakesItselfToAnotherNetwork() throws {
    let sleeper = try Sleeper()
    let (phone, simulation) = (sleeper.phone, sleeper.simulation)
    phone.host.move(to: [])
    phone.machineChanged()
    simulation.run(for: .seconds(300))
    #expect(phone.connectionCount == 0 && phone.addresses.isEmpty, sleeper.comment)
    #expect(phone.dialAttempts.contains { $0.result == .failed(.link(errno: SimulatedErrno.unreachable)) }, sleeper.comment)
    phone.host.move(to: [[198, 51, 100, 9]])
    phone.machineChanged()
    try simulation.run(until: "it is back", timeout: .seconds(2)) { phone.reservationChanges.last?.state == .made }
    #expect(phone.connections(to: sleeper.relay).count == 1, sleeper.comment)
    #expect(sleeper.relay.connections(to: phone).allSatisfy { $0.remoteAddress.host == .ip([198, 51, 100, 9]) }, sleeper.comment)
}
