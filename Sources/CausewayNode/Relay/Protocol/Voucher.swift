import CausewayIdentity

/// A reservation voucher (relay/circuit-v2.md): the relay's signed promise to serve a peer until a given moment.
struct Voucher: Equatable {
    let relay: [UInt8]
    let peer: [UInt8]
    /// Unix seconds.
    let expiration: UInt64

    static var domain: [UInt8] { [UInt8](utf8: "libp2p-relay-rsvp") }
    /// The multicodec 0x0302 in two bytes, as go and js write it.
    static var payloadType: [UInt8] { [0x03, 0x02] }
    /// The same as a varint, as the specification's text says.
    private static var varintPayloadType: [UInt8] { [0x82, 0x06] }

    /// The signed envelope. nil: the key cannot sign.
    func sealed(by key: PrivateKey) -> [UInt8]? {
        var out = ProtobufWriter()
        out.content(1, relay)
        out.content(2, peer)
        out.varint(3, expiration)
        guard
            let envelope = try? SignedEnvelope.seal(
                payload: out.bytes, payloadType: Voucher.payloadType, domain: Voucher.domain, key: key)
        else { return nil }
        return envelope.encoded
    }

    /// Opens a voucher that `relay` must have signed. nil: this build cannot verify keys of that kind.
    static func open(_ bytes: [UInt8], from relay: PeerID) throws(RelayFault) -> Voucher? {
        let payload: [UInt8]
        do throws(RecordError) {
            let envelope = try SignedEnvelope(decoding: bytes)
            guard envelope.payloadType == payloadType || envelope.payloadType == varintPayloadType, envelope.publicKey.peerID == relay
            else { throw RecordError.unexpectedPayloadType }
            try envelope.verify(domain: domain)
            payload = envelope.payload
        } catch {
            if case .badKey(.unsupported) = error { return nil }
            throw .badVoucher
        }
        return try Voucher(payload: payload)
    }

    init(relay: PeerID, peer: PeerID, expiration: UInt64) {
        self.relay = relay.bytes
        self.peer = peer.bytes
        self.expiration = expiration
    }

    init(payload: [UInt8]) throws(RelayFault) {
        var relay: [UInt8] = []
        var peer: [UInt8] = []
        var expiration: UInt64 = 0
        var reader = ProtobufReader(payload)
        while reader.advance() {
            switch reader.number {
            case 1: relay = reader.content()
            case 2: peer = reader.content()
            case 3: expiration = reader.varint()
            default: break
            }
        }
        guard reader.fault == nil else { throw .badVoucher }
        self.relay = relay
        self.peer = peer
        self.expiration = expiration
    }
}
