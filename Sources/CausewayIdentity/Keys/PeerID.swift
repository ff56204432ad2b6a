/// A peer's identity: the multihash of its public key (peer-ids/peer-ids.md). Keys of at most 42 bytes are inlined by the identity hash,
/// larger ones are hashed by SHA-256.
public struct PeerID: Hashable, Sendable {
    /// The multihash, 34 to 44 bytes in practice.
    public let bytes: [UInt8]

    /// Of bytes that are known to be a valid multihash.
    init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}
