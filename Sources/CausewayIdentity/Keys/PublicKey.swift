import CCrypto

/// A public key of one of libp2p's four types (peer-ids/peer-ids.md).
public struct PublicKey: Hashable, Sendable {
    /// The key's type, by its number in the libp2p key protobuf.
    public enum Kind: UInt8, Sendable { case rsa = 0, ed25519 = 1, secp256k1 = 2, ecdsa = 3 }

    public let kind: Kind
    /// `Data` in the libp2p key protobuf: the raw key (Ed25519, compressed secp256k1), or DER of SubjectPublicKeyInfo (RSA, ECDSA).
    public let data: [UInt8]

    /// Checks lengths, DER, the size of an RSA modulus, and the curve of an ECDSA key (P-224, P-256, P-384 or P-521). The browser's build
    /// does not check keys other than Ed25519, because it verifies nothing with them.
    public init(_ kind: Kind, data: [UInt8]) throws(KeyError) {
        switch kind {
        case .ed25519: guard data.count == 32 else { throw .malformed(.ed25519) }
        #if hasFeature(Embedded)
            default: break
        #else
            case .secp256k1: guard data.count == 33, data[0] == 2 || data[0] == 3 else { throw .malformed(.secp256k1) }
            case .rsa: try SubjectPublicKeyInfo.checkRSA(data)
            case .ecdsa: try SubjectPublicKeyInfo.checkECDSA(data)
        #endif
        }
        self.init(checked: kind, data)
    }

    init(checked kind: Kind, _ data: [UInt8]) {
        self.kind = kind
        self.data = data
    }

    /// Reads the `PublicKey` protobuf in its single deterministic form.
    public init(protobuf: [UInt8]) throws(KeyError) {
        let message = try KeyMessage(decoding: protobuf)
        try self.init(message.kind, data: message.data)
    }

    /// The deterministic `PublicKey` protobuf.
    public var protobuf: [UInt8] { KeyMessage(kind: kind, data: data).encoded }

    public var peerID: PeerID { PeerID(ofKey: protobuf) }

    /// Whether this key's owner made `signature` over `message`. Ed25519 only with S below the group's order and without points of small
    /// order; secp256k1 only with low S; RSA as PKCS #1 v1.5 with SHA-256; ECDSA as strict DER with SHA-256. `PreparedKey.accepts` is less
    /// strict.
    ///
    /// - Throws: `KeyError.unsupported` in the browser's build for kinds other than Ed25519. `KeyError.malformed` for a point that is not
    ///   on the curve.
    public func verify(_ signature: [UInt8], of message: [UInt8]) throws(KeyError) -> Bool {
        switch kind {
        case .ed25519: return signature.count == 64 && cc_ed25519_verify(message, message.count, signature, data) == 1
        #if hasFeature(Embedded)
            default: throw .unsupported(kind)
        #else
            case .rsa: return try PreparedKey(self).accepts(signature, of: message)
            case .ecdsa, .secp256k1:
                guard ECDSASignature.isAcceptable(signature, lowS: kind == .secp256k1) else { return false }
                return try PreparedKey(self).accepts(signature, of: message)
        #endif
        }
    }
}

/// `PublicKey` and `PrivateKey` have the same fields: type 1, data 2.
struct KeyMessage {
    let kind: PublicKey.Kind
    var data: [UInt8]

    init(kind: PublicKey.Kind, data: [UInt8]) {
        self.kind = kind
        self.data = data
    }

    init(decoding bytes: [UInt8]) throws(KeyError) {
        var type: UInt64?
        var data: [UInt8]?
        var reader = ProtobufReader(bytes)
        while reader.advance() {
            switch reader.number {
            case 1: type = reader.varint()
            case 2: data = reader.content()
            default: break
            }
        }
        if let fault = reader.fault { throw .malformedMessage(fault) }
        guard let type, let data else { throw .notDeterministic }
        guard type <= 3, let kind = PublicKey.Kind(rawValue: UInt8(type)) else { throw .unknownType(type) }
        self.init(kind: kind, data: data)
        guard encoded == bytes else { throw .notDeterministic }
    }

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.varint(1, UInt64(kind.rawValue))
        writer.content(2, data)
        return writer.bytes
    }
}
