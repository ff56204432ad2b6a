import CausewayIdentity
import CausewayWebRTC
import Testing

/// What whoever uses an engine counts on, of each kind of engine.
@Suite struct DTLSEngineTests {
    @Test(arguments: DTLSMaker.allCases) func bothSidesProveTheirCertificates(maker: DTLSMaker) throws {
        let pair = try DTLSPair(maker)
        #expect(pair.client.remoteFingerprint == nil && pair.server.remoteFingerprint == nil)
        #expect(pair.seal([1], by: .client) == nil, "nothing is sealed before the handshake")
        pair.run()
        #expect(pair.bothAre(.established))
        #expect(pair.client.remoteFingerprint == maker.server.fingerprint)
        #expect(pair.server.remoteFingerprint == maker.client.fingerprint)
        #expect(pair.client.nextDeadline == .distantFuture && pair.server.nextDeadline == .distantFuture)
    }

    @Test(arguments: DTLSMaker.allCases) func aMebibyteInBothDirections(maker: DTLSMaker) throws {
        let pair = try DTLSPair.established(maker)
        let packet = (0..<1191).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for _ in 0..<881 {
            pair.deliver(try #require(pair.seal(packet, by: .client)), to: .server)
            pair.deliver(try #require(pair.seal(packet, by: .server)), to: .client)
        }
        #expect(pair.toServer.count == 881 && pair.toServer.allSatisfy { $0 == packet })
        #expect(pair.toClient.count == 881 && pair.toClient.allSatisfy { $0 == packet })
        #expect(pair.client.nextDeadline == .distantFuture)
    }

    @Test(arguments: DTLSMaker.allCases) func aPacketIsSealedWhereItLies(maker: DTLSMaker) throws {
        let pair = try DTLSPair.established(maker)
        let packet = (0..<1191).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var room = [UInt8](repeating: 0, count: packet.count + DTLSLimits.overhead)
        let place = DTLSLimits.packetStart..<DTLSLimits.packetStart + packet.count
        room.replaceSubrange(place, with: packet)
        let size = room.withUnsafeMutableBytes { room in
            pair.client.seal(UnsafeRawBufferPointer(rebasing: room[place]), into: room)
        }
        #expect(size == room.count)
        pair.deliver(room, to: .server)
        #expect(pair.toServer == [packet])
    }

    @Test(arguments: DTLSMaker.allCases) func packetsHaveASize(maker: DTLSMaker) throws {
        let pair = try DTLSPair.established(maker)
        let longest = [UInt8](repeating: 7, count: DTLSLimits.packet)
        let datagram = try #require(pair.seal(longest, by: .client))
        #expect(datagram.count == DTLSLimits.packet + DTLSLimits.overhead)
        pair.deliver(datagram, to: .server)
        #expect(pair.toServer == [longest])
        #expect(pair.seal(longest + [7], by: .client) == nil)
        #expect(pair.seal([], by: .client) == nil)
        var small = [UInt8](repeating: 0, count: 10 + DTLSLimits.overhead - 1)
        let size = [UInt8](repeating: 1, count: 10).withUnsafeBytes { packet in
            small.withUnsafeMutableBytes { pair.client.seal(packet, into: $0) }
        }
        #expect(size == nil && pair.bothAre(.established))
    }

    @Test(arguments: DTLSMaker.allCases) func packetsInAnyOrderAndEachOnce(maker: DTLSMaker) throws {
        let pair = try DTLSPair.established(maker)
        let datagrams = try (0..<50).map { try #require(pair.seal([UInt8($0)], by: .client)) }
        for datagram in datagrams.reversed() + datagrams { pair.deliver(datagram, to: .server) }
        #expect(pair.toServer == (0..<50).reversed().map { [UInt8($0)] })
    }

    @Test(arguments: DTLSMaker.allCases) func aClosedAssociationSaysSo(maker: DTLSMaker) throws {
        let pair = try DTLSPair.established(maker)
        let before = pair.sent
        pair.client.close()
        #expect(pair.client.state == .closed)
        pair.exchange()
        #expect(pair.server.state == .closed)
        for role in [DTLSRole.client, .server] {
            #expect(pair.sent[role]!.count == before[role]!.count + 1, "close_notify is answered")
        }
        #expect(pair.seal([1], by: .server) == nil)
        pair.client.close()
        #expect(pair.poll(.client) == nil)
    }

    @Test(arguments: DTLSMaker.allCases) func aWrongCertificateIsRefusedAndTheRemoteIsTold(maker: DTLSMaker) throws {
        let other = CertificateFingerprint(certificate: [1])
        let byClient = try DTLSPair(maker, clientTrusts: .fingerprints([other]))
        byClient.run()
        #expect(byClient.client.state == .failed(.wrongCertificate(maker.server.fingerprint)))
        #expect(byClient.server.state == .failed(.alert(42)), "bad_certificate")
        #expect(byClient.client.remoteFingerprint == nil)
        let byServer = try DTLSPair(maker, serverTrusts: .fingerprints([]))
        byServer.run()
        #expect(byServer.server.state == .failed(.wrongCertificate(maker.client.fingerprint)))
        #expect(byServer.client.state == .failed(.alert(42)))
        let several = try DTLSPair(maker, clientTrusts: .fingerprints([other, maker.server.fingerprint]))
        several.run()
        #expect(several.bothAre(.established))
    }

    @Test(arguments: DTLSMaker.allCases) func aHandshakeHasAnEnd(maker: DTLSMaker) throws {
        let pair = try DTLSPair(maker)
        pair.path = { _, _, _ in [] }
        pair.run()
        #expect(pair.bothAre(.failed(.timedOut)))
        #expect(pair.now == Instant(nanoseconds: 1_000_000_000) + DTLSLimits().handshakeTime)
        #expect(pair.sent[.client]!.count == 1 + DTLSLimits().retransmissions)
        #expect(pair.sent[.server]!.isEmpty)
    }
}
