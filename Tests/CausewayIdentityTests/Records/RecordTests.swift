import CausewayIdentity
import Testing

@Suite struct RecordTests {
    let alice: PrivateKey
    let mallory: PrivateKey
    let record: PeerRecord

    init() throws {
        alice = try PrivateKey(ed25519Seed: [UInt8](repeating: 1, count: 32))
        mallory = try PrivateKey(ed25519Seed: [UInt8](repeating: 2, count: 32))
        record = PeerRecord(peerID: alice.publicKey.peerID, sequence: 7, addresses: [try Multiaddr("/ip4/192.0.2.1/tcp/4001")])
    }

    @Test func goesThereAndBack() throws {
        #expect(try PeerRecord.decode(envelope: record.sealed(by: alice)) == record)
    }

    @Test func takesBothDomainsAndNoOther() throws {
        let payload = try SignedEnvelope(decoding: record.sealed(by: alice)).payload
        func sealed(_ domain: String, _ type: [UInt8] = PeerRecord.payloadType) throws -> [UInt8] {
            try SignedEnvelope.seal(payload: payload, payloadType: type, domain: bytes(domain), key: alice).encoded
        }
        #expect(try PeerRecord.decode(envelope: sealed("libp2p-routing-state")) == record)
        #expect(throws: RecordError.badSignature) { try PeerRecord.decode(envelope: sealed("libp2p-relay-rsvp")) }
        #expect(throws: RecordError.unexpectedPayloadType) { try PeerRecord.decode(envelope: sealed("libp2p-peer-record", [3, 2])) }
    }

    @Test func refusesARecordOfAnotherPeer() throws {
        let envelope = try record.sealed(by: mallory)
        #expect(throws: RecordError.keyIsNotThePeers) { try PeerRecord.decode(envelope: envelope) }
    }

    @Test func refusesWhatWasChanged() throws {
        let envelope = try record.sealed(by: alice)
        for index in envelope.indices {
            var damaged = envelope
            damaged[index] ^= 0x10
            #expect(throws: RecordError.self) { try PeerRecord.decode(envelope: damaged) }
        }
        for count in envelope.indices {
            #expect(throws: RecordError.self) { try PeerRecord.decode(envelope: Array(envelope[..<count])) }
        }
    }

    @Test func leavesOutAddressesItDoesNotKnow() throws {
        var info = ProtobufWriter()
        info.content(1, [0xfe, 0xff, 0x03])
        var payload = ProtobufWriter()
        payload.content(1, alice.publicKey.peerID.bytes)
        payload.varint(2, .max)
        payload.content(3, info.bytes)
        let envelope = try SignedEnvelope.seal(
            payload: payload.bytes, payloadType: PeerRecord.payloadType, domain: PeerRecord.domain, key: alice)
        let decoded = try PeerRecord.decode(envelope: envelope.encoded)
        #expect(decoded.addresses.isEmpty && decoded.sequence == .max)
    }
}
