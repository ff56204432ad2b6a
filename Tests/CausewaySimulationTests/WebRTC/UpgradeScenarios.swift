import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

// Nodes that are connected through a relay, and connect directly by WebRTC wherever there is a path.

/// Behind every pair of networks: the direct connection stands exactly where packets can meet. Where they cannot, the circuit stays.
@Test(arguments: Site.every.indices) func webRTCConnectsWhereTheOracleSays(index: Int) throws {
    let one = Site.every[index]
    for other in Site.every[index...] {
        // Who offers matters to nobody; so that both come to it, they take turns.
        let turns = (index + other.description.utf8.count) % 2 == 0
        let (first, second) = turns ? (one, other) : (other, one)
        let pair = try RelayedPair(seed: 7, first, second)
        try pair.meet()
        let path = NATOracle.path(from: pair.offerer.host, to: pair.answerer.host, over: .udp)
        let cell = "\(first) - \(second), by the oracle \(path); \(pair.simulation)"
        if path == .none {
            pair.simulation.run(for: .seconds(60))
            #expect(!pair.isDirect, "\(cell)")
            #expect(!pair.offerer.dialAttempts.filter { $0.result != .connected }.isEmpty, "\(cell)")
        } else {
            try pair.simulation.run(until: "a direct connection: \(cell)", timeout: .seconds(20)) { pair.isDirect }
        }
        try pair.echo(2000, from: pair.offerer, to: pair.answerer)
        try pair.echo(2000, from: pair.answerer, to: pair.offerer)
        #expect(pair.offerer.connections(to: pair.answerer).contains { $0.path == .direct(.webRTC) } == (path != .none), "\(cell)")
    }
}

/// What was made through the relay needs it no more.
@Test func aDirectConnectionOutlivesTheRelay() throws {
    let pair = try RelayedPair(seed: 61, .portRestricted, .restrictedCone)
    try pair.meet()
    try pair.simulation.run(until: "a direct connection", timeout: .seconds(20)) { pair.isDirect }
    pair.relay.crash()
    pair.simulation.run(for: .seconds(120))
    #expect(pair.isDirect, pair.comment)
    #expect(pair.offerer.connections(to: pair.answerer).map(\.path) == [.direct(.webRTC)], pair.comment)
    try pair.echo(1 << 20, from: pair.offerer, to: pair.answerer)
    try pair.echo(1 << 20, from: pair.answerer, to: pair.offerer)
}

/// The circuit was there first, and is closed when it has nothing to do.
@Test func theCircuitGoesWhenItIsIdle() throws {
    let pair = try RelayedPair(seed: 62, .portRestricted, .portRestricted)
    try pair.meet()
    let stream = try pair.offerer.open("/echo/1", to: pair.answerer)
    stream.write([1, 2, 3])
    try pair.simulation.run(until: "a direct connection", timeout: .seconds(20)) { pair.isDirect }
    pair.simulation.run(for: .seconds(60))
    #expect(!stream.isOver && pair.offerer.connections(to: pair.answerer).count == 2, pair.comment)
    stream.finish()
    pair.simulation.run(for: .seconds(60))
    #expect(stream.isOver && stream.received == [1, 2, 3], pair.comment)
    #expect(pair.offerer.connections(to: pair.answerer).map(\.path) == [.direct(.webRTC)], pair.comment)
}

/// A cable that is cut ends the direct connection, and by the relay there is another one later.
@Test func aDirectConnectionThatWasLostComesBack() throws {
    let pair = try RelayedPair(seed: 63, .portRestricted, .fullCone)
    try pair.meet()
    try pair.simulation.run(until: "a direct connection", timeout: .seconds(20)) { pair.isDirect }
    pair.offerer.host.line.loss = 1
    try pair.simulation.run(until: "its end is known", timeout: .seconds(60)) { !pair.isDirect }
    pair.offerer.host.line.loss = 0
    pair.simulation.run(for: .seconds(120))
    if !pair.offerer.isConnected(to: pair.answerer) { try pair.meet() }
    try pair.simulation.run(until: "another direct connection", timeout: .seconds(60)) { pair.isDirect }
    try pair.echo(5000, from: pair.offerer, to: pair.answerer)
}
