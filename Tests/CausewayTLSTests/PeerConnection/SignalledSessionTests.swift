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

    private static func withoutInitiation(_ description: String) -> String {
        description.split(separator: "\r\n").filter { !$0.hasPrefix("a=sctp-init:") }.map { $0 + "\r\n" }.joined()
    }

    /// Milliseconds from the offer to the first message.
    private func firstMessage(_ maker: DTLSMaker, _ pair: SignalledPair) throws -> UInt64 {
        let start = pair.now
        try pair.run { pair.areConnected }
        _ = try send([1, 2, 3], from: pair.near)
        try pair.run { pair.far.bytes.count == 3 }
        #expect(pair.far.bytes == [1, 2, 3])
        return (pair.now - start).nanoseconds / 1_000_000
    }

    /// draft-hancke-tsvwg-snap: the 10 ms each of INIT, INIT ACK and COOKIE ECHO are spared. By OpenSSL, 100 ms instead of 130.
    @Test(arguments: DTLSMaker.allCases) func initiationsInBothDescriptionsSpareAHandshake(maker: DTLSMaker) throws {
        let (with, without) = (try SignalledPair(maker), try SignalledPair(maker, rewrite: Self.withoutInitiation))
        #expect(String(decoding: with.far.session.description, as: UTF8.self).contains("a=sctp-init:"))
        // An answer has it only where the offer has it.
        #expect(!String(decoding: without.far.session.description, as: UTF8.self).contains("a=sctp-init:"))
        let (fast, slow) = (try firstMessage(maker, with), try firstMessage(maker, without))
        #expect(slow - fast == 30, "\(fast) ms, \(slow) ms")
    }

    /// An answerer that does not know it, and one that repeats the offer's lines that it does not know.
    @Test(arguments: [false, true]) func anAnswerWithoutAnInitiationOfItsOwnMeansAHandshake(repeatsIt: Bool) throws {
        let pair = try SignalledPair(.simulated, rewrite: Self.withoutInitiation) { answer, offer in
            answer + (repeatsIt ? offer.split(separator: "\r\n").first { $0.hasPrefix("a=sctp-init:") }! + "\r\n" : "")
        }
        _ = try firstMessage(.simulated, pair)
    }

    @Test func aBrokenInitiationIsRefused() throws {
        let pair = try SignalledPair(.simulated)
        let answer = String(decoding: pair.far.session.description, as: UTF8.self).replacing("a=sctp-init:A", with: "a=sctp-init:B")
        #expect(throws: SDPError.badInitiation) { try pair.near.session.accept([UInt8](answer.utf8), now: pair.now) }
        #expect(throws: SDPError.badInitiation) {
            _ = try SignalledPair(.simulated) { $0.replacing("a=sctp-init:A", with: "a=sctp-init:B") }
        }
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
