import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

/// Connects each node to `degree` others, so that the whole hangs together.
private func join(_ nodes: [SimulatedNode], degree: Int, in simulation: Simulation) throws {
    var random = simulation.random("topology")
    var requests: [SimulatedRequest] = []
    for (index, node) in nodes.enumerated().dropFirst() {
        requests.append(node.connect(to: nodes[index - 1]))
        for _ in 1..<degree {
            let other = nodes[random.below(index)]
            if other !== nodes[index - 1] { requests.append(node.connect(to: other)) }
        }
    }
    try simulation.run(until: "all are connected", timeout: .seconds(30)) { requests.allSatisfy(\.isConnected) }
}

@Test func aMeshOfFiftyDeliversEverythingExactlyOnce() throws {
    let simulation = Simulation(seed: 11)
    let nodes = try simulation.publicNodes(50)
    for node in nodes { node.subscribe("news") }
    try join(nodes, degree: 4, in: simulation)
    simulation.run(for: .seconds(5))
    var random = simulation.random("publishers")
    let texts = (0..<40).map { [UInt8]("message \($0)".utf8) }
    var authors: [Int] = []
    for text in texts {
        authors.append(random.below(nodes.count))
        nodes[authors.last!].publish("news", text)
        simulation.run(for: .milliseconds(150))
    }
    simulation.run(for: .seconds(10))
    for (index, node) in nodes.enumerated() {
        let expected = texts.indices.filter { authors[$0] != index }.map { texts[$0] }
        let got = node.messages("news").map(\.data)
        #expect(got.count == expected.count && Set(got) == Set(expected), "\(node.name); \(simulation)")
    }
}

@Test func aMeshHealsAfterAThirdOfItVanishes() throws {
    let simulation = Simulation(seed: 12)
    let nodes = try simulation.publicNodes(18)
    for node in nodes { node.subscribe("news") }
    try join(nodes, degree: 6, in: simulation)
    simulation.run(for: .seconds(5))
    for node in nodes.prefix(6) { node.crash(silently: false) }
    simulation.run(for: .seconds(10))
    let living = Array(nodes.dropFirst(6))
    for node in living { node.forgetEvents() }
    living[0].publish("news", [7])
    simulation.run(for: .seconds(5))
    #expect(living.dropFirst().allSatisfy { $0.messages("news").map(\.data) == [[7]] }, "\(simulation)")
}

@Test func aPublisherWithAnEmptyMeshReachesKnownSubscribersAtOnce() throws {
    let simulation = Simulation(seed: 13)
    let nodes = try simulation.publicNodes(4)
    for node in nodes.dropFirst() { node.subscribe("news") }
    for node in nodes.dropFirst() { try simulation.connect(nodes[0], to: node) }
    simulation.run(for: .milliseconds(500))
    // Not a subscriber itself: it has no mesh at all.
    let request = nodes[0].publish("news", [1])
    simulation.run(for: .milliseconds(100))
    #expect(request.answer == .published(peers: 3), "\(simulation)")
    #expect(nodes.dropFirst().allSatisfy { $0.messages("news").map(\.data) == [[1]] }, "\(simulation)")
}

@Test func aPublisherWithAThinMeshReachesKnownSubscribersAtOnce() throws {
    let simulation = Simulation(seed: 14)
    let nodes = try simulation.publicNodes(6) { $0.gossip?.parameters.firstHeartbeat = .seconds(3600) }
    for node in nodes { node.subscribe("news") }
    for node in nodes.dropFirst() { try simulation.connect(nodes[0], to: node) }
    simulation.run(for: .milliseconds(200))
    nodes[0].publish("news", [2])
    simulation.run(for: .milliseconds(200))
    #expect(nodes.dropFirst().allSatisfy { $0.messages("news").map(\.data) == [[2]] }, "\(simulation)")
}

@Test func aMessageFollowsTheConnectionAtOnce() throws {
    // js-libp2p refuses to publish as long as it knows no subscriber, so subscriptions have to come with the connection.
    let simulation = Simulation(seed: 15)
    let nodes = try simulation.publicNodes(2)
    nodes[1].subscribe("news")
    try simulation.connect(nodes[0], to: nodes[1])
    simulation.run(for: .milliseconds(150))
    #expect(nodes[0].publish("news", [3]).answer == .published(peers: 1), "\(simulation)")
}

@Test func heartbeatsFillMeshesToTheirSizeAndNoFurther() throws {
    let simulation = Simulation(seed: 16)
    let nodes = try simulation.publicNodes(25)
    for node in nodes { node.subscribe("news") }
    for (index, node) in nodes.enumerated() { for other in nodes[..<index] { node.connect(to: other) } }
    simulation.run(for: .seconds(30))
    for node in nodes {
        let mesh = node.mesh("news").count
        #expect((4...12).contains(mesh), "\(node.name) has a mesh of \(mesh); \(simulation)")
    }
}

@Test func gossipGoesThroughARelayThatCarriesTheTopic() throws {
    let world = try World(seed: 17, peers: 3)
    world.relay.subscribe("news")
    for peer in world.peers { peer.subscribe("news") }
    world.simulation.run(for: .seconds(3))
    world.peers[0].publish("news", [9])
    world.simulation.run(for: .seconds(2))
    #expect(world.peers.dropFirst().allSatisfy { $0.messages("news").map(\.data) == [[9]] }, world.comment)
}

@Test func twoPeersThatKnowOnlyTheRelayFindEachOtherAndConnect() throws {
    for topic in [DiscoveryTopic.protobuf, .json] {
        let world = try World(seed: 18, peers: 2, configure: { $0.discovery = [topic] })
        let (one, two) = (world.peers[0], world.peers[1])
        try world.simulation.run(until: "they know each other", timeout: .seconds(60)) {
            one.discovered.contains(two.peerID) && two.discovered.contains(one.peerID)
        }
        // What discovery told suffices: no address is given.
        let request = one.connect(to: two.peerID, at: [])
        try world.simulation.run(until: "they are connected", timeout: .seconds(20), found: "\(request.answer as Any)") {
            request.isConnected
        }
    }
}
