/// Why bytes or text are not a peer id.
public enum PeerIDError: Error, Equatable, Sendable {
    case empty
    /// Neither base58btc, nor a multibase prefix and digits of that base.
    case badText
    /// Longer than any peer id.
    case tooLong(limit: Int)
    /// A CID of another version, or of another codec than libp2p-key (0x72).
    case notALibp2pKey
    /// Not a multihash: it is cut short, or bytes follow it.
    case malformedMultihash
    /// A hash function that peer ids do not use. They use SHA2-256 (0x12), or contain the key (identity, 0x00).
    case unsupportedHash(code: UInt64)
    /// A SHA2-256 digest whose length is not 32 bytes, or an inlined key that is empty or longer than 42 bytes.
    case badDigestLength(Int)
}

/// A peer's identity: the multihash of its public key (peer-ids/peer-ids.md). Keys of at most 42 bytes are inlined by the identity hash,
/// and larger ones are hashed by SHA-256.
public struct PeerID: Hashable, Sendable {
    /// The longest key that is inlined, in bytes.
    public static let inlineLimit = 42
    /// More characters than any peer id has in a base that we read.
    static let textLimit = 128

    /// The multihash, 34 to 44 bytes in practice.
    public let bytes: [UInt8]

    /// From bytes that are known to be a valid multihash.
    init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// From a key's protobuf, which is not checked.
    public init(ofKey protobuf: [UInt8]) {
        if protobuf.count <= Self.inlineLimit {
            self.init(unchecked: [0x00, UInt8(protobuf.count)] + protobuf)
        } else {
            self.init(unchecked: [0x12, 0x20] + SHA256.hash(protobuf))
        }
    }

    /// Checks a multihash.
    public init(_ multihash: [UInt8]) throws(PeerIDError) {
        guard !multihash.isEmpty else { throw .empty }
        guard let parts = Multihash.parse(multihash) else { throw .malformedMultihash }
        let length = parts.digestLength
        switch parts.code {
        case Multihash.identity:
            guard length >= 1, length <= Self.inlineLimit else { throw .badDigestLength(length) }
        case Multihash.sha256:
            guard length == SHA256.length else { throw .badDigestLength(length) }
        default:
            throw .unsupportedHash(code: parts.code)
        }
        bytes = multihash
    }

    /// Reads base58btc (`12D3…`, `Qm…`) or a CIDv1 of codec libp2p-key in any base that libp2p uses (RFC 0001).
    public init(text: [UInt8]) throws(PeerIDError) {
        guard text.count <= Self.textLimit else { throw .tooLong(limit: Self.textLimit) }
        guard let first = text.first else { throw .empty }
        let isBase58 = first == UInt8(ascii: "1") || first == UInt8(ascii: "Q") && text.count > 1 && text[1] == UInt8(ascii: "m")
        guard let bytes = isBase58 ? Base58.decode(text) : Multibase.decode(text) else { throw .badText }
        if isBase58 { try self.init(bytes) } else { try self.init(cid: bytes) }
    }

    public init(text: String) throws(PeerIDError) { try self.init(text: [UInt8](text.utf8)) }

    /// Reads a binary CIDv1.
    init(cid: [UInt8]) throws(PeerIDError) {
        guard cid.count > 2, cid[0] == 0x01, cid[1] == 0x72 else { throw .notALibp2pKey }
        try self.init([UInt8](copying: cid, 2..<cid.count))
    }

    /// The usual form, base58btc.
    public var text: [UInt8] { Base58.encode(bytes) }

    /// As a CIDv1 in base32 (`bafz…`).
    public var cid: [UInt8] { Multibase.base32.encode([0x01, 0x72] + bytes) }

    /// The protobuf of the public key, if it is inlined. Otherwise empty.
    public var inlinedBytes: [UInt8] { bytes[0] == 0x00 ? [UInt8](copying: bytes, 2..<bytes.count) : [] }

    /// The public key, if it is inlined and of a supported kind.
    public var inlinedKey: PublicKey? { try? PublicKey(protobuf: inlinedBytes) }
}

extension PeerID: CustomStringConvertible {
    public var description: String { String(decoding: text, as: UTF8.self) }
}
