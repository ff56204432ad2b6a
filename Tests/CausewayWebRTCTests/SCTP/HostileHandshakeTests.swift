import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("SCTP: a hostile handshake") struct HostileHandshakeTests {
    @Test func aForgedCookieIsNone() {
        let remote = ScriptedRemote()
        remote.exchangeInitiation()
        for index in remote.cookie.indices {
            var forged = remote.cookie
            forged[index] ^= 1
            remote.echoCookie(forged)
        }
        remote.echoCookie([])
        remote.echoCookie(remote.cookie + [0])
        #expect(remote.output() == [] && !remote.victim.isConnected)
        remote.echoCookie()
        #expect(remote.victim.isConnected)
    }

    @Test func anOldCookieIsStale() {
        let remote = ScriptedRemote()
        remote.exchangeInitiation()
        remote.pass(.seconds(61))
        remote.echoCookie()
        #expect(remote.output() == [.error] && !remote.victim.isConnected)
        remote.exchangeInitiation()
        remote.pass(.seconds(59))
        remote.echoCookie()
        #expect(remote.victim.isConnected)
    }

    /// RFC 9260, section 5.2.6: it asks for another cookie.
    @Test func aStaleCookieIsReplaced() {
        let network = AssociationNetwork(path: .init(delay: .milliseconds(1)))
        network.left.association.connect(at: network.now)
        network.filter = { bytes, toRight in !(toRight && bytes[12] == ChunkType.cookieEcho.rawValue) }
        network.run(for: .milliseconds(100))
        network.left.association.received(
            error: [UInt8](writing: 8) { ErrorCause.staleCookie.write([0, 0, 0, 0], to: &$0) }.withUnsafeBytes { PacketBytes($0) },
            at: network.now)
        network.filter = nil
        #expect(network.run(for: .seconds(5)) { network.left.isConnected && network.right.isConnected })
    }

    /// An INIT costs nothing here, so a flood of them does not either.
    @Test func manyINITsLeaveNothing() {
        let remote = ScriptedRemote()
        for _ in 0..<1000 { remote.inject(tag: 0) { remote.initiation(to: &$0) } }
        let answers = remote.output()
        #expect(answers.count == SCTPLimits().waitingAnswers && answers.allSatisfy { $0 == .initiationAcknowledgement })
        #expect(remote.victim.association.state == .closed && remote.victim.association.nextDeadline == .distantFuture)
    }

    @Test func anINITMustBeAloneAndUntagged() {
        let remote = ScriptedRemote()
        remote.inject(tag: 7) { remote.initiation(to: &$0) }
        remote.inject(tag: 0) { writer in
            remote.initiation(to: &writer)
            writer.pad()
            CookieChunks.writeAcknowledgement(to: &writer)
        }
        remote.inject(tag: 0) { remote.initiation(tag: 0, to: &$0) }
        remote.inject(tag: 0) { remote.initiation(streams: 0, to: &$0) }
        #expect(remote.output() == [])
    }

    /// The two high bits of a parameter's type decide (RFC 9260, section 3.2.1).
    @Test func unknownParametersAreTreatedByTheirBits() {
        for (type, isReported, stops) in [(0x0F01, false, true), (0x4F01, true, true), (0x8F01, false, false), (0xCF01, true, false)] {
            let remote = ScriptedRemote()
            let unknown: [UInt8] = [UInt8(type >> 8), UInt8(type & 255), 0, 5, 1, 0, 0, 0]
            let zeroChecksum: [UInt8] = [0x80, 0x01, 0, 8, 0, 0, 0, 1]
            remote.exchangeInitiation(features: [], extra: unknown + zeroChecksum)
            remote.echoCookie()
            #expect(remote.victim.isConnected)
            #expect(remote.victim.association.features.contains(.zeroChecksum) == !stops, "\(type)")
            let repeated = ScriptedRemote()
            repeated.inject(tag: 0) { writer in
                let begin = writer.count
                repeated.initiation(to: &writer)
                writer.pad()
                writer.bytes(unknown)
                writer.replace16(at: begin + 2, by: UInt16(writer.count - begin))
            }
            let answer = repeated.outputChunks()[0].bytes
            let report: [UInt8] = [0, 8, 0, 9] + unknown[..<5]
            #expect((answer.count >= 9 && answer.contains(report)) == isReported, "\(type)")
        }
    }

    @Test func manyUnknownParametersAreReportedInPart() {
        let remote = ScriptedRemote()
        remote.exchangeInitiation(extra: (0..<200).flatMap { _ in [0xCF, 0x01, 0, 8, 1, 2, 3, 4] as [UInt8] })
        #expect(remote.cookie.count > 0)
        let chunk = ScriptedRemote()
        chunk.inject(tag: 0) { writer in
            let begin = writer.count
            chunk.initiation(to: &writer)
            writer.pad()
            for _ in 0..<200 { writer.bytes([0xCF, 0x01, 0, 8, 1, 2, 3, 4]) }
            writer.replace16(at: begin + 2, by: UInt16(writer.count - begin))
        }
        let answer = chunk.victim.output(at: chunk.now)
        #expect(answer.count == 1 && answer[0].count <= 300 + 2 * InitiationChunk.unrecognizedBytes)
    }

    /// An INIT ACK without a cookie, without streams, with a cookie that fits no packet, without a tag.
    @Test(arguments: 0..<4) func badINITACKs(_ kind: Int) {
        let remote = ScriptedRemote()
        remote.victim.association.connect(at: remote.now)
        remote.output()
        let tag = remote.victim.association.local.tag
        var chunk = InitiationChunk(
            tag: kind == 3 ? 0 : 5, window: 1000, outboundStreams: kind == 1 ? 0 : 1, inboundStreams: 1, initialTSN: TSN(1))
        if kind != 0 { chunk.cookie = [UInt8](repeating: 1, count: kind == 2 ? 1025 : 10) }
        remote.inject(tag: tag) { chunk.write(.initiationAcknowledgement, to: &$0) }
        #expect(remote.victim.closed == .some(.protocolViolation(.badInitiation)))
        #expect(remote.output() == (kind == 3 ? [] : [.abort]))
    }

    /// RFC 9260, section 5.2.4, case A: the remote began anew, so what it had is lost.
    @Test func aRestartEndsTheAssociation() {
        let remote = ScriptedRemote.connected()
        let old = remote.victimTag
        var again = InitiationChunk(tag: 77, window: 1000, outboundStreams: 1, inboundStreams: 1, initialTSN: TSN(5))
        again.features = .all
        remote.inject(tag: 0) { again.write(.initiation, to: &$0) }
        let answer = remote.outputChunks()[0].bytes.withUnsafeBytes { InitiationChunk(PacketBytes($0)) }!
        #expect(answer.tag != old)
        #expect(remote.victim.closed == nil)
        remote.inject(tag: answer.tag) { CookieChunks.write(echo: answer.cookie!, to: &$0) }
        #expect(remote.victim.closed == .some(.restartedByRemote))
        #expect(remote.output() == [.abort])
    }

    /// Case D again: the first COOKIE ACK was lost.
    @Test func aSecondCookieEchoIsAnsweredAgain() {
        var settings = AssociationSettings()
        settings.limits.cookieLifetime = .seconds(1)
        let remote = ScriptedRemote.connected(settings)
        // Even if the cookie is old by now.
        remote.pass(.seconds(20))
        remote.output()
        remote.echoCookie()
        #expect(remote.output() == [.cookieAcknowledgement])
        #expect(remote.victim.log == ["connected"])
    }
}

extension ScriptedRemote {
    func initiation(tag: UInt32 = ScriptedRemote.tag, streams: UInt16 = 10, to writer: inout PacketWriter) {
        InitiationChunk(tag: tag, window: 1000, outboundStreams: streams, inboundStreams: streams, initialTSN: tsn)
            .write(.initiation, to: &writer)
    }
}
