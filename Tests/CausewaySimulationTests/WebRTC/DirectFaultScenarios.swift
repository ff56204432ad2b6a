import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayWebRTC
import Testing

@testable import CausewaySimulation

// Paths that end, come back or change.

/// So slow that a megabyte takes a while.
private let line = LineConditions(latency: .milliseconds(10), bytesPerSecond: 500_000)

@Test(arguments: seeds(6)) func aCableCutForAWhileIsSurvived(seed: UInt64) throws {
    let pair = try DirectPair(seed: seed, line: line)
    try pair.connect()
    let stream = try pair.dialler.open("/echo/1", to: pair.listener, .send(1 << 20))
    pair.simulation.run(for: .milliseconds(300))
    pair.dialler.host.line.loss = 1
    pair.simulation.run(for: .seconds(5))
    #expect(!stream.isOver && pair.isConnected, pair.comment)
    let before = stream.receivedCount
    pair.dialler.host.line.loss = 0
    try pair.simulation.run(until: "bytes flow again", timeout: .seconds(10)) { stream.receivedCount > before }
    try pair.simulation.run(until: "all is back", timeout: .seconds(60)) { stream.isOver }
    #expect(stream.error == nil && stream.receivedCount == 1 << 20 && stream.matchesPattern, pair.comment)
    #expect(pair.isConnected && pair.ends(at: pair.dialler).isEmpty && pair.ends(at: pair.listener).isEmpty, pair.comment)
}

/// Consent ends 30 s after the last answer (RFC 7675), at both ends.
@Test func aCableThatStaysCutEndsTheConnection() throws {
    let pair = try DirectPair(seed: 31, line: line)
    try pair.connect()
    let stream = try pair.dialler.open("/echo/1", to: pair.listener, .send(1 << 20))
    pair.simulation.run(for: .milliseconds(300))
    pair.dialler.host.line.loss = 1
    pair.simulation.run(for: .seconds(20))
    #expect(pair.isConnected, pair.comment)
    pair.simulation.run(for: .seconds(16))
    #expect(stream.isOver && stream.error == .connection(.timedOut(.transport)), "\(String(describing: stream.error)); \(pair.simulation)")
    #expect(pair.ends(at: pair.dialler) == [.timedOut(.transport)], pair.comment)
    #expect(pair.ends(at: pair.listener) == [.timedOut(.transport)], pair.comment)
    pair.expectNothingLeft()
}

@Test(arguments: [true, false]) func aListenerThatIsGoneIsNoticed(silently: Bool) throws {
    let pair = try DirectPair(seed: 32)
    try pair.connect()
    pair.simulation.run(for: .seconds(1))
    pair.listener.crash(silently: silently)
    let start = pair.simulation.now
    try pair.simulation.run(until: "the dialler knows", timeout: .seconds(40)) { !pair.dialler.isConnected(to: pair.listener) }
    #expect((pair.simulation.now - start).seconds >= 20, pair.comment)
    #expect(pair.ports(of: pair.dialler).isEmpty, pair.comment)
}

/// The dialler's NAT forgets its mapping, and gives it another port: the listener follows the next check that the dialler's credentials
/// prove (RFC 8445 knows no such thing; a lite agent that did not would lose everybody behind such NATs).
@Test(arguments: seeds(6)) func aListenerFollowsAnAddressThatChanges(seed: UInt64) throws {
    let nat = NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
    let pair = try DirectPair(seed: seed, nat: nat, line: line)
    try pair.connect()
    let first = try #require(pair.remote(of: pair.listener))
    let stream = try pair.dialler.open("/echo/1", to: pair.listener, .send(2 << 20))
    pair.simulation.run(for: .milliseconds(500))
    pair.simulation.network.routers[0].restart()
    let before = stream.receivedCount
    try pair.simulation.run(until: "bytes flow again", timeout: .seconds(20)) { stream.receivedCount > before + 100_000 }
    let second = try #require(pair.remote(of: pair.listener))
    #expect(first != second && first.ip == second.ip, "\(first), \(second); \(pair.simulation)")
    try pair.simulation.run(until: "all is back", timeout: .seconds(60)) { stream.isOver }
    #expect(stream.error == nil && stream.matchesPattern && stream.receivedCount == 2 << 20, pair.comment)
    #expect(pair.ends(at: pair.listener).isEmpty, pair.comment)
}

/// The same while nobody has anything to say.
@Test func anIdleConnectionSurvivesARestartOfItsRouter() throws {
    let pair = try DirectPair(seed: 33, nat: NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent))
    try pair.connect()
    for _ in 0..<5 {
        pair.simulation.run(for: .seconds(60))
        pair.simulation.network.routers[0].restart()
    }
    pair.simulation.run(for: .seconds(30))
    #expect(pair.isConnected && pair.ends(at: pair.dialler).isEmpty, pair.comment)
    try pair.echo(10_000, from: pair.listener, to: pair.dialler)
}
