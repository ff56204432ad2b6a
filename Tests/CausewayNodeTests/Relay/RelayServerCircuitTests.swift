import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// A relay with a source (1) and a target (2) that holds a reservation.
private final class Circuits {
    let bench: ProtocolBench<RelayServer>
    let source: ConnectedLink
    let target: ConnectedLink

    init(_ change: (inout RelayLimits) -> Void = { _ in }) {
        var limits = RelayLimits()
        change(&limits)
        bench = ProtocolBench(RelayServer(limits: limits))
        source = bench.connect(1)
        target = bench.connect(2)
        bench.ask(.reserve, on: target)
        _ = bench.take()
    }

    var counts: RelayCounters { bench.machine.counts }

    /// Sends CONNECT; nil: it was refused, and by which status is in `bench`.
    func connect(_ number: UInt8 = 2, from link: ConnectedLink? = nil) -> (hop: StreamKey, stop: StreamKey?) {
        let hop = bench.open(on: link ?? source)
        let before = bench.opened.count
        bench.receive(HopCodec.encode(HopMessage.connect(peer: peer(number).bytes)), on: hop)
        return (hop, bench.opened.count > before ? bench.opened.last : nil)
    }

    func status(_ stream: StreamKey) -> UInt16? {
        guard case .status(let status, _, _)? = bench.hopAnswer(on: stream) else { return nil }
        return status
    }

    func splices() -> [NodeOutput] {
        bench.collect()
        return bench.outputs.filter {
            if case .splice = $0 { return true }
            return false
        }
    }
}

@Test func aCircuitIsSplicedWhenItsTargetAgrees() throws {
    let circuits = Circuits()
    let (hop, stop) = circuits.connect()
    let stopStream = try #require(stop)
    #expect(stopStream.link == circuits.target.id)
    #expect(
        circuits.bench.stopMessage(on: stopStream) == .connect(peer: peer(1).bytes, limit: CircuitLimit(bytes: 131_072, seconds: 120)))
    #expect(circuits.counts.pendingCircuits == 1)
    circuits.bench.receive(HopCodec.encode(StopMessage.status(100)), on: stopStream)
    let limit = CircuitLimit(bytes: 131_072, seconds: 120)
    #expect(circuits.bench.hopAnswer(on: hop) == .status(100, reservation: nil, limit: limit))
    #expect(circuits.splices() == [.splice(circuit: 1, hop, stopStream, limit: limit)])
    #expect(circuits.counts.circuits == 1)
    #expect(circuits.counts.hopStreams == 0)

    circuits.bench.node.now = Instant(nanoseconds: 5_000_000_000)
    circuits.bench.machine.spliceEnded(circuit: 1, sent: 100, returned: 50, limit: nil, in: circuits.bench.node)
    #expect(
        circuits.bench.relayEvents.last
            == .circuitClosed(circuit: 1, source: peer(1), target: peer(2), sent: 100, returned: 50, lasted: .seconds(5), limit: nil))
    #expect(circuits.counts.circuits == 0)
    #expect(circuits.counts.bytesMoved == 150)
    // A second report changes nothing.
    circuits.bench.machine.spliceEnded(circuit: 1, sent: 100, returned: 50, limit: nil, in: circuits.bench.node)
    #expect(circuits.counts.bytesMoved == 150)
}

@Test func anUnlimitedCircuitTellsNoLimitToEitherEnd() throws {
    let circuits = Circuits { $0.circuit = .unlimited }
    let (hop, stop) = circuits.connect()
    let stopStream = try #require(stop)
    #expect(circuits.bench.stopMessage(on: stopStream) == .connect(peer: peer(1).bytes, limit: nil))
    circuits.bench.receive(HopCodec.encode(StopMessage.status(100)), on: stopStream)
    #expect(circuits.bench.hopAnswer(on: hop) == .status(100, reservation: nil, limit: nil))
}

@Test func theTargetIsAskedOnItsNewestDirectConnection() throws {
    let circuits = Circuits()
    let reloaded = circuits.bench.connect(2)
    circuits.bench.connect(2, relayed: true)
    #expect(try #require(circuits.connect().stop).link == reloaded.id)
    circuits.bench.disconnect(reloaded, streams: [])
    #expect(try #require(circuits.connect().stop).link == circuits.target.id)
}

@Test func circuitsThatMayNotBeAreRefused() {
    let circuits = Circuits()
    let bench = circuits.bench
    // Connected but without a reservation; unknown; itself; the relay; a broken peer id; over a relayed connection.
    bench.connect(3)
    #expect(circuits.status(circuits.connect(3).hop) == HopStatus.noReservation)
    #expect(circuits.status(circuits.connect(9).hop) == HopStatus.noReservation)
    #expect(circuits.status(circuits.connect(1).hop) == HopStatus.permissionDenied)
    #expect(circuits.status(circuits.connect(100).hop) == HopStatus.noReservation)
    for broken in [[], [1, 2, 3], [UInt8](repeating: 0, count: 100)] as [[UInt8]] {
        #expect(bench.ask(.connect(peer: broken), on: circuits.source) == .status(400, reservation: nil, limit: nil))
    }
    let relayed = bench.connect(4, relayed: true)
    #expect(circuits.status(circuits.connect(2, from: relayed).hop) == HopStatus.permissionDenied)
    #expect(bench.opened.isEmpty)
    #expect(circuits.counts.circuitsRefused == 8)
    #expect(bench.relayEvents.first == .circuitRefused(source: peer(1), target: peer(3), status: 204, limit: nil))
}

@Test func aReservationThatEndedAdmitsNobody() {
    let circuits = Circuits()
    circuits.bench.run(.seconds(3600))
    #expect(circuits.status(circuits.connect().hop) == HopStatus.noReservation)
    let bench = Circuits()
    bench.bench.disconnect(bench.target)
    #expect(bench.status(bench.connect().hop) == HopStatus.noReservation)
}

@Test func circuitsAreCountedPerPeerAndInAll() throws {
    let circuits = Circuits {
        $0.circuits = 4
        $0.circuitsPerPeer = 2
    }
    let bench = circuits.bench
    let third = bench.connect(3)
    let fourth = bench.connect(4)
    bench.ask(.reserve, on: fourth)
    let first = circuits.connect()
    let second = circuits.connect()
    #expect(second.stop != nil)
    // The source is full, then the target; then the relay.
    #expect(circuits.status(circuits.connect(4).hop) == HopStatus.resourceLimitExceeded)
    #expect(
        bench.relayEvents.last == .circuitRefused(source: peer(1), target: peer(4), status: 201, limit: ReachedLimit(.circuitsPerPeer, 2)))
    #expect(circuits.status(circuits.connect(2, from: third).hop) == HopStatus.resourceLimitExceeded)
    _ = circuits.connect(4, from: third)
    _ = circuits.connect(4, from: third)
    let fifth = bench.connect(5)
    #expect(circuits.status(circuits.connect(4, from: fifth).hop) == HopStatus.resourceLimitExceeded)
    #expect(bench.relayEvents.last == .circuitRefused(source: peer(5), target: peer(4), status: 201, limit: ReachedLimit(.circuits, 4)))
    // One that failed gives its places back.
    bench.receive(HopCodec.encode(StopMessage.status(203)), on: try #require(first.stop))
    #expect(circuits.connect().stop != nil)
}

@Test func aSourceHoldsAShareOfATargetsCircuits() throws {
    let circuits = Circuits()
    let bench = circuits.bench
    let first = circuits.connect()
    for _ in 2...4 { #expect(circuits.connect().stop != nil) }
    for _ in 1...20 { #expect(circuits.status(circuits.connect().hop) == HopStatus.resourceLimitExceeded) }
    #expect(
        bench.relayEvents.last == .circuitRefused(source: peer(1), target: peer(2), status: 201, limit: ReachedLimit(.circuitsPerSource, 4))
    )
    // A friend gets in, and the source to somebody else, and again once one of its own has failed.
    #expect(circuits.connect(from: bench.connect(3)).stop != nil)
    bench.ask(.reserve, on: bench.connect(4))
    #expect(circuits.connect(4).stop != nil)
    bench.receive(HopCodec.encode(StopMessage.status(203)), on: try #require(first.stop))
    #expect(circuits.connect().stop != nil)
}

@Test func allSourcesOfOnePlaceShareATargetsCircuits() throws {
    let circuits = Circuits()
    let bench = circuits.bench
    func answers(_ numbers: ClosedRange<UInt8>, at place: (UInt8) -> String) -> [UInt16?] {
        numbers.map { circuits.status(circuits.connect(from: bench.connect($0, at: place($0))).hop) }
    }
    // Nobody answers yet, so nil is for those whose target is being asked.
    let refused: [UInt16?] = Array(repeating: 201, count: 12)
    #expect(answers(11...26) { "/ip4/192.0.2.7/tcp/\($0)" } == [nil, nil, nil, nil] + refused)
    #expect(
        bench.relayEvents.last
            == .circuitRefused(source: peer(26), target: peer(2), status: 201, limit: ReachedLimit(.circuitsPerSource, 4)))
    #expect(answers(30...30) { _ in "/ip4/192.0.2.8/tcp/1" } == [nil])
    // A /56 of IPv6 has as many, the /48 around it twice as many.
    #expect(answers(31...35) { "/ip6/2001:db8:1:100::\($0)/tcp/1" } == [nil, nil, nil, nil, 201])
    #expect(answers(36...45) { "/ip6/2001:db8:1:\($0)00::1/tcp/1" } == [nil, nil, nil, nil] + refused.prefix(6))
    #expect(answers(46...46) { _ in "/ip6/2001:db8:2::1/tcp/1" } == [nil])
    #expect(bench.machine.shares.isEmpty == false)
    for stop in bench.opened { bench.receive(HopCodec.encode(StopMessage.status(203)), on: stop) }
    #expect(bench.machine.shares.isEmpty)
}

@Test func onePlaceHoldsAShareOfAllCircuits() {
    let circuits = Circuits { $0.circuitsPerAddress = 3 }
    let bench = circuits.bench
    for number in UInt8(10)...15 { bench.ask(.reserve, on: bench.connect(number)) }
    let source = bench.connect(20, at: "/ip4/192.0.2.7/tcp/1")
    for target in UInt8(10)...12 { #expect(circuits.connect(target, from: source).stop != nil) }
    let other = bench.connect(21, at: "/ip4/192.0.2.7/tcp/2")
    #expect(circuits.status(circuits.connect(13, from: other).hop) == 201)
    #expect(
        bench.relayEvents.last
            == .circuitRefused(source: peer(21), target: peer(13), status: 201, limit: ReachedLimit(.circuitsPerAddress, 3)))
    #expect(circuits.connect(13, from: bench.connect(22, at: "/ip4/192.0.2.8/tcp/1")).stop != nil)
}

@Test func aTargetThatRefusesOrFailsIsToldAsConnectionFailed() throws {
    let answers: [(ProtocolBench<RelayServer>, StreamKey) -> Void] = [
        { $0.receive(HopCodec.encode(StopMessage.status(202)), on: $1) },
        { $0.receive([2, 0x08, 1], on: $1) },  // STATUS without a status
        { $0.receive([0x81, 0x20], on: $1) },  // 4,097 bytes
        { $0.receive(HopCodec.encode(StopMessage.connect(peer: peer(1).bytes, limit: nil)), on: $1) },
        { $0.receive([3, 0xff, 0xff, 0xff], on: $1) },
        { $0.machine.finished($1, in: $0.node) },
        { $0.machine.closed($1, error: .unsupportedProtocol, in: $0.node) },
        { bench, _ in bench.run(.seconds(30)) },
    ]
    for answer in answers {
        let circuits = Circuits()
        let (hop, stop) = circuits.connect()
        answer(circuits.bench, try #require(stop))
        #expect(circuits.status(hop) == HopStatus.connectionFailed)
        #expect(circuits.counts.pendingCircuits == 0)
        #expect(circuits.splices().isEmpty)
        // The neighbour is untouched: the next circuit works.
        #expect(circuits.connect().stop != nil)
    }
}

@Test func aSourceThatGivesUpIsForgottenAndTheTargetTold() throws {
    let ends: [(ProtocolBench<RelayServer>, StreamKey) -> Void] = [
        { $0.machine.finished($1, in: $0.node) },
        { $0.machine.closed($1, error: .reset(code: 0), in: $0.node) },
    ]
    for end in ends {
        let circuits = Circuits()
        let (hop, stop) = circuits.connect()
        end(circuits.bench, hop)
        #expect(circuits.bench.wasReset(try #require(stop)))
        #expect(circuits.counts.pendingCircuits == 0)
        #expect(circuits.counts.hopStreams == 0)
        #expect(circuits.bench.machine.shares.isEmpty)
    }
}

@Test func theTimeOfACircuitIsTheRelaysToEnd() throws {
    let circuits = Circuits()
    let (_, stop) = circuits.connect()
    circuits.bench.receive(HopCodec.encode(StopMessage.status(100)), on: try #require(stop))
    _ = circuits.bench.take()
    circuits.bench.run(.seconds(119))
    #expect(circuits.bench.take().isEmpty)
    circuits.bench.run(.seconds(1))
    #expect(circuits.bench.take() == [.endSplice(circuit: 1)])
    circuits.bench.machine.spliceEnded(circuit: 1, sent: 1, returned: 2, limit: nil, in: circuits.bench.node)
    guard case .circuitClosed(_, _, _, 1, 2, .seconds(120), .circuitDuration)? = circuits.bench.relayEvents.last else {
        Issue.record("not told as the duration's limit")
        return
    }
}

@Test func circuitsLiveOnWhenTheReservationOnlyExpires() throws {
    let circuits = Circuits { $0.circuit = .unlimited }
    let (_, stop) = circuits.connect()
    circuits.bench.receive(HopCodec.encode(StopMessage.status(100)), on: try #require(stop))
    circuits.bench.run(.seconds(4000))
    #expect(circuits.counts.reservations == 0)
    #expect(circuits.counts.circuits == 1)
    #expect(circuits.bench.machine.nextDeadline == .distantFuture)
}

@Test func brokenHopMessagesAreAnsweredByTheirStatus() {
    let circuits = Circuits()
    let bench = circuits.bench
    let cases: [([UInt8], UInt16)] = [
        ([0x81, 0x20], 400),  // announces 4,097 bytes
        ([0xff, 0xff, 0xff, 0xff], 400),
        ([0], 400),  // no type
        ([2, 0x28, 100], 400),
        ([2, 0x08, 2], 400),  // STATUS without a status
        ([2, 0x08, 9], 401),
        ([4, 0x08, 2, 0x28, 100], 401),  // STATUS, which only a relay says
        ([4, 0x08, 1, 0x12, 0x50], 400),  // a peer that runs over the end
    ]
    for (bytes, status) in cases { #expect(bench.ask(bytes, on: circuits.source) == .status(status, reservation: nil, limit: nil)) }
    #expect(circuits.counts.hopStreams == 0)
    #expect(bench.ask(.reserve, on: circuits.source) != nil)
}

@Test func silentStreamsAreResetAndBounded() {
    let circuits = Circuits {
        $0.hopStreamsPerConnection = 3
        $0.hopStreams = 4
    }
    let bench = circuits.bench
    let silent = (0..<3).map { _ in bench.open(on: circuits.source) }
    #expect(bench.wasReset(bench.open(on: circuits.source)))
    // Another connection has room; when the relay has none, the oldest of the address goes.
    let others = (0..<2).map { _ in bench.open(on: circuits.target) }
    #expect((silent + others).map { bench.wasReset($0) } == [true, false, false, false, false])
    bench.receive([0x10, 0x08], on: silent[1])
    bench.run(.seconds(60))
    for stream in silent + others { #expect(bench.wasReset(stream)) }
    #expect(circuits.counts.hopStreams == 0)
    #expect(bench.ask(.reserve, on: circuits.source) != nil)
}

@Test func whoeverHoldsAllHopStreamsKeepsNobodyOut() {
    let circuits = Circuits {
        $0.hopStreamsPerConnection = 4
        $0.hopStreams = 9
    }
    let bench = circuits.bench
    let quiet = bench.open(on: bench.connect(20, at: "/ip4/198.51.100.1/tcp/1"))
    let taken = (0..<2).flatMap { index in
        let link = bench.connect(UInt8(30 + index), at: "/ip4/203.0.113.9/tcp/1")
        return (0..<4).map { _ in bench.open(on: link) }
    }
    // A newcomer gets a place each time, and only the one that holds most pays, its oldest first.
    for index in 0..<3 {
        let newcomer = bench.connect(UInt8(40 + index), at: "/ip4/192.0.2.\(index)/tcp/1")
        #expect(bench.ask(.reserve, on: newcomer) != nil)
        #expect(taken.map { bench.wasReset($0) } == taken.indices.map { $0 == 0 })
    }
    // Those that wait for their circuits do not pay either.
    let waiting = (0..<4).map { _ in circuits.connect().hop }
    #expect(taken.count { bench.wasReset($0) } == 4)
    #expect(!bench.wasReset(quiet) && waiting.allSatisfy { !bench.wasReset($0) })
}

@Test func anAnsweredStreamThatGoesOnTalkingIsReset() {
    let circuits = Circuits()
    let stream = circuits.bench.open(on: circuits.source)
    circuits.bench.receive(HopCodec.encode(HopMessage.reserve), on: stream)
    circuits.bench.collect()
    #expect(circuits.bench.outputs.contains(.link(stream.link, .finish(stream: stream.stream))))
    circuits.bench.receive(HopCodec.encode(HopMessage.reserve), on: stream)
    #expect(circuits.bench.wasReset(stream))
    #expect(circuits.counts.hopStreams == 0)
}

@Test func aCircuitOpenedAndNeverAnsweredHoldsNothingAfterItsTime() throws {
    let circuits = Circuits()
    for _ in 0..<4 { #expect(circuits.connect().stop != nil) }
    #expect(circuits.counts.pendingCircuits == 4)
    circuits.bench.run(.seconds(31))
    #expect(circuits.counts.pendingCircuits == 0)
    circuits.bench.run(.seconds(61))
    #expect(circuits.counts.hopStreams == 0)
    #expect(circuits.bench.machine.asking.isEmpty)
}
