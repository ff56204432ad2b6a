#if !hasFeature(Embedded)
    import CCrypto

    /// A public key that is prepared once in order to verify many signatures. For RSA, preparing takes five times as long as verifying.
    public final class PreparedKey {
        public let key: PublicKey
        public let peerID: PeerID
        /// OpenSSL's key. nil for Ed25519, which needs no preparation.
        private let handle: UnsafeMutableRawPointer?

        /// - Throws: The reason why the key cannot be used. `KeyError.malformed` also for a point that is not on the curve.
        public convenience init(protobuf: [UInt8]) throws(KeyError) { try self.init(PublicKey(protobuf: protobuf)) }

        public init(_ key: PublicKey) throws(KeyError) {
            self.key = key
            peerID = key.peerID
            switch key.kind {
            case .ed25519: handle = nil
            case .secp256k1: handle = cc_key_of_secp256k1(key.data)
            case .rsa, .ecdsa: handle = cc_key_of_spki(key.data, key.data.count)
            }
            guard key.kind == .ed25519 || handle != nil else { throw .malformed(key.kind) }
        }

        deinit { cc_key_free(handle) }

        /// Whether go-libp2p accepts a signature: everything that RFC 8032 allows for Ed25519, even if points of small order let anyone
        /// sign; a high S; and for ECDSA keys, bytes behind the DER. Use it for messages that others forward: if we were stricter than they
        /// are, we would blame honest peers. For every key that was made properly, it proves as much as `PublicKey.verify`.
        public func accepts(_ signature: [UInt8], of message: [UInt8]) -> Bool {
            guard let handle else {
                return signature.count == 64
                    && (cc_ed25519_verify(message, message.count, signature, key.data) == 1
                        || cc_ed25519_verify_any(message, message.count, signature, key.data) == 1)
            }
            let signature = key.kind == .ecdsa ? ECDSASignature.withoutRest(signature) : signature
            return cc_key_verify(handle, message, message.count, signature, signature.count) == 1
        }

        // MARK: Costs

        /// The cost of verifying, in tenths of a microsecond, measured on a slow core.
        public var work: Int {
            switch key.kind {
            case .ed25519: 1_000
            case .secp256k1: 8_000
            case .ecdsa: key.data.count < 100 ? 2_000 : 14_000
            // Grows with the square of the modulus.
            case .rsa: 1 + key.data.count * key.data.count / 180
            }
        }

        /// The cost of preparing a key, in the same unit.
        public static let preparing = 2_000
    }
#endif
