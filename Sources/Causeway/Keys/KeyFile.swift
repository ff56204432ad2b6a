import CausewayIdentity

/// A private key in a file of mode 0600, in the libp2p key protobuf format (peer-ids/peer-ids.md) that go-libp2p and rust-libp2p use, too.
public enum KeyFile {
    /// Reads a key. Throws if other users may read the file (a group of this process's may, with a
    /// warning on standard error), or if it holds no key of a supported type.
    public static func read(_ path: String) throws(NodeError) -> PrivateKey {
        var bytes = try PrivateFile.read(path)
        defer { bytes.wipe() }
        do {
            return try PrivateKey(protobuf: bytes)
        } catch {
            throw .file(path: path, reason: "not a libp2p private key: \(error)")
        }
    }

    /// Writes a key to a new file. Throws if the file exists.
    public static func write(_ key: PrivateKey, to path: String) throws(NodeError) {
        var bytes = key.protobuf
        defer { bytes.wipe() }
        try PrivateFile.write(bytes, to: path)
    }

    /// Reads a key. If the file does not exist, makes an Ed25519 key and writes it there.
    public static func readOrMake(_ path: String) throws(NodeError) -> PrivateKey {
        if PrivateFile.exists(path) { return try read(path) }
        let key = PrivateKey.random()
        try write(key, to: path)
        return key
    }
}

extension PrivateKey {
    /// A fresh Ed25519 key from the system's secure random source.
    public static func random() -> PrivateKey {
        var seed = entropy(32)
        defer { seed.wipe() }
        // This cannot fail: the initializer requires 32 bytes, and the seed has 32.
        guard let key = try? PrivateKey(ed25519Seed: seed) else { preconditionFailure("an Ed25519 seed is 32 bytes") }
        return key
    }

    /// A fresh key of one of libp2p's four types from a secure random source: ECDSA on P-256, RSA of 2,048 bits. Take Ed25519 unless you
    /// need another: the pages of this library can verify no other, js-libp2p cannot read ECDSA keys, and RSA's signatures cost more.
    public static func random(_ kind: PublicKey.Kind) throws(KeyError) -> PrivateKey {
        var bytes = entropy(48)
        defer { bytes.wipe() }
        switch kind {
        case .ed25519: return random()
        case .ecdsa: return try p256(entropy: bytes)
        case .secp256k1: return try secp256k1(entropy: bytes)
        case .rsa: return try randomRSA()
        }
    }

    private static func entropy(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
        return bytes
    }
}

extension Configuration.Identity {
    func key() throws(NodeError) -> PrivateKey {
        switch self {
        case .ephemeral: .random()
        case .key(let key): key
        case .file(let path): try KeyFile.readOrMake(path)
        }
    }
}
