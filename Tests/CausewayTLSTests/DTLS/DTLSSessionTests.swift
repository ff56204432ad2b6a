import CausewayIdentity
import CausewayTLS
import CausewayWebRTC
import Testing

@Suite struct DTLSSessionTests {
    @Test func eachFlightFitsADatagram() throws {
        let pair = try DTLSPair.established()
        #expect(pair.sent.values.allSatisfy { $0.count == 2 })
    }

    @Test func severalPacketsInOneDatagram() throws {
        let pair = try DTLSPair.established()
        let datagram = try (1...5).flatMap { try #require(pair.seal([UInt8($0)], by: .server)) }
        pair.deliver(datagram, to: .client)
        #expect(pair.toClient == [[1], [2], [3], [4], [5]])
    }

    @Test func aPacketThatFollowsTheHandshakeInItsDatagram() throws {
        let pair = try DTLSPair()
        pair.path = { role, number, datagram in
            // The server is established once it has written this one.
            role == .server && number == 1 ? [datagram + pair.seal([9], by: .server)!] : [datagram]
        }
        pair.run()
        #expect(pair.bothAre(.established))
        #expect(pair.toClient == [[9]])
    }

    @Test func changedAndForeignDatagramsArePassedOver() throws {
        let pair = try DTLSPair.established()
        let datagram = try #require(pair.seal([1, 2, 3], by: .client))
        for index in datagram.indices {
            var changed = datagram
            changed[index] ^= 1
            pair.deliver(changed, to: .server)
        }
        var generator = SplitMix(seed: 5)
        for _ in 0..<2000 {
            var noise = (0..<Int(generator.next() % 100)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            if let first = noise.first { noise[0] = 20 + first % 4 }
            pair.deliver(noise, to: .server)
        }
        #expect(pair.toServer.isEmpty && pair.bothAre(.established))
        pair.deliver(datagram, to: .server)
        #expect(pair.toServer == [[1, 2, 3]])
    }
}
