import CausewayConnection
import CausewayNode
import CausewaySimulation
import Testing

/// Keeps what a socket's owner hears.
private final class EventCollector: SimulatedSocketOwner {
    var heard: [UInt8] = []
    var ends: [Int32] = []
    var writables = 0
    var arrivals: [UInt64] = []
    let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func received(_ bytes: UnsafeMutableRawBufferPointer, on socket: SimulatedSocket) {
        heard += bytes
        arrivals.append(simulation.now.nanoseconds)
    }
    func writable(_ socket: SimulatedSocket) { writables += 1 }
    func closed(_ socket: SimulatedSocket, errno: Int32) { ends.append(errno) }
}

/// Two hosts with a connection, and the ears at its ends.
private struct Pair {
    let simulation: Simulation
    let one: SimulatedHost
    let two: SimulatedHost
    let near: SimulatedSocket
    let far: SimulatedSocket
    let nearEar: EventCollector
    let farEar: EventCollector

    init(seed: UInt64 = 1, line: LineConditions = LineConditions(), keepsLines: Bool = false) throws {
        simulation = Simulation(seed: seed, keepsLines: keepsLines)
        one = simulation.addHost("one", ip: [10, 0, 0, 1], line: line)
        two = simulation.addHost("two", ip: [10, 0, 0, 2], line: line)
        var accepted: SimulatedSocket?
        var connected: SimulatedSocket?
        try two.listen(on: 80) { accepted = $0 }
        one.connect(to: SimulatedAddress(ip: [10, 0, 0, 2], port: 80)) { connected = try? $0.get() }
        simulation.run(for: .seconds(1))
        near = try #require(connected)
        far = try #require(accepted)
        nearEar = EventCollector(simulation)
        farEar = EventCollector(simulation)
        near.owner = nearEar
        far.owner = farEar
    }

    func send(_ bytes: [UInt8]) -> Int { bytes.withUnsafeBytes { near.write($0) } }
}

@Test func bytesArriveInOrderAfterTheLatency() throws {
    let pair = try Pair()
    let start = pair.simulation.now
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    #expect(pair.send(bytes) == bytes.count)
    pair.simulation.run(for: .seconds(1))
    #expect(pair.farEar.heard == bytes)
    let first = try #require(pair.farEar.arrivals.first)
    #expect(first >= start.nanoseconds + 20_000_000)
}

@Test func aFullBufferHoldsTheWriterBack() throws {
    var line = LineConditions()
    line.buffer = 10_000
    let pair = try Pair(line: line)
    #expect(pair.send([UInt8](repeating: 1, count: 25_000)) == 10_000)
    #expect(pair.send([1]) == 0)
    pair.simulation.run(for: .seconds(1))
    #expect(pair.nearEar.writables == 1)
    #expect(pair.send([UInt8](repeating: 1, count: 5_000)) == 5_000)
}

@Test func aRateIsKept() throws {
    let pair = try Pair(line: LineConditions(latency: .milliseconds(1), bytesPerSecond: 100_000))
    let start = pair.simulation.now.nanoseconds
    _ = pair.send([UInt8](repeating: 7, count: 500_000))
    pair.simulation.run(for: .seconds(10))
    let last = try #require(pair.farEar.arrivals.last)
    #expect((5_000_000_000...5_100_000_000).contains(last - start))
}

@Test func anOrderlyEndComesBehindTheBytes() throws {
    let pair = try Pair()
    _ = pair.send([1, 2, 3])
    pair.near.close()
    pair.simulation.run(for: .seconds(1))
    #expect(pair.farEar.heard == [1, 2, 3])
    #expect(pair.farEar.ends == [0])
    #expect(pair.nearEar.ends.isEmpty)
    #expect(pair.one.links.isEmpty && pair.two.links.isEmpty)
}

@Test func aCutTellsBothEnds() throws {
    let pair = try Pair()
    pair.near.link.cut()
    pair.simulation.run(for: .seconds(1))
    #expect(pair.nearEar.ends == [SimulatedErrno.reset])
    #expect(pair.farEar.ends == [SimulatedErrno.reset])
}

@Test func aVanishedLinkTellsNobody() throws {
    let pair = try Pair()
    _ = pair.send([1])
    pair.near.link.vanish()
    pair.simulation.run(for: .seconds(3600))
    #expect(pair.farEar.heard.isEmpty)
    #expect(pair.farEar.ends.isEmpty && pair.nearEar.ends.isEmpty)
}

@Test func aCloggedLinkDeliversLater() throws {
    let pair = try Pair()
    pair.near.link.clog()
    _ = pair.send([1, 2])
    pair.simulation.run(for: .seconds(10))
    #expect(pair.farEar.heard.isEmpty)
    pair.near.link.unclog()
    pair.simulation.run(for: .seconds(1))
    #expect(pair.farEar.heard == [1, 2])
}

@Test func aKilledHostResetsAndASilentOneAnswersOnlyWhenItIsBack() throws {
    let pair = try Pair()
    pair.two.crash(silently: true)
    _ = pair.send([1])
    pair.simulation.run(for: .seconds(60))
    #expect(pair.nearEar.ends.isEmpty)
    pair.two.restart()
    _ = pair.send([2])
    pair.simulation.run(for: .seconds(1))
    #expect(pair.nearEar.ends == [SimulatedErrno.reset])

    let other = try Pair()
    other.two.crash(silently: false)
    other.simulation.run(for: .seconds(1))
    #expect(other.nearEar.ends == [SimulatedErrno.reset])
}

@Test func attemptsFailAsTheyDoOutside() throws {
    let simulation = Simulation(seed: 1)
    let one = simulation.addHost("one", ip: [10, 0, 0, 1])
    let two = simulation.addHost("two", ip: [10, 0, 0, 2])
    var errors: [Int32] = []
    let keep: (Result<SimulatedSocket, SimulatedNetworkError>) -> Void = { if case .failure(let error) = $0 { errors.append(error.errno) } }
    one.connect(to: SimulatedAddress(ip: [10, 0, 0, 2], port: 1), keep)
    simulation.run(for: .seconds(1))
    #expect(errors == [SimulatedErrno.refused])
    two.acceptsInbound = false
    one.connect(to: SimulatedAddress(ip: [10, 0, 0, 2], port: 1), keep)
    one.connect(to: SimulatedAddress(ip: [10, 0, 0, 9], port: 1), keep)
    let cancelled = one.connect(to: SimulatedAddress(ip: [10, 0, 0, 9], port: 1), keep)
    cancelled.cancel()
    simulation.run(for: .seconds(200))
    #expect(errors == [SimulatedErrno.refused, SimulatedErrno.timedOut, SimulatedErrno.timedOut])
}

@Test func oneSeedOneTrace() throws {
    func trace(_ seed: UInt64) throws -> SimulationTrace {
        let pair = try Pair(seed: seed, keepsLines: true)
        _ = pair.send([UInt8](repeating: 9, count: 100_000))
        pair.simulation.run(for: .seconds(1))
        return pair.simulation.trace
    }
    let first = try trace(5)
    let second = try trace(5)
    let other = try trace(6)
    #expect(first.hash == second.hash && first.lines == second.lines)
    #expect(first.hash != other.hash)
}

@Test func aLabelsStreamIsItsOwn() {
    let simulation = Simulation(seed: 3)
    var one = simulation.random("one")
    var again = simulation.random("one")
    var two = simulation.random("two")
    let drawn = (one.next(), again.next(), two.next())
    #expect(drawn.0 == drawn.1 && drawn.0 != drawn.2)
}

@Test func aTimeoutNamesTheSeed() {
    let simulation = Simulation(seed: 77)
    #expect(throws: SimulationFailure.self) { try simulation.run(until: "never", timeout: .seconds(1)) { false } }
    #expect(simulation.repeatCommand.contains("CAUSEWAY_SEED=77"))
    #expect(simulation.repeatCommand.contains("aTimeoutNamesTheSeed"))
    #expect(simulation.now.nanoseconds == 1_000_000_000)
}
