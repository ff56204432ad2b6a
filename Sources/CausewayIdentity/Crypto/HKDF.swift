import CCrypto

/// Noise's key derivation (noiseprotocol.org, revision 34, section 4.3; RFC 5869) with HMAC-SHA-256.
public enum HKDF {
    /// Derives two secrets of 32 bytes from a chaining key of 32 bytes and optional key material.
    public static func derive(_ chainingKey: Secret, _ material: Secret? = nil) -> (Secret, Secret) {
        precondition(chainingKey.count == 32, "a chaining key has 32 bytes")
        let second = Secret(count: 32) { _ in }
        let first = Secret(count: 32) { cc_hkdf_sha256($0, second.place, chainingKey.place, material?.place, material?.count ?? 0) }
        return (first, second)
    }
}
