import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite struct SignalledSessionTests {
    private func send(_ bytes: [UInt8], from side: SignalledPair.Side) throws -> StreamID {
        let channels = side.session.connection.channels
        let id = try channels.open()
        try channels.send(bytes, on: id)
        return id
    }

    @Test(arguments: DTLSMaker.allCases) func offererAndAnswererExchangeMessages(maker: DTLSMaker) throws {
        let pair = try SignalledPair(maker)
        try pair.run { pair.areConnected }
        let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        // The answerer is the client of DTLS, so its channels are even.
        let (there, back) = (try send(bytes, from: pair.near), try send(bytes, from: pair.far))
        #expect(there.raw % 2 == 1 && back.raw % 2 == 0)
        try pair.run { pair.far.bytes.count == bytes.count && pair.near.bytes.count == bytes.count }
        #expect(pair.far.bytes == bytes && pair.near.bytes == bytes)
        #expect(pair.near.session.report.answeredPairs >= 1 && pair.far.session.report.usableCandidates == 1)
    }

    /// The offer may name its side of DTLS.
    @Test(arguments: [("actpass", 0), ("active", 1), ("passive", 0)]) func theAnswerTakesTheOtherSide(setup: String, parity: UInt16) throws
    {
        let pair = try SignalledPair(.simulated) { $0.replacing("a=setup:actpass", with: "a=setup:\(setup)") }
        try pair.run { pair.areConnected }
        #expect(try send([1], from: pair.far).raw % 2 == parity)
        #expect(try send([1], from: pair.near).raw % 2 == 1 - parity)
    }

    @Test(arguments: DTLSMaker.allCases) func theOfferComesAndGoesBeforeTheAnswerIsThere(maker: DTLSMaker) throws {
        // Datagrams are faster than the signalling: the answerer's ClientHello comes before its certificate is known.
        let pair = try SignalledPair(maker, signallingLatency: .milliseconds(300))
        let start = pair.now
        try pair.run { pair.areConnected }
        let took = try #require(pair.near.connectedAt) - start
        // Nothing that was sent is sent again, which takes 400 ms at least.
        #expect(took < .milliseconds(400 + 300), "\(took.milliseconds) ms")
    }

    @Test func ofWhatComesEarlyLittleIsKept() throws {
        let pair = try SignalledPair(.openSSL, signallingLatency: .milliseconds(300))
        // A stranger fills the room. The handshake goes on when the client repeats itself.
        for _ in 0..<PeerConnection.earlyDatagrams + 100 {
            var garbage = [UInt8](repeating: 22, count: 1200)
            garbage.withUnsafeMutableBytes {
                pair.near.session.connection.receive($0, over: ICEPath(socket: 1, remote: SignalledPair.answerer), now: pair.now)
            }
        }
        #expect(pair.near.session.connection.earlyCount == PeerConnection.earlyDatagrams)
        try pair.run(for: .seconds(10)) { pair.areConnected }
        #expect(pair.areConnected && pair.near.session.connection.earlyCount == 0)
    }

    @Test(arguments: DTLSMaker.allCases, 0..<20) func theyConnectOverALossyPath(maker: DTLSMaker, seed: UInt64) throws {
        let pair = try SignalledPair(maker)
        var generator = SplitMix(seed: seed)
        pair.arrives = { _, _ in generator.next() % 10 != 0 }
        try pair.run(for: .seconds(30)) { pair.areConnected }
        #expect(pair.areConnected, "seed \(seed)")
    }

    @Test func candidatesThatCannotBeUsedAreSkipped() throws {
        let pair = try SignalledPair(.simulated)
        for text in [
            "", "null", "{}", "[1]", "{\"candidate\":1}", "{\"candidate\":\"\"}", "{\"candidate\":\"candidate:x\"}",
            "{\"candidate\":\"candidate:1 1 udp 1 4c1d2a07.local 5000 typ host\",\"sdpMid\":\"0\"}",
        ] {
            pair.near.session.add(candidate: [UInt8](text.utf8))
        }
        #expect(pair.near.session.report.remoteCandidates == 1 && pair.near.session.report.usableCandidates == 0)
        try pair.run { pair.areConnected }
        #expect(pair.areConnected)
    }

    @Test func whatIsNoDescriptionIsRefused() throws {
        let pair = try SignalledPair(.simulated)
        let secret = [UInt8](repeating: 5, count: 32)
        #expect(throws: SDPError.noDataChannels) {
            _ = try SignalledSession(
                answering: [0xff], from: [], servers: [], by: DTLSMaker.simulated.server, secret: secret, entropy: secret, now: pair.now)
        }
        let other = String(decoding: pair.near.session.description, as: UTF8.self).replacing("sctp-port:5000", with: "sctp-port:5001")
        #expect(throws: SDPError.otherPort) {
            _ = try SignalledSession(
                answering: [UInt8](other.utf8), from: [], servers: [], by: DTLSMaker.simulated.server, secret: secret, entropy: secret,
                now: pair.now)
        }
        #expect(throws: SDPError.noDataChannels) { try pair.near.session.accept([1, 2, 3], now: pair.now) }
    }

    @Test func withoutAPathTheReportTellsWhy() throws {
        let pair = try SignalledPair(.simulated)
        pair.arrives = { _, _ in false }
        #expect(pair.near.session.report.state == .signalling)
        try pair.run(for: .seconds(60)) { pair.near.hasEnded && pair.far.hasEnded }
        #expect(pair.near.failure == .ice(.noAnswer) && pair.far.failure == .ice(.noAnswer))
        let report = pair.near.session.report
        #expect(report.state == .checking && report.localCandidates == 1 && report.usableCandidates == 1)
        #expect(report.checkedPairs == 1 && report.answeredPairs == 0)
    }
}
