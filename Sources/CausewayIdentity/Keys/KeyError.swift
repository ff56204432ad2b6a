/// Why a key or a signature cannot be used.
public enum KeyError: Error, Equatable, Sendable {
    /// No `PublicKey` or `PrivateKey` message.
    case malformedMessage(ProtobufError)
    /// The message lacks its type or its data, or has one of them twice, or other fields, or is not in the one deterministic form
    /// (peer-ids/peer-ids.md): the peer id is a hash of the bytes, so there may be no second form of a key.
    case notDeterministic
    /// A key type that the specification does not know.
    case unknownType(UInt64)
    /// The key's data is not of the length or the form that its type asks for.
    case malformed(PublicKey.Kind)
    /// An RSA modulus outside 2,048 to 8,192 bits; refused before any arithmetic.
    case rsaSize(bits: Int)
    /// An elliptic curve other than P-224, P-256, P-384 and P-521 under type ECDSA; of a private key, any but P-256.
    case unsupportedCurve
    /// A kind of key that this build (the browser's has Ed25519 only) or this operation does not know.
    case unsupported(PublicKey.Kind)
}
