import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

@Test func aSlowReaderStallsNobodyElseAndKeepsMemoryBounded() throws {
    let simulation = Simulation(seed: 31)
    let nodes = try simulation.publicNodes(2)
    let (one, two) = (nodes[0], nodes[1])
    two.serve("/slow/1", .sink)
    two.serve("/echo/1", .echo)
    try simulation.connect(one, to: two)
    let slow = try one.open("/slow/1", to: two, .send(4 << 20))
    try simulation.run(until: "the slow stream is there", timeout: .seconds(5)) { !two.accepted.isEmpty }
    let reader = two.accepted[0]
    reader.pauseReading()
    simulation.run(for: .seconds(5))
    let held = slow.sentCount
    #expect(!slow.isOver && reader.unreadCount <= 256 << 10 && held <= 1 << 20, "\(held) sent, \(reader.unreadCount) unread; \(simulation)")
    // Neighbours on the same connection go at full speed.
    let start = simulation.now
    let echoes = try (0..<5).map { _ in try one.open("/echo/1", to: two, .send(100_000)) }
    try simulation.run(until: "the neighbours are done", timeout: .seconds(10)) { echoes.allSatisfy(\.isOver) }
    #expect(echoes.allSatisfy { $0.error == nil && $0.receivedCount == 100_000 }, "\(simulation)")
    #expect((simulation.now - start).milliseconds < 2000, "\(simulation)")
    #expect(slow.sentCount == held, "\(simulation)")
    reader.resumeReading()
    try simulation.run(until: "the slow one ends too", timeout: .seconds(60)) { slow.isOver && reader.isOver }
    #expect(reader.receivedCount == 4 << 20 && reader.matchesPattern, "\(simulation)")
}

@Test func aSlowReaderBehindARelayIsFeltAtTheSenderOnly() throws {
    let world = try World(seed: 32, peers: 4) { $0.circuit = .unlimited }
    let peers = world.peers
    for peer in peers { peer.serve("/sink/1", .sink) }
    try world.connectThroughRelay(peers[0], to: peers[1])
    try world.connectThroughRelay(peers[2], to: peers[3])
    let slow = try peers[0].open("/sink/1", to: peers[1], .send(4 << 20))
    try world.simulation.run(until: "the slow stream is there", timeout: .seconds(5)) { !peers[1].accepted.isEmpty }
    peers[1].accepted[0].pauseReading()
    world.simulation.run(for: .seconds(10))
    // Nobody on the way keeps more than a few windows.
    #expect(slow.sentCount <= 2 << 20, "\(slow.sentCount) sent; \(world.simulation)")
    let other = try peers[2].open("/sink/1", to: peers[3], .send(1 << 20))
    try world.simulation.run(until: "the other circuit's stream is done", timeout: .seconds(20)) { other.isOver }
    #expect(other.error == nil, world.comment)
    peers[1].accepted[0].resumeReading()
    try world.simulation.run(until: "the slow one ends too", timeout: .seconds(60)) { slow.isOver }
    #expect(slow.error == nil && peers[1].accepted[0].receivedCount == 4 << 20, world.comment)
}

@Test func keepAlivesFindASilentPeer() throws {
    let simulation = Simulation(seed: 33)
    let nodes = try simulation.publicNodes(2)
    try simulation.connect(nodes[0], to: nodes[1])
    simulation.run(for: .seconds(600))
    #expect(nodes[0].isConnected(to: nodes[1]), "an idle connection stays; \(simulation)")
    nodes[1].crash(silently: true)
    let start = simulation.now
    try simulation.run(until: "the silence is noticed", timeout: .seconds(120)) { !nodes[0].isConnected(to: nodes[1]) }
    let took = (simulation.now - start).seconds
    #expect((10...60).contains(took), "after \(took) s; \(simulation)")
    let cause = nodes[0].events.compactMap { if case .happened(.disconnected(_, let error)) = $0.event { error } else { nil } }
    #expect(cause == [.closed(.unresponsive)], "\(cause); \(simulation)")
}

/// What its wire still holds then can never leave.
@Test func aConnectionThatFellSilentLeavesNothing() throws {
    let simulation = Simulation(seed: 38)
    var line = LineConditions()
    line.buffer = 16 << 10
    let one = try simulation.addNode("one", ip: [192, 0, 0, 1], line: line)
    let two = try simulation.addNode("two", ip: [192, 0, 0, 2], line: line)
    two.serve("/sink/1", .sink)
    try simulation.connect(one, to: two)
    _ = try one.open("/sink/1", to: two, .send(1 << 20))
    simulation.run(for: .milliseconds(100))
    for link in one.links(to: two) { link.vanish() }
    simulation.run(for: .seconds(60))
    #expect(one.host.links.isEmpty && two.host.links.isEmpty, "\(simulation)")
}

@Test func aFarEndSendsByItsScript() throws {
    let simulation = Simulation(seed: 39)
    let nodes = try simulation.publicNodes(2)
    nodes[1].serve("/send/1", .send(100_000))
    try simulation.connect(nodes[0], to: nodes[1])
    let stream = try nodes[0].open("/send/1", to: nodes[1], .sink)
    try simulation.run(until: "all has come", timeout: .seconds(10)) { stream.isOver }
    #expect(stream.error == nil && stream.receivedCount == 100_000 && stream.matchesPattern, "\(simulation)")
}

@Test func aHeldUpConnectionComesBack() throws {
    let simulation = Simulation(seed: 34)
    let nodes = try simulation.publicNodes(2)
    nodes[1].serve("/echo/1", .echo)
    try simulation.connect(nodes[0], to: nodes[1])
    let stream = try nodes[0].open("/echo/1", to: nodes[1], .send(500_000))
    simulation.run(for: .milliseconds(50))
    for link in nodes[0].links(to: nodes[1]) { link.clog() }
    simulation.run(for: .seconds(20))
    for link in nodes[0].links(to: nodes[1]) { link.unclog() }
    try simulation.run(until: "all is back", timeout: .seconds(30)) { stream.isOver }
    #expect(stream.error == nil && stream.receivedCount == 500_000 && stream.matchesPattern, "\(simulation)")
}

@Test func aCutEndsStreamsWithAnError() throws {
    let simulation = Simulation(seed: 35)
    let nodes = try simulation.publicNodes(2)
    nodes[1].serve("/keep/1", .keep)
    try simulation.connect(nodes[0], to: nodes[1])
    let stream = try nodes[0].open("/keep/1", to: nodes[1])
    simulation.run(for: .seconds(1))
    nodes[0].links(to: nodes[1]).first?.cut()
    simulation.run(for: .seconds(1))
    #expect(stream.error == .connection(.link(errno: SimulatedErrno.reset)), "\(String(describing: stream.error)); \(simulation)")
    #expect(nodes[1].accepted.first?.isOver == true && !nodes[1].isConnected(to: nodes[0]), "\(simulation)")
}

@Test func pingsMeasureThePath() throws {
    let simulation = Simulation(seed: 36)
    let nodes = try simulation.publicNodes(2)
    try simulation.connect(nodes[0], to: nodes[1])
    simulation.run(for: .seconds(1))
    let request = nodes[0].ping(nodes[1])
    simulation.run(for: .seconds(1))
    guard case .pong(let interval)? = request.answer else {
        Issue.record("told \(String(describing: request.answer)); \(simulation)")
        return
    }
    #expect((40...100).contains(interval.milliseconds), "\(interval.milliseconds) ms; \(simulation)")
}

@Test func slowLinesAndSmallReadsChangeNothing() throws {
    let simulation = Simulation(seed: 37)
    var line = LineConditions(latency: .milliseconds(100), jitter: .milliseconds(40), bytesPerSecond: 200_000)
    line.buffer = 5000
    line.largestRead = 77
    let one = try simulation.addNode("one", ip: [192, 0, 0, 1], line: line)
    let two = try simulation.addNode("two", ip: [192, 0, 0, 2], line: line)
    two.serve("/echo/1", .echo)
    try simulation.connect(one, to: two)
    let stream = try one.open("/echo/1", to: two, .send(40_000))
    try simulation.run(until: "all is back", timeout: .seconds(120)) { stream.isOver }
    #expect(stream.error == nil && stream.receivedCount == 40_000 && stream.matchesPattern, "\(simulation)")
}
