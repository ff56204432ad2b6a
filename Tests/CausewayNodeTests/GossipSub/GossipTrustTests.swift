import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// What others take for valid and pass on is not held against them.
@Suite struct GossipTrustTests {
    private func frame(
        from: [UInt8], key: [UInt8] = [], signature: [UInt8], sequence: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1], rest: [UInt8] = []
    ) -> [UInt8] {
        let signed = MessageCodec.signedBytes(from: from, data: [1], sequence: sequence, topic: chat)
        return gossipRPC(2, gossipContent(of: MessageCodec.frame(signed: signed, signature: signature, key: key)) + rest)
    }

    private func number(_ index: Int) -> [UInt8] { [0, 0, 0, 0, 0, 0, UInt8(index >> 8), UInt8(index & 0xff)] }

    /// A key of order 1, by whose owner everybody can speak: R is the base point, S is 1.
    private let smallOrder: (key: [UInt8], signature: [UInt8]) = (
        [0x08, 0x01, 0x12, 0x20, 0x01] + [UInt8](repeating: 0, count: 31),
        [0x58] + [UInt8](repeating: 0x66, count: 31) + [1] + [UInt8](repeating: 0, count: 31)
    )

    @Test func anyonesKeyOfSmallOrderSilencesNobody() {
        let victim = GossipVictim()
        let from = PeerID(ofKey: smallOrder.key).bytes
        for index in 0..<64 { victim.receive(frame(from: from, signature: smallOrder.signature, sequence: number(index))) }
        #expect(victim.peer.behaviour.faults == 0)
        #expect(victim.delivered().count == 64, "as go and js do")
        for index in 0..<52 { victim.receive(signedMessage(author: 2, sequence: number(index))) }
        #expect(victim.delivered().count == 52)
        victim.receive(frame(from: from, signature: [UInt8](repeating: 7, count: 64), sequence: number(100)))
        #expect(victim.peer.behaviour.faults == 10, "what RFC 8032 refuses is a fault")
    }

    @Test func authorsWhoseKeysWeCannotUseSilenceNobody() {
        let victim = GossipVictim()
        let unknownKind: [UInt8] = [0x08, 0x04, 0x12, 0x04, 1, 2, 3, 4]
        // An ECDSA key on brainpoolP256r1, whose peer id is a hash.
        let unknownCurve =
            [0x08, 0x03, 0x12, 0x5c] as [UInt8]
            + [
                0x30, 0x5a, 0x30, 0x14, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x09, 0x2b, 0x24, 0x03, 0x03, 0x02,
                0x08, 0x01, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
            ] + [UInt8](repeating: 7, count: 64)
        let hashed = PeerID(ofKey: unknownCurve).bytes
        for index in 0..<40 {
            victim.receive(frame(from: PeerID(ofKey: unknownKind).bytes, signature: [1], sequence: number(index)))
            victim.receive(frame(from: hashed, key: unknownCurve, signature: [1], sequence: number(index)))
            victim.receive(signedMessage(author: 2, sequence: number(index)))
        }
        #expect(victim.peer.behaviour.faults == 0 && victim.delivered().count == 40)
        // They are not asked for, however often they are announced.
        victim.receive(GossipCodec.have(chat, ids: [hashed + number(1), PeerID(ofKey: unknownKind).bytes + number(2)]))
        #expect(victim.frames().isEmpty)
        victim.receive(GossipCodec.have(chat, ids: [hashed + number(99)]))
        #expect(victim.frames().count == 1)
    }

    /// go-libp2p passes on fields that it does not know, ids that inline long keys, sequence numbers of any length, and keys with more in
    /// them.
    @Test func whatGoPassesOnIsNotHeldAgainstIt() throws {
        let victim = GossipVictim()
        let author = GossipHost.key(3)
        let from = author.publicKey.peerID.bytes
        let signature = try author.sign([1, 2, 3])
        let p256 = try PrivateKey.p256(entropy: [UInt8](0..<48)).publicKey.protobuf
        let frames = [
            frame(from: from, signature: signature, rest: [0x7a, 0x01, 0x05]),
            frame(from: from, signature: signature, rest: [0x7b, 0x7c]),
            frame(from: from, signature: signature, rest: [0xf8, 0xff, 0xff, 0xff, 0xff, 0x01, 0x01]),
            frame(from: from, signature: signature, sequence: [1, 2, 3]),
            frame(from: [0x00, UInt8(p256.count)] + p256, signature: signature),
            frame(from: from, key: author.publicKey.protobuf + [0x18, 0x01], signature: signature),
        ]
        for (index, one) in frames.enumerated() {
            victim.receive(one)
            #expect(victim.peer.behaviour.faults == 0 && !victim.wasReset, "\(index)")
        }
        #expect(victim.delivered().isEmpty)
        // None of these keeps the author's own message out.
        victim.receive(GossipCodec.have(chat, ids: [from + number(1)]))
        #expect(victim.frames().count == 1)
        victim.receive(signedMessage(author: 3, sequence: number(1)))
        #expect(victim.delivered().count == 1)
    }

    @Test func aFloodOfThemIsBoundedAndForgotten() {
        let victim = GossipVictim()
        let author = PeerID(ofKey: [0x08, 0x04, 0x12, 0x01, 1]).bytes
        for index in 0..<10_000 { victim.receive(frame(from: author, signature: [1], sequence: number(index))) }
        #expect(victim.host.gossip.unverifiable.count == 4096 && victim.host.gossip.seen.count == 0)
        #expect(!victim.wasReset && victim.peer.behaviour.faults == 0)
        victim.pass(.seconds(121))
        #expect(victim.host.gossip.unverifiable.count == 0)
    }

    @Test func authorsKeysAreKeptReadyWithinABound() throws {
        let authors = AuthorKeys(limit: 8)
        for index in 0..<50 {
            let key = try PrivateKey.p256(entropy: [UInt8](repeating: UInt8(index), count: 48))
            let (id, carried) = (key.publicKey.peerID, key.publicKey.protobuf)
            let signature = try key.sign([1, 2])
            var works: [Int] = []
            for _ in 0..<2 {
                var work = 0
                #expect(authors.verdict(on: [1, 2], by: id, key: carried, signature, work: &work) == .genuine)
                works.append(-work)
            }
            #expect(works[1] < works[0] && works[1] > 0)
            var work = 0
            #expect(authors.verdict(on: [1, 3], by: id, key: carried, signature, work: &work) == .forged)
            #expect(authors.verdict(on: [1, 2], by: id, key: [], signature, work: &work) == .forged, "others could not find the key")
            #expect(authors.verdict(on: [1, 2], by: GossipHost.key(1).publicKey.peerID, key: carried, signature, work: &work) == .forged)
        }
        #expect(authors.count <= 8)
    }
}
