import CausewayIdentity

/// Noise's SymmetricState and CipherState during a handshake (noiseprotocol.org, revision 34, section 5) for 25519, ChaChaPoly, SHA256.
struct NoiseSymmetricState {
    private(set) var hash: [UInt8]
    private var chainingKey: Secret
    private var cipher: CipherKey?
    private var counter: UInt64 = 0

    init(protocolName: [UInt8], prologue: [UInt8]) {
        // Names of up to 32 bytes are padded, and longer ones are hashed. Ours has exactly 32.
        hash = protocolName
        while hash.count < 32 { hash.append(0) }
        chainingKey = Secret(hash)
        mixHash(prologue)
    }

    mutating func mixHash(_ data: [UInt8]) { hash = SHA256.hash(hash, data) }

    mutating func mixKey(_ secret: Secret) {
        let (chaining, key) = HKDF.derive(chainingKey, secret)
        chainingKey = chaining
        cipher = CipherKey(key)
        counter = 0
    }

    /// Encrypts once there is a key, and until then passes the bytes through. In both cases they enter the hash.
    mutating func encryptAndHash(_ plain: [UInt8]) -> [UInt8] {
        var out = plain
        if let cipher {
            out = cipher.seal(plain, counter: counter, ad: hash)
            counter += 1
        }
        mixHash(out)
        return out
    }

    mutating func decryptAndHash(_ sealed: [UInt8]) throws(NoiseFault) -> [UInt8] {
        var out = sealed
        if let cipher {
            guard sealed.count >= CipherKey.tagLength else { throw .messageTooShort }
            guard let opened = cipher.open(sealed, counter: counter, ad: hash) else { throw .decryption }
            out = opened
            counter += 1
        }
        mixHash(sealed)
        return out
    }

    /// The keys of the initiator's and the responder's direction.
    func split() -> (initiator: CipherKey, responder: CipherKey) {
        let (first, second) = HKDF.derive(chainingKey)
        return (CipherKey(first), CipherKey(second))
    }
}
