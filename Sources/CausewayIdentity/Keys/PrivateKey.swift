import CCrypto

/// A private key of this node: Ed25519, or ECDSA P-256, which the browser's build does not have. The shell decides where its bytes come
/// from and where they are stored.
public struct PrivateKey: Sendable {
    public let publicKey: PublicKey
    /// Ed25519: the seed and the public key. P-256: the scalar.
    private let secret: Secret

    /// The Ed25519 key from a seed of 32 random bytes.
    public init(ed25519Seed seed: [UInt8]) throws(KeyError) {
        guard seed.count == 32 else { throw .malformed(.ed25519) }
        var open = [UInt8](repeating: 0, count: 32)
        secret = Secret(count: 64) { cc_ed25519_from_seed(&open, $0, seed) }
        publicKey = PublicKey(checked: .ed25519, open)
    }

    /// Reads the `PrivateKey` protobuf: Ed25519 of 64 or (the old form) 96 bytes, ECDSA as DER of ECPrivateKey (RFC 5915) on P-256.
    public init(protobuf: [UInt8]) throws(KeyError) {
        var message = try KeyMessage(decoding: protobuf)
        defer { message.data.wipe() }
        switch message.kind {
        case .ed25519:
            let count = message.data.count
            guard count == 64 || count == 96 else { throw .malformed(.ed25519) }
            var seed = [UInt8](copying: message.data, 0..<32)
            defer { seed.wipe() }
            try self.init(ed25519Seed: seed)
            guard [UInt8](message.data[32..<64]) == publicKey.data, count == 64 || message.data[64...].elementsEqual(publicKey.data) else {
                throw .malformed(.ed25519)
            }
        #if !hasFeature(Embedded)
            case .ecdsa:
                var scalar = try ECPrivateKey.scalar(message.data)
                defer { scalar.wipe() }
                try self.init(p256Scalar: scalar)
        #endif
        default: throw .unsupported(message.kind)
        }
    }

    /// The deterministic `PrivateKey` protobuf. Wipe it when you have stored it.
    public var protobuf: [UInt8] {
        var data = secret[0..<secret.count]
        defer { data.wipe() }
        #if !hasFeature(Embedded)
            if publicKey.kind == .ecdsa {
                var der = ECPrivateKey.encode(scalar: data, point: [UInt8](publicKey.data.suffix(65)))
                defer { der.wipe() }
                return KeyMessage(kind: .ecdsa, data: der).encoded
            }
        #endif
        return KeyMessage(kind: publicKey.kind, data: data).encoded
    }

    /// Signs a message. `PublicKey.verify` checks the signature.
    public func sign(_ message: [UInt8]) throws(KeyError) -> [UInt8] {
        #if !hasFeature(Embedded)
            if publicKey.kind == .ecdsa { return try signP256(message) }
        #endif
        var signature = [UInt8](repeating: 0, count: 64)
        cc_ed25519_sign(&signature, message, message.count, secret.place)
        return signature
    }
}

#if !hasFeature(Embedded)
    extension PrivateKey {
        /// A P-256 key from 48 random bytes, without bias (FIPS 186-5, A.2.1).
        public static func p256(entropy: [UInt8]) throws(KeyError) -> PrivateKey {
            guard entropy.count == 48 else { throw .malformed(.ecdsa) }
            var scalar = [UInt8](repeating: 0, count: 32)
            defer { scalar.wipe() }
            guard cc_p256_scalar(&scalar, entropy) == 1 else { throw .unsupported(.ecdsa) }
            return try PrivateKey(p256Scalar: scalar)
        }

        /// The P-256 key with a scalar of 32 bytes, big-endian.
        public init(p256Scalar scalar: [UInt8]) throws(KeyError) {
            guard scalar.count == 32 else { throw .malformed(.ecdsa) }
            var point = [UInt8](repeating: 0, count: 65)
            guard cc_p256_public(&point, scalar) == 1 else { throw .malformed(.ecdsa) }
            publicKey = PublicKey(checked: .ecdsa, SubjectPublicKeyInfo.p256(point: point))
            secret = Secret(scalar)
        }

        private func signP256(_ message: [UInt8]) throws(KeyError) -> [UInt8] {
            var signature = [UInt8](repeating: 0, count: 72)
            var length = 0
            guard cc_p256_sign(&signature, &length, message, message.count, secret.place) == 1 else { throw .unsupported(.ecdsa) }
            signature.removeLast(signature.count - length)
            return signature
        }
    }
#endif

/// The DER of a private key on P-256 (RFC 5915) with its curve and its point, as go's `x509.MarshalECPrivateKey` writes it.
private enum ECPrivateKey {
    static func scalar(_ der: [UInt8]) throws(KeyError) -> [UInt8] {
        var outer = DERReader(der)
        guard var key = outer.sequence(), outer.isAtEnd, key.positiveInteger() == [1], let scalar = key.content(.octetString) else {
            throw .malformed(.ecdsa)
        }
        if var parameters = key.explicit(0) {
            guard parameters.content(.objectIdentifier) == OID.p256 else { throw .unsupportedCurve }
        }
        return scalar
    }

    static func encode(scalar: [UInt8], point: [UInt8]) -> [UInt8] {
        DERWriter.element(
            DERReader.Tag.sequence.rawValue,
            DERWriter.element(DERReader.Tag.integer.rawValue, [1])
                + DERWriter.element(DERReader.Tag.octetString.rawValue, scalar)
                + DERWriter.element(0xa0, DERWriter.element(DERReader.Tag.objectIdentifier.rawValue, OID.p256))
                + DERWriter.element(0xa1, DERWriter.element(DERReader.Tag.bitString.rawValue, [0] + point)))
    }
}
