#if !hasFeature(Embedded)
    import CCrypto

    /// A private key of RSA, ECDSA or secp256k1 that is prepared once in order to sign many messages.
    ///
    /// `@unchecked Sendable`: OpenSSL's key is never changed, and threads may use it at the same time.
    final class SigningKey: @unchecked Sendable {
        private let handle: UnsafeMutableRawPointer

        /// A key on P-256 or secp256k1. nil: the scalar is 0, or not below the order of the curve's group.
        init?(_ curve: CCCurve, scalar: [UInt8]) {
            precondition(scalar.count == 32, "a scalar has 32 bytes")
            guard let handle = cc_key_of_scalar(curve, scalar) else { return nil }
            self.handle = handle
        }

        /// An `RSAPrivateKey`. nil: it is none, or its numbers do not fit each other.
        init?(rsa der: [UInt8]) {
            guard let handle = cc_key_of_rsa(der, der.count) else { return nil }
            self.handle = handle
        }

        /// A new RSA key. nil: OpenSSL is set up to make none of this size.
        init?(rsaBits bits: Int) {
            guard let handle = cc_key_make_rsa(bits) else { return nil }
            self.handle = handle
        }

        deinit { cc_key_free(handle) }

        /// The DER of an RSA key's `RSAPrivateKey`. Wipe it when you have stored it.
        var rsaPrivateKey: [UInt8] { bytes(cc_key_rsa) }

        var subjectPublicKeyInfo: [UInt8] { bytes(cc_key_spki) }

        private func bytes(_ write: (UnsafeMutableRawPointer, UnsafeMutablePointer<UInt8>?) -> Int) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: write(handle, nil)) { place, count in count = write(handle, place.baseAddress) }
        }

        /// nil: OpenSSL is set up not to sign by such a key.
        func sign(_ message: [UInt8]) -> [UInt8]? {
            var count = cc_key_signature_limit(handle)
            var signature = [UInt8](repeating: 0, count: count)
            guard cc_key_sign(handle, &signature, &count, message, message.count) == 1 else { return nil }
            signature.removeLast(signature.count - count)
            return signature
        }
    }
#endif
