import CCrypto

/// Key agreement on Curve25519 (RFC 7748). Keys are 32 bytes; any 32 bytes are a secret key.
public enum X25519 {
    public static let length = 32

    public static func publicKey(of secret: [UInt8]) -> [UInt8] {
        precondition(secret.count == length, "an X25519 secret has 32 bytes")
        return [UInt8](unsafeUninitializedCapacity: length) { out, count in
            cc_x25519_public(out.baseAddress, secret)
            count = length
        }
    }

    /// The shared secret; nil if `peer` has not 32 bytes or is a point of small order, with which everybody would know the secret.
    public static func agree(secret: [UInt8], peer: [UInt8]) -> [UInt8]? {
        precondition(secret.count == length, "an X25519 secret has 32 bytes")
        guard peer.count == length else { return nil }
        var shared = [UInt8](repeating: 0, count: length)
        guard cc_x25519(&shared, secret, peer) == 1 else { return nil }
        return shared
    }
}
