import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

@Test func theQuickestGoodAddressWins() throws {
    let simulation = Simulation(seed: 21)
    let nodes = try simulation.publicNodes(2)
    let (one, two) = (nodes[0], nodes[1])
    // One address leads nowhere, one is refused, one works: the dead one must not be waited for.
    let dead = Multiaddr.tcp(ip: [192, 0, 9, 9], port: 4001).appending(two.peerID)
    let refused = Multiaddr.tcp(ip: two.host.addresses[0], port: 1).appending(two.peerID)
    let request = one.connect(to: two, at: [dead, refused, two.addresses[0]])
    try simulation.run(until: "connected", timeout: .seconds(10)) { request.isConnected }
    #expect(simulation.now.nanoseconds < 2_000_000_000, "\(simulation)")
    simulation.run(for: .seconds(1))
    let outcomes = one.dialAttempts
    #expect(Set(outcomes.map(\.address)).count == 3 && outcomes.count == 3, "one outcome for each address: \(outcomes); \(simulation)")
}

@Test func iPv6GoesFirstAndIPv4FollowsSoon() throws {
    let simulation = Simulation(seed: 22)
    let one = try simulation.addNode("one", ip: [192, 0, 0, 1], others: [[0x20, 1] + [UInt8](repeating: 0, count: 13) + [1]])
    let two = try simulation.addNode("two", ip: [192, 0, 0, 2], others: [[0x20, 1] + [UInt8](repeating: 0, count: 13) + [2]])
    let request = one.connect(to: two)
    try simulation.run(until: "connected", timeout: .seconds(5)) { request.isConnected }
    #expect(one.connections(to: two).first?.remoteAddress.components.first?.code == MultiaddrCode.ip6, "\(simulation)")
    // Where IPv6 is broken, IPv4 is tried a moment later and not after a timeout.
    let three = try simulation.addNode("three", ip: [192, 0, 0, 3])
    let nowhere = Multiaddr.tcp(ip: [0x20, 1] + [UInt8](repeating: 9, count: 14), port: 4001).appending(three.peerID)
    let start = simulation.now
    let second = one.connect(to: three, at: [nowhere, three.addresses[0]])
    try simulation.run(until: "connected over IPv4", timeout: .seconds(5)) { second.isConnected }
    #expect((simulation.now - start).milliseconds < 1500, "\(simulation)")
}

@Test func aPeerThatIsAwayIsNotDialledAgainAtOnce() throws {
    let simulation = Simulation(seed: 23)
    let nodes = try simulation.publicNodes(2)
    try simulation.connect(nodes[0], to: nodes[1])
    simulation.run(for: .seconds(2))
    nodes[1].crash()
    simulation.run(for: .seconds(1))
    // At addresses that it knows; one that the application names is tried at any time.
    let first = nodes[0].connect(to: nodes[1].peerID, at: [])
    try simulation.run(until: "the attempt fails", timeout: .seconds(20)) { first.outcomes != nil }
    let second = nodes[0].connect(to: nodes[1].peerID, at: [])
    simulation.run(for: .milliseconds(100))
    #expect(second.outcomes?.map(\.result) == [.backedOff], "\(String(describing: second.answer)); \(simulation)")
    try nodes[1].restart()
    let named = nodes[0].connect(to: nodes[1])
    try simulation.run(until: "connected", timeout: .seconds(20), found: "\(named.answer as Any)") { named.isConnected }
}

@Test func aCancelledDialIsAnsweredAndLeavesNothing() throws {
    let simulation = Simulation(seed: 24)
    let nodes = try simulation.publicNodes(2)
    let request = nodes[0].connect(to: nodes[1], at: [Multiaddr.tcp(ip: [192, 0, 9, 9], port: 1).appending(nodes[1].peerID)])
    simulation.run(for: .seconds(1))
    nodes[0].cancel(request)
    simulation.run(for: .seconds(1))
    #expect(request.answer == .cancelled, "\(simulation)")
    simulation.run(for: .seconds(200))
    #expect(nodes[0].host.links.isEmpty && nodes[0].connectionCount == 0, "\(simulation)")
}

@Test func somebodyElseAtTheAddressIsRefused() throws {
    let simulation = Simulation(seed: 25)
    let nodes = try simulation.publicNodes(3)
    let request = nodes[0].connect(to: nodes[1], at: [nodes[2].addresses[0].withoutPeerID])
    try simulation.run(until: "the answer is there", timeout: .seconds(20)) { request.isAnswered }
    let expected = ConnectionError.wrongPeer(expected: nodes[1].peerID, actual: nodes[2].peerID)
    #expect(request.outcomes?.map(\.result) == [.failed(expected)], "\(String(describing: request.answer)); \(simulation)")
    #expect(!nodes[0].isConnected(to: nodes[2]), "\(simulation)")
}

@Test func namesAreLookedUp() throws {
    let simulation = Simulation(seed: 26)
    let one = try simulation.addNode("one", ip: [192, 0, 0, 1])
    let two = try simulation.addNode("two", ip: [192, 0, 0, 2], webSocketPort: 80)
    simulation.names.set("two.example", addresses: [[192, 0, 0, 2]])
    simulation.names.set("all.example", dnsaddr: ["/dns4/two.example/tcp/80/ws/p2p/\(two.peerID)"])
    for text in ["/dns4/two.example/tcp/4001", "/dns/two.example/tcp/80/ws", "/dnsaddr/all.example"] {
        let request = one.connect(to: two, at: [try Multiaddr(text)])
        try simulation.run(until: "\(text) is connected", timeout: .seconds(10), found: "\(request.answer as Any)") { request.isConnected }
        one.hangUp(two)
        try simulation.run(until: "hung up", timeout: .seconds(5)) { !one.isConnected(to: two) && !two.isConnected(to: one) }
    }
    let unknown = one.connect(to: two, at: [try Multiaddr("/dns4/nobody.example/tcp/1")])
    try simulation.run(until: "the answer is there", timeout: .seconds(20)) { unknown.isAnswered }
    guard case .unresolved? = unknown.outcomes?.first?.result else {
        Issue.record("told \(String(describing: unknown.answer)); \(simulation)")
        return
    }
}

@Test func everyTransportCarriesAStream() throws {
    let simulation = Simulation(seed: 27)
    let one = try simulation.addNode("one", ip: [192, 0, 0, 1])
    let two = try simulation.addNode("two", ip: [192, 0, 0, 2], webSocketPort: 8080)
    two.serve("/echo/1", .echo)
    for address in two.addresses {
        let request = one.connect(to: two, at: [address])
        try simulation.run(until: "\(address) is connected", timeout: .seconds(10)) { request.isConnected }
        let stream = try one.open("/echo/1", to: two, .send(200_000))
        try simulation.run(until: "all is back", timeout: .seconds(20)) { stream.isOver }
        #expect(stream.error == nil && stream.receivedCount == 200_000 && stream.matchesPattern, "\(simulation)")
        one.hangUp(two)
        try simulation.run(until: "hung up", timeout: .seconds(5)) { !one.isConnected(to: two) && !two.isConnected(to: one) }
    }
}
