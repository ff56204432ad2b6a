/// A public key of one of libp2p's four types (peer-ids/peer-ids.md).
public struct PublicKey: Hashable, Sendable {
    public enum Kind: UInt8, Sendable { case rsa = 0, ed25519 = 1, secp256k1 = 2, ecdsa = 3 }

    public let kind: Kind
    /// `Data` of the libp2p key protobuf: the raw key (Ed25519, secp256k1 compressed) or DER of SubjectPublicKeyInfo (RSA, ECDSA).
    public let data: [UInt8]
}

/// A private key of this node: Ed25519 or ECDSA P-256.
public struct PrivateKey: Sendable {
    public let publicKey: PublicKey
    let secret: [UInt8]
}

extension PublicKey {
    public var peerID: PeerID { PeerID(unchecked: data) }
}
