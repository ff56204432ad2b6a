import COpenSSL
import CausewayIdentity
import CausewayWebRTC
import Testing

@testable import CausewayTLS

@Suite struct DTLSHostileTests {
    private let now = Instant(nanoseconds: 1_000_000_000)

    private func server(_ context: any DTLSEndpoint = DTLSMaker.openSSL.server) throws -> any DTLSEngine {
        try context.makeEngine(.server, trusting: .anyone, now: now)
    }

    /// Browsers offer DTLS 1.3 with a post-quantum key share, so their first message never fits a datagram.
    @Test func aHelloInTwoDatagrams() throws {
        let engine = try server()
        let peer = RawPeer(.client, against: engine) { context in
            RawPeer.showCertificate(context)
            SSL_CTX_add_client_custom_ext(
                context, 0xfe00,
                { _, _, out, size, _, _ in
                    out?.pointee = UnsafePointer(largeExtension)
                    size?.pointee = 1300
                    return 1
                }, nil, nil, nil, nil)
        }
        peer.run()
        #expect(peer.datagramSizes[0] <= 1200 && peer.datagramSizes[0] + peer.datagramSizes[1] > 1461, "\(peer.datagramSizes)")
        #expect(peer.isEstablished && engine.state == .established)
    }

    @Test func oldVersionsAreRefused() throws {
        let engine = try server()
        let peer = RawPeer(.client, against: engine) { context in
            RawPeer.showCertificate(context)
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(DTLS1_VERSION), nil)
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(DTLS1_VERSION), nil)
        }
        peer.run()
        #expect(engine.state == .failed(.violation(reason: "unsupported protocol")))
        #expect(!peer.isEstablished)
        let client = try DTLSMaker.openSSL.client.makeEngine(.client, trusting: .anyone, now: now)
        let old = RawPeer(.server, against: client) { context in
            RawPeer.showCertificate(context)
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(DTLS1_VERSION), nil)
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(DTLS1_VERSION), nil)
        }
        for _ in 0..<3 { old.run() }
        #expect(client.state.isOver && !old.isEstablished, "\(client.state)")
    }

    @Test func otherCiphersAreRefused() throws {
        for cipher in ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-CCM8", "ECDHE-ECDSA-AES256-GCM-SHA384"] {
            let engine = try server()
            let peer = RawPeer(.client, against: engine) { context in
                RawPeer.showCertificate(context)
                #expect(SSL_CTX_set_cipher_list(context, "\(cipher)@SECLEVEL=0") == 1)
            }
            peer.run()
            #expect(engine.state == .failed(.violation(reason: "no shared cipher")), "\(cipher)")
        }
    }

    @Test func aClientWithoutACertificateIsRefused() throws {
        let engine = try server()
        let peer = RawPeer(.client, against: engine)
        peer.run()
        #expect(engine.state == .failed(.violation(reason: "peer did not return a certificate")))
        #expect(!peer.isEstablished || engine.state.isOver)
    }

    @Test func renegotiationIsRefused() throws {
        let engine = try server()
        let peer = RawPeer(.client, against: engine, RawPeer.showCertificate)
        peer.run()
        #expect(engine.state == .established)
        #expect(SSL_renegotiate(peer.session) == 1)
        SSL_do_handshake(peer.session)
        for record in peer.records() { peer.deliver(record) }
        var alert = [UInt8](repeating: 0, count: DTLSLimits.datagram)
        let size = alert.withUnsafeMutableBytes { engine.pollDatagram(into: $0) }
        #expect(size != nil && alert[0] == 21, "an alert: no_renegotiation")
        let next = alert.withUnsafeMutableBytes { engine.pollDatagram(into: $0) }
        #expect(next == nil && engine.state == .established)
    }

    @Test func aFatalAlertEndsTheAssociation() throws {
        let engine = try server()
        // Level fatal, handshake_failure, in the clear: nothing else has come yet.
        let peer = RawPeer(.client, against: engine)
        peer.deliver([21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40])
        #expect(engine.state == .failed(.alert(40)))
        peer.deliver([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
        #expect(engine.state == .failed(.alert(40)) && engine.nextPacket() == nil)
    }

    @Test func aHandshakeHasABoundOfBytes() throws {
        var limits = DTLSLimits()
        limits.handshakeBytes = 5000
        let engine = try server(DTLSMaker.context(limits: limits))
        let peer = RawPeer(.client, against: engine)
        for _ in 0..<5 { peer.deliver([UInt8](repeating: 20, count: 1000)) }
        #expect(engine.state == .handshaking)
        peer.deliver([20])
        #expect(engine.state == .failed(.tooManyBytes(limit: 5000)))
    }

    /// A ClientHello in pieces, as `cut` lists them: where each begins and how long it is.
    private func pieces(of hello: [UInt8], _ cut: [(start: Int, size: Int)], length: Int? = nil) -> [[UInt8]] {
        let head = 25
        let body = [UInt8](hello[head...])
        func number(_ value: Int) -> [UInt8] { [UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)] }
        return cut.enumerated().map { index, piece in
            let bytes = [UInt8]((body + body)[piece.start..<piece.start + piece.size])
            let message = [1] + number(length ?? body.count) + [0, 0] + number(piece.start) + number(piece.size) + bytes
            return [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, UInt8(index), UInt8(message.count >> 8), UInt8(message.count & 255)] + message
        }
    }

    private func hello() throws -> [UInt8] {
        let peer = RawPeer(.client, against: try server(), RawPeer.showCertificate)
        SSL_do_handshake(peer.session)
        return try #require(peer.records().first)
    }

    private func answers(to datagrams: [[UInt8]]) throws -> (count: Int, state: DTLSState) {
        let engine = try server()
        let peer = RawPeer(.client, against: engine)
        var room = [UInt8](repeating: 0, count: DTLSLimits.datagram)
        var count = 0
        for datagram in datagrams { peer.deliver(datagram) }
        while room.withUnsafeMutableBytes({ engine.pollDatagram(into: $0) }) != nil { count += 1 }
        return (count, engine.state)
    }

    @Test func fragmentsThatOverlapAreOneMessage() throws {
        let hello = try hello()
        let size = hello.count - 25
        let cut = [(0, 60), (40, 60), (90, size - 90), (0, size)]
        #expect(try answers(to: pieces(of: hello, cut)).count > 0)
        #expect(try answers(to: pieces(of: hello, cut.reversed().dropFirst() + [(0, 60), (60, size - 60)])).count > 0)
        #expect(try answers(to: pieces(of: hello, [(0, 60), (61, size - 61)])) == (0, .handshaking), "a byte is missing")
    }

    /// They reach beyond their message, or say each another length of it: nothing is answered, and little is kept.
    @Test func fragmentsThatContradictEachOther() throws {
        let hello = try hello()
        let size = hello.count - 25
        for datagrams in [
            pieces(of: hello, [(size - 10, 20)]), pieces(of: hello, [(0, 60), (60, size)]),
            pieces(of: hello, [(0, 60)]) + pieces(of: hello, [(60, size - 60)], length: size + 40),
            pieces(of: hello, [(0, 60)], length: 8000) + pieces(of: hello, [(60, size - 60)]),
            (0..<300).flatMap { pieces(of: hello, [($0 % 60, 40)], length: 8000 + $0 % 190) },
        ] {
            let (count, state) = try answers(to: datagrams)
            if case .failed(let error) = state {
                guard case .violation = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(count <= 1, "an alert")
            } else {
                #expect(count == 0 && state == .handshaking)
            }
        }
    }

    @Test func anEngineThatNobodyPollsKeepsLittle() throws {
        let engine = try server()
        let peer = RawPeer(.client, against: engine, RawPeer.showCertificate)
        peer.run()
        // Each attempt makes the engine answer by an alert.
        for _ in 0..<200 {
            SSL_renegotiate(peer.session)
            SSL_do_handshake(peer.session)
            for record in peer.records() { peer.deliver(record) }
        }
        var room = [UInt8](repeating: 0, count: DTLSLimits.datagram)
        var count = 0
        while room.withUnsafeMutableBytes({ engine.pollDatagram(into: $0) }) != nil { count += 1 }
        #expect(count <= FlightQueue.mostWaiting)
    }
}

nonisolated(unsafe) private let largeExtension = {
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 1300)
    bytes.initialize(repeating: 7, count: 1300)
    return bytes
}()
