import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let relayText = "/ip4/192.0.2.1/tcp/4001"

/// A client (100) with a link to a relay (1), dialling peer 2 as link 1000.
private final class Dial {
    let bench = ProtocolBench(RelayClient())
    let relay: ConnectedLink
    let stream: StreamKey
    static let link: UInt32 = 1000

    init() {
        relay = bench.connect(1, at: relayText, inbound: false)
        bench.machine.dialCircuit(
            link: Dial.link, over: relay, relayAddress: address(relayText + "/p2p/" + peer(1).description), target: peer(2), in: bench.node)
        stream = bench.opened[0]
    }

    var failures: [DialOutcome.Result] {
        bench.collect()
        return bench.failedPaths.map { $0.result }
    }
    var failure: DialOutcome.Result? { failures.last }
    var circuits: [NodeOutput] {
        bench.collect()
        return bench.outputs.filter {
            if case .circuit = $0 { return true }
            return false
        }
    }
}

@Test(arguments: [("causeway/0.1.0", UInt32(36_000)), ("kubo/0.38.0", 36_000), ("js-libp2p/3.1.0", 36), ("", 36)])
func tenHoursOfARelayThatWritesSecondsAreTenHours(agent: String, seconds: UInt32) {
    let dial = Dial()
    dial.bench.node.peers.describe(PeerDescription(peer: peer(1), agent: Array(agent.utf8)))
    let limit = CircuitLimit(bytes: nil, seconds: 36_000)
    dial.bench.receive(HopCodec.encode(.status(100, reservation: nil, limit: limit)), on: dial.stream)
    #expect(dial.bench.node.expectedLinks[Dial.link]?.path.limit == CircuitLimit(bytes: nil, seconds: seconds))
}

@Test func aDialledCircuitRunsWhenTheRelayAgrees() {
    let dial = Dial()
    #expect(dial.bench.hopAnswer(on: dial.stream) == .connect(peer: peer(2).bytes))
    let limit = CircuitLimit(bytes: 131_072, seconds: 120)
    dial.bench.receive(HopCodec.encode(.status(100, reservation: nil, limit: limit)), on: dial.stream)
    #expect(dial.circuits == [.circuit(link: Dial.link, over: dial.stream, initiator: true, expecting: peer(2), limit: limit)])
    let expected = dial.bench.node.expectedLinks[Dial.link]
    let remote = "\(relayText)/p2p/\(peer(1).description)/p2p-circuit/p2p/\(peer(2).description)"
    #expect(expected?.remoteAddress == address(remote))
    #expect(expected?.path.limit == limit)
    #expect(expected?.carrier == dial.relay.id)
    #expect(expected?.isInbound == false)
    #expect(dial.failure == nil)
    #expect(dial.bench.machine.streams.count == 0)
}

@Test func aCircuitWithoutALimitIsNotLimited() {
    for limit in [nil, CircuitLimit.unlimited] {
        let dial = Dial()
        dial.bench.receive(HopCodec.encode(.status(100, reservation: nil, limit: limit)), on: dial.stream)
        #expect(dial.bench.node.expectedLinks[Dial.link]?.path.limit == nil)
    }
    // Present, with fields that are 0.
    let dial = Dial()
    dial.bench.receive([10, 0x08, 2, 0x22, 4, 0x08, 0, 0x10, 0, 0x28, 100], on: dial.stream)
    #expect(dial.circuits.count == 1)
    #expect(dial.bench.node.expectedLinks[Dial.link]?.path.limit == nil)
}

@Test func everyStatusOfARefusalReachesTheDialler() {
    for status in [200, 201, 202, 203, 204, 400, 401, 0, 65_535] as [UInt16] {
        let dial = Dial()
        dial.bench.receive(HopCodec.encode(.status(status, reservation: nil, limit: nil)), on: dial.stream)
        #expect(dial.failure == .refusedByRelay(status: status))
        #expect(dial.circuits.isEmpty)
    }
}

@Test func aRelayThatBreaksTheProtocolIsNamedAsSuch() {
    func failure(_ play: (Dial) -> Void) -> DialOutcome.Result? {
        let dial = Dial()
        play(dial)
        #expect(dial.failures.count == 1)
        #expect(dial.bench.machine.streams.count == 0)
        return dial.failure
    }
    func fault(_ fault: RelayFault) -> DialOutcome.Result { .failed(.peerFault(.circuit, code: UInt16(fault.rawValue))) }
    #expect(failure { $0.bench.receive([2, 0x08, 2], on: $0.stream) } == fault(.missingStatus))
    #expect(failure { $0.bench.receive([0x81, 0x20], on: $0.stream) } == fault(.messageTooLarge))
    #expect(failure { $0.bench.receive([0], on: $0.stream) } == fault(.malformed))
    #expect(failure { $0.bench.receive(HopCodec.encode(HopMessage.reserve), on: $0.stream) } == fault(.unexpectedType))
    #expect(failure { $0.bench.machine.finished($0.stream, in: $0.bench.node) } == fault(.endedEarly))
    #expect(failure { $0.bench.machine.closed($0.stream, error: .reset(code: 0), in: $0.bench.node) } == fault(.endedEarly))
    #expect(
        failure { $0.bench.machine.closed($0.stream, error: .unsupportedProtocol, in: $0.bench.node) }
            == .failed(.noCommonProtocol(.circuit)))
    #expect(
        failure { $0.bench.machine.closed($0.stream, error: .connection(.link(errno: 104)), in: $0.bench.node) }
            == .failed(.link(errno: 104)))
    #expect(failure { $0.bench.run(.seconds(60)) } == .failed(.timedOut(.circuit)))
}

@Test func aCancelledCircuitReportsNothing() {
    let dial = Dial()
    dial.bench.machine.cancelCircuit(link: Dial.link, in: dial.bench.node)
    #expect(dial.bench.wasReset(dial.stream))
    dial.bench.receive(HopCodec.encode(.status(100, reservation: nil, limit: nil)), on: dial.stream)
    dial.bench.run(.seconds(100))
    #expect(dial.failure == nil)
    #expect(dial.circuits.isEmpty)
}

@Test func noCircuitOverACircuitNorToTheRelayItself() {
    let bench = ProtocolBench(RelayClient())
    let relayed = bench.connect(1, relayed: true)
    let direct = bench.connect(1)
    bench.machine.dialCircuit(link: 2, over: relayed, relayAddress: address(relayText), target: peer(2), in: bench.node)
    bench.machine.dialCircuit(link: 4, over: direct, relayAddress: address(relayText), target: peer(1), in: bench.node)
    bench.machine.dialCircuit(link: 6, over: direct, relayAddress: address(relayText), target: peer(100), in: bench.node)
    bench.collect()
    #expect(bench.failedPaths.map { $0.link } == [2, 4, 6])
    #expect(bench.failedPaths.map { $0.result } == [.unsupported, .unsupported, .unsupported])
    #expect(bench.opened.isEmpty)
}

// MARK: The stop protocol

/// A client (100) that holds a reservation at relay 1.
private func reserved() -> (ProtocolBench<RelayClient>, ConnectedLink) {
    let bench = ProtocolBench(RelayClient())
    let relay = bench.connect(1, at: relayText, inbound: false)
    bench.machine.reserve(request: 1, relayAddress: address(relayText + "/p2p/" + peer(1).description), in: bench.node)
    let details = ReservationAnswer(expire: 1_800_003_600)
    bench.receive(HopCodec.encode(.status(100, reservation: details, limit: nil)), on: bench.opened[0])
    _ = bench.take()
    return (bench, relay)
}

private func stopAnswer(_ bench: ProtocolBench<RelayClient>, _ bytes: [UInt8], on link: ConnectedLink) -> StopMessage? {
    let stream = bench.open(on: link, HopCodec.stopID)
    bench.receive(bytes, on: stream)
    return bench.stopMessage(on: stream)
}

@Test func aCircuitFromTheRelayOfAReservationIsAccepted() throws {
    let (bench, relay) = reserved()
    let stream = bench.open(on: relay, HopCodec.stopID)
    let limit = CircuitLimit(bytes: 10, seconds: 20)
    bench.receive(HopCodec.encode(StopMessage.connect(peer: peer(7).bytes, limit: limit)), on: stream)
    #expect(bench.stopMessage(on: stream) == .status(100))
    guard case .circuit(let link, stream, false, peer(7), limit)? = bench.take().last else {
        Issue.record("no circuit")
        return
    }
    #expect(link % 2 == 0)
    let expected = try #require(bench.node.expectedLinks[link])
    #expect(expected.isInbound)
    #expect(expected.path.limit == limit)
    #expect(expected.remoteAddress == address("\(relayText)/p2p/\(peer(1).description)/p2p-circuit/p2p/\(peer(7).description)"))
    #expect(bench.machine.stopStreams == 0)
}

@Test func circuitsFromElsewhereAreRefused() {
    let (bench, relay) = reserved()
    let connect = HopCodec.encode(StopMessage.connect(peer: peer(7).bytes, limit: nil))
    // A peer that is no relay of ours; our relay, but reached through another; ourselves; the relay itself.
    #expect(stopAnswer(bench, connect, on: bench.connect(3)) == .status(HopStatus.permissionDenied))
    #expect(stopAnswer(bench, connect, on: bench.connect(1, relayed: true)) == .status(HopStatus.permissionDenied))
    for number in [100, 1] as [UInt8] {
        let own = HopCodec.encode(StopMessage.connect(peer: peer(number).bytes, limit: nil))
        #expect(stopAnswer(bench, own, on: relay) == .status(HopStatus.permissionDenied))
    }
    bench.machine.release(peer(1), in: bench.node)
    #expect(stopAnswer(bench, connect, on: relay) == .status(HopStatus.permissionDenied))
}

@Test func brokenStopMessagesAreAnsweredByTheirStatus() {
    let (bench, relay) = reserved()
    #expect(stopAnswer(bench, [0x81, 0x20], on: relay) == .status(400))
    #expect(stopAnswer(bench, [0], on: relay) == .status(400))
    #expect(stopAnswer(bench, [2, 0x08, 0], on: relay) == .status(400))  // names nobody
    #expect(stopAnswer(bench, HopCodec.encode(StopMessage.status(100)), on: relay) == .status(401))
    #expect(stopAnswer(bench, [2, 0x08, 7], on: relay) == .status(401))
    bench.run(.seconds(11))
    #expect(bench.machine.streams.count == 0)
    #expect(bench.machine.stopStreams == 0)
}

@Test func stopStreamsAreBoundedInNumberAndTime() {
    let (bench, relay) = reserved()
    let silent = (0..<128).map { _ in bench.open(on: relay, HopCodec.stopID) }
    #expect(bench.wasReset(bench.open(on: relay, HopCodec.stopID)))
    bench.run(.seconds(10))
    for stream in silent { #expect(bench.wasReset(stream)) }
    #expect(bench.machine.stopStreams == 0)
}

@Test func aFullNodeTakesNoMoreCircuits() {
    var limits = NodeLimits()
    limits.connections = 1
    let bench = ProtocolBench(RelayClient(), limits: limits)
    let relay = bench.connect(1, at: relayText, inbound: false)
    bench.machine.reserve(request: 1, relayAddress: address(relayText + "/p2p/" + peer(1).description), in: bench.node)
    bench.receive(
        HopCodec.encode(.status(100, reservation: ReservationAnswer(expire: 1_800_003_600), limit: nil)), on: bench.opened[0])
    let connect = HopCodec.encode(StopMessage.connect(peer: peer(7).bytes, limit: nil))
    #expect(stopAnswer(bench, connect, on: relay) == .status(HopStatus.resourceLimitExceeded))
}
