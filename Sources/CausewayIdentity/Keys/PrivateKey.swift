import CCrypto

/// A private key of this node, of one of libp2p's four types (peer-ids/peer-ids.md); the browser's build has only Ed25519. The shell
/// decides where its bytes come from and where they are stored.
public struct PrivateKey: Sendable {
    public let publicKey: PublicKey
    /// Ed25519: the seed and the public key. ECDSA and secp256k1: the scalar. RSA: the DER of `RSAPrivateKey`.
    let secret: Secret
    #if !hasFeature(Embedded)
        /// nil for Ed25519, which needs no preparation.
        let signer: SigningKey?
    #endif

    /// The Ed25519 key from a seed of 32 random bytes.
    public init(ed25519Seed seed: [UInt8]) throws(KeyError) {
        guard seed.count == 32 else { throw .malformed(.ed25519) }
        var open = [UInt8](repeating: 0, count: 32)
        secret = Secret(count: 64) { cc_ed25519_from_seed(&open, $0, seed) }
        publicKey = PublicKey(checked: .ed25519, open)
        #if !hasFeature(Embedded)
            signer = nil
        #endif
    }

    /// Reads the `PrivateKey` protobuf: Ed25519 of 64 or (the old form) 96 bytes, ECDSA as DER of `ECPrivateKey` (RFC 5915) on P-256,
    /// secp256k1 as its scalar of 32 bytes, RSA as DER of `RSAPrivateKey` (RFC 8017) of 2,048 to 8,192 bits.
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
        #if hasFeature(Embedded)
            default: throw .unsupported(message.kind)
        #else
            case .ecdsa:
                var scalar = try ECPrivateKey.scalar(message.data)
                defer { scalar.wipe() }
                try self.init(p256Scalar: scalar)
            case .secp256k1: try self.init(secp256k1Scalar: message.data)
            case .rsa: try self.init(rsa: message.data)
        #endif
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
    ///
    /// - Throws: `KeyError.unsupported` if OpenSSL is set up not to sign by keys of this kind, as in FIPS mode.
    public func sign(_ message: [UInt8]) throws(KeyError) -> [UInt8] {
        #if !hasFeature(Embedded)
            if let signer {
                guard let signature = signer.sign(message) else { throw .unsupported(publicKey.kind) }
                return signature
            }
        #endif
        var signature = [UInt8](repeating: 0, count: 64)
        cc_ed25519_sign(&signature, message, message.count, secret.place)
        return signature
    }
}
