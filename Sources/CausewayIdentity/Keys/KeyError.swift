/// Why a key or a signature cannot be used.
public enum KeyError: Error, Equatable, Sendable {
    /// Not a `PublicKey` or `PrivateKey` message.
    case malformedMessage(ProtobufError)
    /// The message lacks its type or its data, has one of them twice, has other fields, or is not in its single deterministic form
    /// (peer-ids/peer-ids.md). The peer id is a hash of the bytes, so a key must not have a second form.
    case notDeterministic
    /// A key type that the specification does not know.
    case unknownType(UInt64)
    /// The key's data does not have the length or form that its type requires.
    case malformed(PublicKey.Kind)
    /// An RSA modulus outside 2,048 to 8,192 bits. It is refused before any arithmetic.
    case rsaSize(bits: Int)
    /// An elliptic curve other than P-224, P-256, P-384 and P-521 for type ECDSA. For a private key, any curve but P-256.
    case unsupportedCurve
    /// A kind of key that this build (the browser's has only Ed25519) or this operation does not support.
    case unsupported(PublicKey.Kind)
}
