import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("SCTP: hostile packets") struct HostilePacketTests {
    @Test func aWrongTagChangesNothing() {
        let remote = ScriptedRemote.connected()
        for tag in [0, remote.victimTag &+ 1, ScriptedRemote.tag] {
            remote.inject(tag: tag) { remote.write([1], tsn: remote.tsn, to: &$0) }
            remote.inject(tag: tag) { AbortChunk.write(.userInitiated, to: &$0) }
        }
        #expect(remote.victim.closed == nil && remote.victim.messages.isEmpty)
        // The reflected tag is right for an ABORT that says so (section 8.5.1).
        remote.inject(tag: ScriptedRemote.tag) { $0.block(0x0601) { _ in } }
        #expect(remote.victim.closed == .some(.abortedByRemote(cause: nil)))
    }

    @Test func aWrongChecksumIsNoPacket() {
        let remote = ScriptedRemote.connected()
        var packet = remote.packet(tag: remote.victimTag) { remote.write([1], to: &$0) }
        packet[packet.count - 4] ^= 1
        remote.victim.receive(packet, at: remote.now)
        #expect(remote.victim.messages.isEmpty)
        packet.replaceSubrange(8..<12, with: [0, 0, 0, 0])
        remote.victim.receive(packet, at: remote.now)
        #expect(remote.victim.messages.count == 1, "this side accepts packets without a checksum")
        var settings = AssociationSettings()
        settings.zeroChecksum = false
        let strict = ScriptedRemote.connected(settings)
        packet = strict.packet(tag: strict.victimTag) { strict.write([1], to: &$0) }
        packet.replaceSubrange(8..<12, with: [0, 0, 0, 0])
        strict.victim.receive(packet, at: strict.now)
        #expect(strict.victim.messages.isEmpty)
    }

    @Test func lengthsThatLieEndThePacket() {
        for length in [0, 3, 17, 1000, 65535] as [UInt16] {
            let remote = ScriptedRemote.connected()
            remote.inject { writer in
                remote.write([1], to: &writer)
                writer.pad()
                let begin = writer.count
                remote.write([2], sequence: 1, to: &writer)
                writer.replace16(at: begin + 2, by: length)
            }
            // What came before stands. 17 is right.
            #expect(remote.victim.messages.map(\.bytes) == (length == 17 ? [[1], [2]] : [[1]]), "\(length)")
        }
    }

    @Test func otherPortsAreNotOurs() {
        let remote = ScriptedRemote.connected()
        var packet = remote.packet(tag: remote.victimTag) { remote.write([1], to: &$0) }
        packet[1] ^= 1
        packet.replaceSubrange(8..<12, with: [0, 0, 0, 0])
        remote.victim.receive(packet, at: remote.now)
        #expect(remote.victim.messages.isEmpty)
    }

    /// The two high bits of a chunk's type decide (RFC 9260, section 3.2). A report repeats only its beginning.
    @Test func unknownChunksAreTreatedByTheirBits() {
        for (type, isReported, stops) in [(0x3e, false, true), (0x7e, true, true), (0xbe, false, false), (0xfe, true, false)] {
            let remote = ScriptedRemote.connected()
            remote.inject { writer in
                writer.block(UInt16(type) << 8) { $0.bytes([UInt8](repeating: 7, count: 1500)) }
                remote.write([1], to: &writer)
            }
            #expect(remote.victim.messages.isEmpty == stops, "\(type)")
            let errors = remote.outputChunks().filter { $0.type == ChunkType.error.rawValue }
            #expect(errors.count == (isReported ? 1 : 0), "\(type)")
            if isReported { #expect(errors[0].bytes.count == 4 + ErrorChunk.repeatedBytes) }
        }
    }

    @Test func floodsOfQuestionsGetFewAnswers() {
        let remote = ScriptedRemote.connected()
        for _ in 0..<1000 {
            remote.inject { writer in
                HeartbeatChunk.write(nonce: 1, to: &writer)
                writer.block(0xfe00) { _ in }
            }
        }
        #expect(remote.output().count == SCTPLimits().waitingAnswers)
        remote.inject { HeartbeatChunk.write(nonce: 0x0102_0304_0506_0708, to: &$0) }
        let answer = remote.outputChunks()
        #expect(answer.count == 1 && answer[0].bytes == [0, 1, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test func anotherNonceAnswersNoHeartbeat() {
        let remote = ScriptedRemote.connected()
        var asked = 0
        for _ in 0..<200 where remote.victim.closed == nil {
            remote.now = max(remote.now, remote.victim.association.nextDeadline)
            remote.victim.association.advance(to: remote.now)
            remote.victim.pollEvents()
            // The packet itself would count as a sign of life, so the answer comes alone, to the machine behind.
            for chunk in remote.outputChunks() where chunk.type == ChunkType.heartbeat.rawValue {
                asked += 1
                remote.victim.association.heartbeats.answered(42, at: remote.now)
            }
        }
        #expect(remote.victim.closed == .some(.remoteGone))
        #expect(asked == SCTPLimits().retransmissions + 1)
    }

    @Test func dataWithoutDataEndsTheAssociation() {
        let remote = ScriptedRemote.connected()
        remote.data([])
        #expect(remote.victim.closed == .some(.protocolViolation(.emptyData)))
        #expect(remote.output() == [.abort])
        #expect(remote.victim.association.nextDeadline == .distantFuture)
    }
}
