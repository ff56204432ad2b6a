/// What a peer says about itself under its signature: where it can be reached (RFC 0003).
public struct PeerRecord: Equatable, Sendable {
    /// multicodec `libp2p-peer-record` as two bytes.
    public static var payloadType: [UInt8] { [UInt8](utf8: "\u{03}\u{01}") }
    /// The domain that implementations sign with ...
    public static var domain: [UInt8] { [UInt8](utf8: "libp2p-peer-record") }
    /// ... and the domain in the specification's text. Both are accepted.
    public static var textDomain: [UInt8] { [UInt8](utf8: "libp2p-routing-state") }

    public let peerID: PeerID
    /// Grows with each record. A record with a lower number is stale.
    public let sequence: UInt64
    public let addresses: [Multiaddr]

    public init(peerID: PeerID, sequence: UInt64, addresses: [Multiaddr]) {
        self.peerID = peerID
        self.sequence = sequence
        self.addresses = addresses
    }

    /// Opens a signed envelope. Checks the payload's type, the signature under either domain, and that the signer is the peer in the
    /// record. Addresses of unknown protocols are left out.
    ///
    /// - Parameter peer: The peer that the record must be of. It is checked before the signature. nil: any peer.
    public static func decode(envelope bytes: [UInt8], of peer: PeerID? = nil) throws(RecordError) -> PeerRecord {
        let envelope = try SignedEnvelope(decoding: bytes)
        guard envelope.payloadType == payloadType else { throw .unexpectedPayloadType }
        let record = try PeerRecord(payload: envelope.payload)
        guard envelope.publicKey.peerID == record.peerID, record.peerID == peer ?? record.peerID else { throw .keyIsNotThePeers }
        do throws(RecordError) {
            try envelope.verify(domain: domain)
        } catch {
            guard case .badSignature = error else { throw error }
            try envelope.verify(domain: textDomain)
        }
        return record
    }

    /// The encoded signed envelope.
    public func sealed(by key: PrivateKey) throws(KeyError) -> [UInt8] {
        try SignedEnvelope.seal(payload: payload, payloadType: Self.payloadType, domain: Self.domain, key: key).encoded
    }

    init(payload: [UInt8]) throws(RecordError) {
        var id: [UInt8]?
        var sequence: UInt64 = 0
        var addresses: [Multiaddr] = []
        var reader = ProtobufReader(payload)
        while reader.advance() {
            switch reader.number {
            case 1: id = reader.content()
            case 2: sequence = reader.varint()
            case 3: if let address = Self.address(&reader) { addresses.append(address) }
            default: break
            }
        }
        if let fault = reader.fault { throw .malformed(fault) }
        guard let id else { throw .missingField(1) }
        do throws(PeerIDError) {
            peerID = try PeerID(id)
        } catch { throw .badPeerID(error) }
        self.sequence = sequence
        self.addresses = addresses
    }

    private static func address(_ info: inout ProtobufReader) -> Multiaddr? {
        let outer = info.enter()
        var bytes: [UInt8] = []
        while info.advance() { if info.number == 1 { bytes = info.content() } }
        info.leave(outer)
        return try? Multiaddr(bytes: bytes)
    }

    private var payload: [UInt8] {
        var writer = ProtobufWriter()
        writer.content(1, peerID.bytes)
        writer.varint(2, sequence)
        for address in addresses {
            var info = ProtobufWriter()
            info.content(1, address.bytes)
            writer.content(3, info.bytes)
        }
        return writer.bytes
    }
}
