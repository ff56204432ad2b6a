import CCrypto

/// Key agreement on Curve25519 (RFC 7748). Keys have 32 bytes, and any 32 bytes are a secret key.
public enum X25519 {
    public static let length = 32

    public static func publicKey(of secret: Secret) -> [UInt8] {
        precondition(secret.count == length, "an X25519 secret has 32 bytes")
        return [UInt8](unsafeUninitializedCapacity: length) { out, count in
            cc_x25519_public(out.baseAddress, secret.place)
            count = length
        }
    }

    /// The shared secret. nil: `peer` does not have 32 bytes, or is a point of small order, with which everybody would know the secret.
    public static func agree(secret: Secret, peer: [UInt8]) -> Secret? {
        precondition(secret.count == length, "an X25519 secret has 32 bytes")
        guard peer.count == length else { return nil }
        var isSecret = false
        let shared = Secret(count: length) { isSecret = cc_x25519($0, secret.place, peer) == 1 }
        return isSecret ? shared : nil
    }
}
