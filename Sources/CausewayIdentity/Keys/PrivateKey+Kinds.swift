#if !hasFeature(Embedded)
    import CCrypto

    /// Own keys of other types than Ed25519, for those who have one already, or need peers that know no other.
    extension PrivateKey {
        /// The ECDSA key on P-256 with a scalar of 32 bytes, big-endian.
        public init(p256Scalar scalar: [UInt8]) throws(KeyError) {
            guard scalar.count == 32, let signer = SigningKey(cc_p256, scalar: scalar) else { throw .malformed(.ecdsa) }
            self.init(PublicKey(checked: .ecdsa, signer.subjectPublicKeyInfo), Secret(scalar), signer)
        }

        /// The secp256k1 key with a scalar of 32 bytes, big-endian.
        public init(secp256k1Scalar scalar: [UInt8]) throws(KeyError) {
            guard scalar.count == 32, let signer = SigningKey(cc_secp256k1, scalar: scalar) else { throw .malformed(.secp256k1) }
            let coordinates = signer.subjectPublicKeyInfo.suffix(64)
            let compressed = [coordinates.last! & 1 == 1 ? 3 : 2] + coordinates.prefix(32)
            self.init(PublicKey(checked: .secp256k1, compressed), Secret(scalar), signer)
        }

        /// The RSA key out of the DER of `RSAPrivateKey` (RFC 8017, A.1.2), of two primes.
        public init(rsa der: [UInt8]) throws(KeyError) {
            try RSAPrivateKey.check(der)
            guard let signer = SigningKey(rsa: der) else { throw .malformed(.rsa) }
            self.init(try PublicKey(.rsa, data: signer.subjectPublicKeyInfo), Secret(der), signer)
        }

        /// A P-256 key from 48 random bytes, without bias (FIPS 186-5, A.2.1).
        public static func p256(entropy: [UInt8]) throws(KeyError) -> PrivateKey {
            var scalar = try scalar(cc_p256, .ecdsa, entropy)
            defer { scalar.wipe() }
            return try PrivateKey(p256Scalar: scalar)
        }

        /// A secp256k1 key from 48 random bytes, without bias.
        public static func secp256k1(entropy: [UInt8]) throws(KeyError) -> PrivateKey {
            var scalar = try scalar(cc_secp256k1, .secp256k1, entropy)
            defer { scalar.wipe() }
            return try PrivateKey(secp256k1Scalar: scalar)
        }

        /// A fresh RSA key of 2,048 bits, as go-libp2p and js-libp2p make them. OpenSSL's own secure random numbers find its primes, which
        /// takes some tenths of a second.
        public static func randomRSA() throws(KeyError) -> PrivateKey {
            guard let key = SigningKey(rsaBits: SubjectPublicKeyInfo.rsaBits.lowerBound) else { throw .unsupported(.rsa) }
            var der = key.rsaPrivateKey
            defer { der.wipe() }
            return try PrivateKey(rsa: der)
        }

        private init(_ publicKey: PublicKey, _ secret: Secret, _ signer: SigningKey) {
            self.publicKey = publicKey
            self.secret = secret
            self.signer = signer
        }

        private static func scalar(_ curve: CCCurve, _ kind: PublicKey.Kind, _ entropy: [UInt8]) throws(KeyError) -> [UInt8] {
            guard entropy.count == 48 else { throw .malformed(kind) }
            var scalar = [UInt8](repeating: 0, count: 32)
            cc_scalar(curve, &scalar, entropy)
            return scalar
        }
    }
#endif
