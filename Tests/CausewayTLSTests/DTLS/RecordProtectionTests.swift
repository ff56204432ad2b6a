import COpenSSL
import CausewayIdentity
import CausewayWebRTC
import Testing

@testable import CausewayTLS

/// Our records against OpenSSL's.
@Suite struct RecordProtectionTests {
    private let now = Instant(nanoseconds: 1_000_000_000)

    private func established(_ role: DTLSRole) throws -> (any DTLSEngine, RawPeer) {
        let maker = DTLSMaker.openSSL
        let engine =
            try role == .server
            ? maker.server.makeEngine(.server, trusting: .anyone, now: now) : maker.client.makeEngine(.client, trusting: .anyone, now: now)
        let peer = RawPeer(role == .server ? .client : .server, against: engine) { context in
            RawPeer.showCertificate(context)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, { _, _ in 1 })
            SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AES128_CM_SHA1_80")
        }
        for _ in 0..<3 { peer.run() }
        #expect(engine.state == .established && peer.isEstablished)
        return (engine, peer)
    }

    private func seal(_ engine: any DTLSEngine, _ packet: [UInt8]) throws -> [UInt8] {
        var room = [UInt8](repeating: 0, count: packet.count + DTLSLimits.overhead)
        let size = packet.withUnsafeBytes { packet in room.withUnsafeMutableBytes { engine.seal(packet, into: $0) } }
        #expect(size == room.count)
        return room
    }

    @Test(arguments: [DTLSRole.client, .server]) func openSSLReadsOurRecordsAndWeReadIts(role: DTLSRole) throws {
        let (engine, peer) = try established(role)
        var packets: [[UInt8]] = []
        for size in [1, 15, 16, 17, 500, 1191, DTLSLimits.packet] {
            let packet = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ size) }
            packets.append(packet)
            #expect(peer.read(try seal(engine, packet)) == packet)
            #expect(SSL_write(peer.session, packet, Int32(size)) == Int32(size))
            for record in peer.records() { peer.deliver(record) }
        }
        #expect(peer.packets == packets)
    }

    /// pion ends an association without one, in both roles.
    @Test(arguments: [DTLSRole.client, .server]) func aProfileOfSRTPIsAgreedOn(role: DTLSRole) throws {
        let (_, peer) = try established(role)
        #expect(SSL_get_selected_srtp_profile(peer.session) != nil)
    }

    @Test(arguments: [DTLSRole.client, .server]) func closeNotifyBothWays(role: DTLSRole) throws {
        let (engine, peer) = try established(role)
        #expect(SSL_shutdown(peer.session) == 0)
        for record in peer.records() { peer.deliver(record) }
        #expect(engine.state == .closed)
        var answer = [UInt8](repeating: 0, count: DTLSLimits.datagram)
        let size = answer.withUnsafeMutableBytes { engine.pollDatagram(into: $0) }
        #expect(peer.read(Array(answer.prefix(size ?? 0))) == nil)
        #expect(SSL_get_shutdown(peer.session) & SSL_RECEIVED_SHUTDOWN != 0)
    }

    @Test func renegotiationIsPassedOverOnceBothAreThrough() throws {
        let (engine, peer) = try established(.server)
        #expect(SSL_write(peer.session, [1], 1) == 1)
        for record in peer.records() { peer.deliver(record) }
        SSL_renegotiate(peer.session)
        SSL_do_handshake(peer.session)
        for record in peer.records() { peer.deliver(record) }
        var room = [UInt8](repeating: 0, count: DTLSLimits.datagram)
        let size = room.withUnsafeMutableBytes { engine.pollDatagram(into: $0) }
        #expect(size == nil && engine.state == .established && peer.packets == [[1]])
    }

    /// AES-GCM is broken by one nonce that comes twice under a key, and a number that comes twice is lost.
    @Test(arguments: 0..<20) func neitherNoncesNorNumbersComeTwice(seed: UInt64) throws {
        let pair = try DTLSPair()
        var generator = SplitMix(seed: seed)
        pair.path = { _, _, datagram in generator.next() % 3 == 0 ? [] : [datagram] }
        pair.run()
        for role in [DTLSRole.client, .server] {
            var datagrams = pair.sent[role]!
            for _ in 0..<200 { if let datagram = pair.seal([1, 2, 3], by: role) { datagrams.append(datagram) } }
            var nonces: Set<UInt64> = []
            var numbers: Set<UInt64> = []
            for datagram in datagrams {
                datagram.withUnsafeBytes { bytes in
                    var position = 0
                    while let record = DTLSRecord(bytes, at: position) {
                        position = record.content.upperBound
                        guard record.epoch == 1 else { continue }
                        let nonce = bytes.loadUnaligned(fromByteOffset: record.content.lowerBound, as: UInt64.self)
                        #expect(nonces.insert(nonce).inserted && numbers.insert(record.sequence).inserted, "seed \(seed)")
                    }
                }
            }
        }
    }

    @Test func aForgedAlertChangesNothing() throws {
        let (engine, peer) = try established(.client)
        for kind: UInt8 in [20, 21, 22, 23, 24, 99] {
            for epoch: UInt8 in [0, 1, 2] {
                peer.deliver([kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 9, 9, 9, 0, 2, 2, 40])
                peer.deliver([kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 9, 9, 9, 0, 30] + [UInt8](repeating: 2, count: 30))
            }
        }
        #expect(engine.state == .established && peer.packets.isEmpty)
    }
}
