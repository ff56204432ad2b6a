import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

// Whole nodes over `/webrtc-direct`: ICE, DTLS's stand-in, SCTP, data channels, Noise.

private func failure(of request: SimulatedRequest) -> ConnectionError? {
    guard case .failed(let error)? = request.outcomes?.first?.result else { return nil }
    return error
}

@Test(arguments: [0, 1]) func directStreamsGoBothWays(family: Int) throws {
    let pair = try DirectPair(seed: 11)
    let request = pair.dialler.connect(to: pair.listener, at: [pair.listener.addresses[family]])
    try pair.simulation.run(until: "both are connected", timeout: .seconds(5)) { request.isConnected && pair.isConnected }
    let seen = try #require(pair.listener.connections(to: pair.dialler).first)
    #expect(seen.path == .direct(.webRTCDirect) && seen.isInbound, pair.comment)
    #expect(pair.dialler.connections(to: pair.listener).first?.path == .direct(.webRTCDirect), pair.comment)
    for size: UInt64 in [0, 1, 5000, 1 << 20] {
        try pair.echo(size, from: pair.dialler, to: pair.listener)
        try pair.echo(size, from: pair.listener, to: pair.dialler)
    }
    pair.dialler.hangUp(pair.listener)
    pair.simulation.run(for: .seconds(5))
    #expect(!pair.listener.isConnected(to: pair.dialler), pair.comment)
    pair.expectNothingLeft()
}

@Test func aDirectDialTakesFewRoundTrips() throws {
    let pair = try DirectPair(seed: 12)
    let request = pair.dialler.connect(to: pair.listener, at: [pair.listener.addresses[0]])
    pair.simulation.run(for: .seconds(2))
    let took = try #require(request.answeredAt).nanoseconds / 1_000_000
    // 41 ms each: the check, DTLS (the stand-in has one), SCTP (two) and Noise, in which the listener speaks first.
    #expect(took < 260, "\(took) ms; \(pair.simulation)")
}

@Test func manyDirectStreamsShareAConnection() throws {
    let pair = try DirectPair(seed: 13)
    try pair.connect()
    let streams = try (0..<50).map { try pair.dialler.open("/echo/1", to: pair.listener, .send(1000 * UInt64($0))) }
    try pair.simulation.run(until: "all are back", timeout: .seconds(30)) { streams.allSatisfy(\.isOver) }
    #expect(streams.allSatisfy { $0.error == nil && $0.matchesPattern && $0.receivedCount == $0.sentCount }, pair.comment)
    #expect(pair.listener.connections(to: pair.dialler).count == 1, pair.comment)
}

/// All streams share one window of 4 MiB: what fits into it holds nobody else up.
@Test func aSlowReaderOfADirectStreamHoldsItsSenderAlone() throws {
    let pair = try DirectPair(seed: 14)
    let (slow, reader) = try pair.pausedStream(3 << 20)
    #expect(!slow.isOver && reader.unreadCount == 3 << 20, "\(reader.unreadCount) unread; \(pair.simulation)")
    try pair.echo(300_000, from: pair.dialler, to: pair.listener)
    reader.resumeReading()
    try pair.simulation.run(until: "the slow one ends too", timeout: .seconds(10)) { slow.isOver }
    #expect(slow.error == nil && reader.receivedCount == 3 << 20 && reader.matchesPattern, pair.comment)
}

/// Who leaves more lying than that loses the stream after 30 s, for the sake of the others.
@Test func aReaderThatFillsTheWindowLosesItsStream() throws {
    let pair = try DirectPair(seed: 19)
    let (slow, reader) = try pair.pausedStream(8 << 20)
    #expect(!slow.isOver && reader.unreadCount <= 4 << 20 && slow.sentCount < 8 << 20, "\(reader.unreadCount) unread; \(pair.simulation)")
    try pair.simulation.run(until: "the slow stream is over", timeout: .seconds(35)) { slow.isOver }
    #expect(slow.error != nil && reader.error != nil && pair.isConnected, pair.comment)
    try pair.echo(300_000, from: pair.dialler, to: pair.listener)
}

@Test func aDirectDialFailsForItsReason() throws {
    let pair = try DirectPair(seed: 15)
    let (listener, dialler) = (pair.listener, pair.dialler)
    let stranger = try pair.simulation.addNode("stranger", ip: [203, 0, 113, 9], port: nil, webRTCPort: 4001)
    // Another's certificate: the stand-in refuses as DTLS does.
    let wrongHash = listener.addresses[0].replacingHost(by: stranger.host.addresses[0])
    let other = dialler.connect(to: listener.peerID, at: [wrongHash])
    // Another peer, by its own certificate.
    let wrongPeer = try pair.simulation.addNode("second dialler", ip: [198, 51, 100, 8], port: nil)
    let impostor = wrongPeer.connect(to: listener.peerID, at: [stranger.addresses[0]])
    // Nobody.
    let third = try pair.simulation.addNode("third dialler", ip: [198, 51, 100, 9], port: nil)
    listener.crash()
    let start = pair.simulation.now
    let nobody = third.connect(to: listener, at: [listener.addresses[0]])
    try pair.simulation.run(until: "all are answered", timeout: .seconds(20)) { [other, impostor, nobody].allSatisfy(\.isAnswered) }
    if case .peerFault(.tls, _)? = failure(of: other) {} else { Issue.record("\(String(describing: other.answer)); \(pair.simulation)") }
    #expect(
        failure(of: impostor) == .wrongPeer(expected: listener.peerID, actual: stranger.peerID),
        "\(String(describing: impostor.answer)); \(pair.simulation)")
    #expect(failure(of: nobody) == .timedOut(.transport), "\(String(describing: nobody.answer)); \(pair.simulation)")
    #expect(nobody.answeredAt.map { ($0 - start).seconds <= 10 } ?? false, pair.comment)
}

@Test func aListenerKeepsItsAddressOverARestart() throws {
    let pair = try DirectPair(seed: 16)
    let address = pair.listener.addresses[0]
    try pair.connect()
    pair.listener.crash()
    try pair.listener.restart()
    #expect(pair.listener.addresses[0] == address && address.certificateHash != nil)
    try pair.simulation.run(until: "the dialler knows", timeout: .seconds(45)) { !pair.dialler.isConnected(to: pair.listener) }
    pair.simulation.run(for: .seconds(60))
    try pair.connect()
    try pair.echo(10_000, from: pair.dialler, to: pair.listener)
}

/// A relay that has nothing but UDP: reservations, a circuit and gossip over associations.
@Test func aRelayWorksOverDirectConnectionsAlone() throws {
    let simulation = Simulation(seed: 17)
    let relay = try simulation.addNode("relay", ip: [203, 0, 113, 1], port: nil, webRTCPort: 4001) {
        $0.relay = RelayLimits()
    }
    let nat = NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
    let peers = try (UInt8(1)...2).map { number in
        let router = simulation.addRouter("router \(number)", ip: [198, 51, 100, number], nat: nat)
        return try simulation.addNode("peer \(number)", ip: [192, 168, 1, 2], port: nil, behind: router)
    }
    for peer in peers {
        peer.serve("/echo/1", .echo)
        peer.subscribe("news")
    }
    let reservations = peers.map { $0.reserve(at: relay) }
    try simulation.run(until: "both have reservations", timeout: .seconds(10)) { reservations.allSatisfy { $0.reservation != nil } }
    let request = peers[0].connect(to: peers[1], at: [peers[1].address(through: relay)])
    try simulation.run(until: "connected by the relay", timeout: .seconds(10)) { request.isConnected }
    let stream = try peers[0].open("/echo/1", to: peers[1], .send(20_000))
    try simulation.run(until: "all is back", timeout: .seconds(20)) { stream.isOver }
    #expect(stream.error == nil && stream.receivedCount == 20_000 && stream.matchesPattern, "\(simulation)")
    // An idle hour: associations keep their holes in the NATs open.
    simulation.run(for: .seconds(3600))
    #expect(peers.allSatisfy { $0.isConnected(to: relay) }, "\(simulation)")
}

@Test func directRunsRepeatThemselves() throws {
    func trace(_ seed: UInt64) throws -> UInt64 {
        var line = LineConditions()
        (line.loss, line.reordering) = (0.05, 0.1)
        let pair = try DirectPair(seed: seed, line: line)
        try pair.connect(tries: 3)
        try pair.echo(50_000, from: pair.dialler, to: pair.listener)
        return pair.simulation.trace.hash
    }
    #expect(try trace(18) == trace(18))
    #expect(try trace(18) != trace(19))
}
