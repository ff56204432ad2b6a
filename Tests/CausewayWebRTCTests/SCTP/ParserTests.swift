import CausewayIdentity
import Testing

@testable import CausewayWebRTC

/// Random and mutated packets: whatever comes, nothing traps, and what is kept stays within bounds.
@Suite("SCTP: any bytes") struct ParserTests {
    @Test(arguments: 0..<50) func randomBytes(_ seed: UInt64) {
        let remote = ScriptedRemote.connected()
        var random = Dice(seed: seed)
        for _ in 0..<200 where remote.victim.closed == nil {
            let type = UInt8(random.below(20) < 15 ? random.below(15) : [130, 192, 64, 255, 0x82][random.below(5)])
            // ABORT and its like would end the run.
            guard type != ChunkType.abort.rawValue else { continue }
            let body = random.bytes(random.below(60))
            remote.inject { writer in
                writer.block(UInt16(type) << 8 | UInt16(random.below(256))) { $0.bytes(body) }
                if random.happens(300) { writer.bytes(random.bytes(random.below(20))) }
            }
            if random.happens(200) { remote.pass(.milliseconds(UInt64(random.below(2000)))) }
            remote.output()
            remote.checkBounds("seed \(seed)")
        }
    }

    /// Real traffic, of which every packet may be changed in a few places, with a right checksum.
    @Test(arguments: 0..<200) func mutatedPackets(_ seed: UInt64) {
        var random = Dice(seed: seed)
        let network = AssociationNetwork(seed: seed, path: .init(lost: 50, late: 50, lateness: .milliseconds(40)))
        network.connect()
        network.mutate = { bytes in
            guard random.happens(200) else { return bytes }
            var bytes = bytes
            for _ in 0...random.below(3) { bytes[12 + random.below(bytes.count - 12)] = UInt8(random.below(256)) }
            if random.happens(100) { bytes.removeLast(random.below(bytes.count - 12)) }
            // This side accepts packets without a checksum.
            bytes.replaceSubrange(8..<12, with: [0, 0, 0, 0])
            return bytes
        }
        for end in [network.left, network.right] { end.keepsMessages = false }
        for round in 0..<20 {
            for end in [network.left, network.right] {
                try? end.send(random.bytes(1 + random.below(5000)), on: UInt16(random.below(4)), isOrdered: random.happens(800))
                if random.happens(100) { end.association.reset(StreamID(UInt16(random.below(4)))) }
            }
            network.run(for: .milliseconds(UInt64(10 + round)))
            for end in [network.left, network.right] { end.checkBounds("seed \(seed)") }
        }
    }

    /// Every prefix of a packet with one chunk of each kind.
    @Test func prefixes() {
        let remote = ScriptedRemote.connected()
        let packet = remote.packet(tag: remote.victimTag) { writer in
            writer.block(0x0300) { $0.bytes([UInt8](repeating: 0, count: 12)) }
            HeartbeatChunk.write(nonce: 1, to: &writer)
            ErrorChunk.write(.invalidStream, [0, 1, 0, 0], to: &writer)
            ReconfigurationChunk.writeReset([StreamID(1)], number: RequestNumber(5), answered: RequestNumber(0), last: TSN(0), to: &writer)
            writer.block(0xc000) { $0.bytes([UInt8](repeating: 0, count: 8)) }
            remote.write([1, 2, 3], to: &writer)
        }
        for length in 0...packet.count {
            var prefix = [UInt8](packet[..<length])
            if length >= 12 { prefix.replaceSubrange(8..<12, with: [0, 0, 0, 0]) }
            remote.victim.receive(prefix, at: remote.now)
            remote.output()
        }
        #expect(remote.victim.closed == nil)
        #expect(remote.victim.messages.count == 1)
    }
}

extension AssociationEnd {
    func checkBounds(_ comment: String) {
        let limits = association.limits
        #expect(association.reassembly.heldBytes <= limits.receiveWindow + limits.messageBytes + 1200, "\(comment)")
        #expect(association.reassembly.heldChunks <= 2 * limits.heldChunks, "\(comment)")
        #expect(association.reassembly.known.count <= limits.streams, "\(comment)")
        #expect(association.transmission.inFlight >= 0, "\(comment)")
        #expect(association.transmission.inFlight <= association.transmission.queue.bytes, "\(comment)")
    }
}

extension ScriptedRemote {
    func checkBounds(_ comment: String) { victim.checkBounds(comment) }
}
