import CausewayIdentity
import CausewayWebRTC
import Testing

@Suite struct PeerConnectionTests {
    private func send(_ bytes: [UInt8], _ pair: PeerConnectionPair) throws -> StreamID {
        let channels = try #require(pair.near.connection).channels
        let id = try channels.open()
        var sent = 0
        while sent < bytes.count {
            let end = min(sent + 16_384, bytes.count)
            do {
                try channels.send(Array(bytes[sent..<end]), on: id)
                sent = end
            } catch DataChannelError.send(.bufferFull) {
                pair.run(for: .milliseconds(20))
            }
        }
        return id
    }

    @Test(arguments: DTLSMaker.allCases) func messagesThroughAllLayers(maker: DTLSMaker) throws {
        let pair = PeerConnectionPair(maker)
        pair.run { pair.areConnected }
        #expect(pair.near.fingerprint == maker.server.fingerprint && pair.far.fingerprint == maker.client.fingerprint)
        let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let id = try send(bytes, pair)
        pair.run { pair.far.bytes.count == bytes.count }
        #expect(pair.far.bytes == bytes && pair.far.opened == [id])
        #expect(pair.near.sent.allSatisfy { $0 <= PeerConnection.datagramSize })
    }

    /// One for the check, two for DTLS and two for SCTP, at 20 ms each: no flight waits for a repetition.
    @Test(arguments: DTLSMaker.allCases) func aConnectionTakesFiveRoundTrips(maker: DTLSMaker) {
        let pair = PeerConnectionPair(maker)
        let start = pair.now
        pair.run { pair.near.isConnected }
        #expect(pair.now - start <= .milliseconds(5 * 20))
    }

    @Test(arguments: DTLSMaker.allCases, 0..<20) func messagesOverALossyPath(maker: DTLSMaker, seed: UInt64) throws {
        let pair = PeerConnectionPair(maker)
        var generator = SplitMix(seed: seed)
        pair.arrives = { _, _ in generator.next() % 20 != 0 }
        pair.run { pair.areConnected }
        #expect(pair.areConnected, "seed \(seed)")
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        _ = try send(bytes, pair)
        pair.run { pair.far.bytes.count == bytes.count }
        #expect(pair.far.bytes == bytes, "seed \(seed)")
    }

    @Test(arguments: DTLSMaker.allCases) func bothHearOfTheEnd(maker: DTLSMaker) throws {
        let pair = PeerConnectionPair(maker)
        pair.run { pair.areConnected }
        pair.near.connection?.close()
        pair.drain()
        #expect(pair.near.hasEnded && pair.near.failure == nil)
        pair.run(for: .seconds(1)) { pair.far.hasEnded }
        #expect(pair.far.hasEnded)
        #expect(pair.near.connection?.nextDeadline == .distantFuture && pair.far.connection?.nextDeadline == .distantFuture)
    }

    @Test(arguments: DTLSMaker.allCases) func aWrongCertificateEndsBoth(maker: DTLSMaker) {
        let pair = PeerConnectionPair(maker, trusting: .fingerprints([CertificateFingerprint(certificate: [1])]))
        pair.run { pair.near.hasEnded && pair.far.hasEnded }
        #expect(pair.near.failure == .dtls(.wrongCertificate(maker.server.fingerprint)))
        #expect(pair.far.failure == .dtls(.alert(42)))
        #expect(!pair.near.isConnected && !pair.far.isConnected)
    }

    @Test(arguments: DTLSMaker.allCases) func aRemoteThatVanishesEndsIt(maker: DTLSMaker) {
        let pair = PeerConnectionPair(maker)
        pair.run { pair.areConnected }
        pair.arrives = { _, _ in false }
        pair.run(for: .seconds(120)) { pair.near.hasEnded && pair.far.hasEnded }
        #expect(pair.near.failure != nil && pair.far.failure != nil)
    }

    /// The certificates are proven, and nothing follows.
    @Test func aRemoteThatNeverBeginsSCTPIsGivenUp() {
        let maker = DTLSMaker.openSSL
        let pair = PeerConnectionPair(maker)
        let applicationData: UInt8 = 23
        pair.arrives = { isToListener, bytes in isToListener || bytes[0] != applicationData }
        pair.run { pair.near.hasEnded }
        #expect(pair.near.fingerprint == maker.server.fingerprint && !pair.near.isConnected)
        #expect(pair.near.failure == .sctp(.handshakeTimeout))
    }

    /// A second answer may come by signalling, with another certificate.
    @Test(arguments: DTLSMaker.allCases) func theFirstDescriptionCounts(maker: DTLSMaker) {
        let other = DTLSTrust.fingerprints([CertificateFingerprint(certificate: [1])])
        let pair = PeerConnectionPair(maker)
        pair.near.connection?.setTrust(other, now: pair.now)
        pair.run { pair.areConnected }
        #expect(pair.areConnected)
        let wrong = PeerConnectionPair(maker, trusting: other)
        wrong.near.connection?.setTrust(.fingerprints([maker.server.fingerprint]), now: wrong.now)
        wrong.run { wrong.near.hasEnded }
        #expect(wrong.near.failure == .dtls(.wrongCertificate(maker.server.fingerprint)))
    }

    /// Datagrams of any size and kind under the remote's own address, before, between and behind its own.
    @Test(arguments: DTLSMaker.allCases) func whatIsNotTheRemotesChangesNothing(maker: DTLSMaker) throws {
        let pair = PeerConnectionPair(maker)
        var generator = SplitMix(seed: 11)
        func disturb() {
            // Records in the clear may end a handshake, whoever sends them: they are never whole here.
            for first in [0, 1, 2, 3, 4, 19, 20, 22, 23, 63, 64, 200, 255] as [UInt8] {
                for size in [1, 12, 13, 20, 1500, 9000] {
                    var bytes = (0..<size).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                    bytes[0] = first
                    if size > 12 { (bytes[11], bytes[12]) = (255, 255) }
                    pair.inject(bytes)
                }
            }
        }
        pair.run(for: .milliseconds(25))
        disturb()
        pair.run { pair.areConnected }
        #expect(pair.areConnected)
        let id = try send([UInt8](repeating: 5, count: 50_000), pair)
        for _ in 0..<3 {
            pair.run(for: .milliseconds(15))
            disturb()
        }
        pair.run { pair.far.bytes.count == 50_000 }
        #expect(pair.far.bytes == [UInt8](repeating: 5, count: 50_000) && pair.far.opened == [id])
    }

    /// A forged sender shows a path by its checks and says hello, and never answers.
    @Test(arguments: DTLSMaker.allCases) func aVictimGetsAtMostThreeTimesWhatTheListenerGot(maker: DTLSMaker) {
        let pair = PeerConnectionPair(maker)
        var received = 0
        pair.arrives = { isToListener, bytes in
            guard isToListener else {
                // The checks are answered, so that the dialler goes on to DTLS; no answer of DTLS arrives.
                return bytes[0] < 4
            }
            received += bytes.count
            return true
        }
        pair.run(for: .seconds(9))
        #expect(pair.far.sent.count > 1)
        #expect(pair.far.sent.reduce(0, +) <= 3 * received)
    }
}
