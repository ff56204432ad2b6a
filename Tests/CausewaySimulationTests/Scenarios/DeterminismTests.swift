import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

/// A bit of everything: reservations, discovery, gossip, circuits, faults.
private func trace(seed: UInt64) throws -> SimulationTrace {
    let world = try World(seed: seed, peers: 6, keepsLines: true, configure: { $0.discovery = [.json, .protobuf] })
    world.relay.subscribe("news")
    for peer in world.peers {
        peer.subscribe("news")
        peer.serve("/echo/1", .echo)
    }
    world.simulation.run(for: .seconds(15))
    for (index, peer) in world.peers.enumerated() {
        peer.publish("news", [UInt8](repeating: UInt8(index), count: 100))
        let other = world.peers[(index + 1) % world.peers.count]
        peer.connect(to: other, at: [other.address(through: world.relay)])
    }
    world.simulation.run(for: .seconds(5))
    for (index, peer) in world.peers.enumerated() {
        _ = try? peer.open("/echo/1", to: world.peers[(index + 1) % world.peers.count], .send(20_000))
    }
    world.simulation.run(for: .seconds(3))
    world.peers[2].crash(silently: true)
    world.simulation.run(for: .seconds(60))
    try world.peers[2].restart()
    world.peers[2].reserve(at: world.relay)
    world.relay.crash(silently: false)
    world.simulation.run(for: .seconds(5))
    try world.relay.restart()
    world.simulation.run(for: .seconds(120))
    return world.simulation.trace
}

@Test func twoRunsOfOneSeedAreEqual() throws {
    let first = try trace(seed: 41)
    let second = try trace(seed: 41)
    if let index = zip(first.lines, second.lines).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset {
        Issue.record("line \(index) differs:\n  \(first.lines[index])\n  \(second.lines[index])")
    }
    #expect(first.lines.count > 500)
    #expect(first.hash == second.hash && first.lines == second.lines)
    #expect(try trace(seed: 42).hash != first.hash)
}

/// Each process scrambles the order of dictionaries and sets in its own way: whatever hangs on it shows here.
@Test func twoProcessesRunOneSeedEqually() async throws {
    let child = try await #require(processExitsWith: .success, observing: [\.standardOutputContent]) {
        print("trace \(try trace(seed: 43).hash) end")
    }
    let output = String(decoding: child.standardOutputContent, as: UTF8.self)
    let expected = try trace(seed: 43).hash
    #expect(output.contains("trace \(expected) end"), "the other process said \(output.suffix(200)), this one \(expected)")
}
