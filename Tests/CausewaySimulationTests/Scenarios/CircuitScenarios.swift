import CausewayConnection
import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewaySimulation

@Test func bytesGoThroughTheRelayBothWays() throws {
    let world = try World(peers: 2) { $0.circuit = .unlimited }
    let (one, two) = (world.peers[0], world.peers[1])
    two.serve("/echo/1", .echo)
    try world.connectThroughRelay(one, to: two)
    #expect(one.connections(to: two).map(\.limit) == [nil], world.comment)
    let stream = try one.open("/echo/1", to: two, .send(300_000))
    try world.simulation.run(until: "all bytes are back", timeout: .seconds(60)) { stream.isOver }
    #expect(stream.error == nil && stream.receivedCount == 300_000 && stream.matchesPattern, world.comment)
}

@Test func aCircuitOf128KiBTellsBothEndsOfItsLimit() throws {
    let world = try World(peers: 2)
    let (one, two) = (world.peers[0], world.peers[1])
    two.serve("/sink/1", .sink)
    try world.connectThroughRelay(one, to: two)
    #expect(one.connections(to: two).first?.limit == CircuitLimit(bytes: 128 << 10, seconds: 120), world.comment)
    let stream = try one.open("/sink/1", to: two, .send(256 << 10))
    try world.simulation.run(until: "both ends are told", timeout: .seconds(30)) { stream.isOver && two.accepted.first?.isOver == true }
    for end in [stream, try #require(two.accepted.first)] {
        guard case .circuitLimit(.circuitBytes, let value, let moved)? = end.error else {
            Issue.record("told \(String(describing: end.error)); \(world.simulation)")
            continue
        }
        #expect(value == 128 << 10, world.comment)
        #expect(moved > 100 << 10 && moved <= 128 << 10, world.comment)
    }
    let ended = world.relay.relayEvents.compactMap { event -> UInt64? in
        guard case .circuitClosed(_, _, _, let sent, _, _, .circuitBytes?) = event else { return nil }
        return sent
    }
    #expect(ended == [128 << 10], world.comment)
    // Nothing else of the peers suffers, and a new circuit works at once.
    #expect(one.isConnected(to: world.relay) && two.isConnected(to: world.relay), world.comment)
    world.simulation.run(for: .seconds(1))
    try world.connectThroughRelay(one, to: two)
    let again = try one.open("/sink/1", to: two, .send(1000))
    try world.simulation.run(until: "the second circuit carries", timeout: .seconds(10)) { again.isOver }
    #expect(again.error == nil, world.comment)
}

/// What a circuit's bytes make due is due in time, though there is nothing to tell of them yet: here, that more is held.
@Test func aConnectionOverACircuitSleepsNoLongerThanItMay() throws {
    let world = try World(peers: 2) { $0.circuit = .unlimited }
    let (one, two) = (world.peers[0], world.peers[1])
    two.serve("/keep/1", .keep)
    try world.connectThroughRelay(one, to: two)
    let stream = try one.open("/keep/1", to: two)
    try world.simulation.run(until: "the stream is there", timeout: .seconds(5)) { !two.accepted.isEmpty }
    let reader = two.accepted[0]
    // Other things that happen on the link may wake it: not each time, though.
    for _ in 0..<10 {
        reader.pauseReading()
        // The second piece comes while the last thing told is not old enough for more.
        stream.write([UInt8](repeating: 1, count: 40_000))
        world.simulation.run(for: .milliseconds(100))
        stream.write([UInt8](repeating: 1, count: 60_000))
        for _ in 0..<25 {
            world.simulation.run(for: .milliseconds(20))
            let late = two.shell?.links.links.filter { $0.multiplexer.nextDeadline <= world.simulation.now } ?? []
            #expect(late.isEmpty, "links \(late.map(\.id)) sleep; \(world.simulation)")
        }
        reader.resumeReading()
        world.simulation.run(for: .milliseconds(870))
    }
}

@Test func aCircuitEndsWhenItsTimeIsUp() throws {
    let world = try World(peers: 2) { $0.circuit = CircuitLimit(bytes: nil, seconds: 20) }
    let (one, two) = (world.peers[0], world.peers[1])
    two.serve("/keep/1", .keep)
    try world.connectThroughRelay(one, to: two)
    let start = world.simulation.now
    let stream = try one.open("/keep/1", to: two)
    stream.write([1, 2, 3])
    try world.simulation.run(until: "the stream is over", timeout: .seconds(60)) { stream.isOver && two.accepted.first?.isOver == true }
    #expect((18...22).contains((world.simulation.now - start).seconds), world.comment)
    for end in [stream, two.accepted[0]] {
        guard case .circuitLimit(.circuitDuration, value: 20, _)? = end.error else {
            Issue.record("told \(String(describing: end.error)); \(world.simulation)")
            continue
        }
    }
    #expect(one.isConnected(to: world.relay), world.comment)
}

@Test func twoPeersDialEachOtherThroughTheRelayInTheSameInstant() throws {
    for seed in UInt64(1)...5 {
        let world = try World(seed: seed, peers: 2) { $0.circuit = .unlimited }
        try bothDial(world.simulation, world.peers[0], world.peers[1], at: { $0.address(through: world.relay) })
    }
}

@Test func twoPeersDialEachOtherDirectlyInTheSameInstant() throws {
    for seed in UInt64(1)...5 {
        let simulation = Simulation(seed: seed)
        let nodes = try simulation.publicNodes(2)
        try bothDial(simulation, nodes[0], nodes[1], at: { $0.addresses[0] })
    }
}

/// Both requests are answered, streams opened at once on either side come through whole, and one connection is left in use.
private func bothDial(_ simulation: Simulation, _ one: SimulatedNode, _ two: SimulatedNode, at address: (SimulatedNode) -> Multiaddr) throws
{
    for node in [one, two] { node.serve("/echo/1", .echo) }
    let requests = [one.connect(to: two, at: [address(two)]), two.connect(to: one, at: [address(one)])]
    var streams: [SimulatedStream?] = [nil, nil]
    try simulation.run(until: "both are connected", timeout: .seconds(20), found: "\(requests.map(\.answer))") {
        for (index, pair) in [(one, two), (two, one)].enumerated() where streams[index] == nil && requests[index].isConnected {
            streams[index] = try? pair.0.open("/echo/1", to: pair.1, .send(50_000))
        }
        return streams.allSatisfy { $0 != nil }
    }
    try simulation.run(until: "both streams are done", timeout: .seconds(60)) { streams.allSatisfy { $0?.isOver == true } }
    for stream in streams {
        #expect(stream?.error == nil && stream?.receivedCount == 50_000 && stream?.matchesPattern == true, "\(simulation)")
    }
    simulation.run(for: .seconds(60))
    // New streams of both go over the same connection.
    let later = [try one.open("/echo/1", to: two, .send(10)), try two.open("/echo/1", to: one, .send(10))]
    try simulation.run(until: "later streams are done", timeout: .seconds(20)) { later.allSatisfy(\.isOver) }
    #expect(later.allSatisfy { $0.error == nil && $0.receivedCount == 10 }, "\(simulation)")
    #expect(one.connections(to: two).count == 1 && two.connections(to: one).count == 1, "\(simulation)")
}

@Test func aRelayOfOneCircuitRefusesTheSecondAndSaysWhy() throws {
    let world = try World(peers: 3) { $0.circuits = 1 }
    try world.connectThroughRelay(world.peers[0], to: world.peers[1])
    let request = world.peers[2].connect(to: world.peers[1], at: [world.peers[1].address(through: world.relay)])
    try world.simulation.run(until: "the answer is there", timeout: .seconds(30)) { request.isAnswered }
    let results = request.outcomes?.map(\.result)
    #expect(results == [.refusedByRelay(status: HopStatus.resourceLimitExceeded)], world.comment)
}

@Test func aPeerWithoutReservationIsNotFound() throws {
    let world = try World(peers: 2, reserve: false)
    let request = world.peers[0].connect(to: world.peers[1], at: [world.peers[1].address(through: world.relay)])
    try world.simulation.run(until: "the answer is there", timeout: .seconds(30)) { request.isAnswered }
    #expect(request.outcomes?.map(\.result) == [.refusedByRelay(status: HopStatus.noReservation)], world.comment)
}

@Test func aProtocolThatDoesNotOptInIsKeptOffLimitedConnections() throws {
    let world = try World(peers: 2)
    world.peers[1].serve("/big/1", .sink, allowsLimited: false)
    try world.connectThroughRelay(world.peers[0], to: world.peers[1])
    #expect(throws: StreamError.limitedConnection) { try world.peers[0].open("/big/1", to: world.peers[1], allowsLimited: false) }
    let stream = try world.peers[0].open("/big/1", to: world.peers[1], .send(10))
    try world.simulation.run(until: "it is refused", timeout: .seconds(10)) { stream.isOver }
    #expect(stream.error != nil, world.comment)
}
