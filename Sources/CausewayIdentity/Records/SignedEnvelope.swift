/// Why a signed envelope, or a record in it, must not be believed.
public enum RecordError: Error, Equatable, Sendable {
    case malformed(ProtobufError)
    /// A required field is missing.
    case missingField(UInt32)
    case badKey(KeyError)
    /// The envelope contains another type than requested.
    case unexpectedPayloadType
    /// It was signed by another key or under another domain, or was damaged.
    case badSignature
    case badPeerID(PeerIDError)
    /// The record is about another peer than the one that signed it.
    case keyIsNotThePeers
}

/// Bytes of some type, signed by a peer for one purpose, its domain (RFC 0002).
public struct SignedEnvelope: Equatable, Sendable {
    public let publicKey: PublicKey
    public let payloadType: [UInt8]
    public let payload: [UInt8]
    public let signature: [UInt8]

    private init(publicKey: PublicKey, payloadType: [UInt8], payload: [UInt8], signature: [UInt8]) {
        self.publicKey = publicKey
        self.payloadType = payloadType
        self.payload = payload
        self.signature = signature
    }

    /// Reads the `Envelope` protobuf. Do not believe anything in it before `verify`.
    public init(decoding bytes: [UInt8]) throws(RecordError) {
        var key: [UInt8]?
        var type: [UInt8]?
        var payload: [UInt8]?
        var signature: [UInt8]?
        var reader = ProtobufReader(bytes)
        while reader.advance() {
            switch reader.number {
            case 1: key = reader.content()
            case 2: type = reader.content()
            case 3: payload = reader.content()
            case 5: signature = reader.content()
            default: break
            }
        }
        if let fault = reader.fault { throw .malformed(fault) }
        guard let key else { throw .missingField(1) }
        guard let type else { throw .missingField(2) }
        guard let signature else { throw .missingField(5) }
        do throws(KeyError) {
            publicKey = try PublicKey(protobuf: key)
        } catch { throw .badKey(error) }
        payloadType = type
        // An empty payload is the default, which writers leave out.
        self.payload = payload ?? []
        self.signature = signature
    }

    /// Throws unless the envelope's key signed this payload and its type under `domain`. The caller must compare `payloadType`, too.
    public func verify(domain: [UInt8]) throws(RecordError) {
        let genuine: Bool
        do throws(KeyError) {
            genuine = try publicKey.verify(signature, of: Self.signed(domain, payloadType, payload))
        } catch { throw .badKey(error) }
        guard genuine else { throw .badSignature }
    }

    public static func seal(payload: [UInt8], payloadType: [UInt8], domain: [UInt8], key: PrivateKey) throws(KeyError) -> SignedEnvelope {
        let signature = try key.sign(signed(domain, payloadType, payload))
        return SignedEnvelope(publicKey: key.publicKey, payloadType: payloadType, payload: payload, signature: signature)
    }

    /// The `Envelope` protobuf.
    public var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.content(1, publicKey.protobuf)
        writer.content(2, payloadType)
        writer.content(3, payload)
        writer.content(5, signature)
        return writer.bytes
    }

    /// The bytes that are signed: domain, type and payload, each preceded by its length, so that none can pass for a part of another.
    private static func signed(_ domain: [UInt8], _ type: [UInt8], _ payload: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for part in [domain, type, payload] {
            Varint.append(UInt64(part.count), to: &out)
            out += part
        }
        return out
    }
}
