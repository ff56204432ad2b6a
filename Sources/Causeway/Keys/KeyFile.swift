import CausewayIdentity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A private key in a file of mode 0600, in the libp2p key protobuf format (peer-ids/peer-ids.md) that go-libp2p and rust-libp2p use, too.
public enum KeyFile {
    /// Larger than any private key of a supported type.
    private static let sizeLimit = 16 << 10

    /// Reads a key. Throws if other users may read the file, or if it holds no key of a supported type.
    public static func read(_ path: String) throws(NodeError) -> PrivateKey {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .file(path: path, reason: systemReason(errno)) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .file(path: path, reason: systemReason(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, reason: "not a regular file") }
        guard status.st_mode & 0o077 == 0 else {
            throw .file(path: path, reason: "other users may read this private key; make it private with chmod 600")
        }
        guard status.st_size <= off_t(sizeLimit) else {
            throw .file(path: path, reason: "\(status.st_size) bytes are too large for a key (limit \(sizeLimit))")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        defer { bytes.wipe() }
        var done = 0
        while done < bytes.count {
            let got = bytes.withUnsafeMutableBytes { CLibrary.read(file, $0.baseAddress! + done, $0.count - done) }
            guard got > 0 else { throw .file(path: path, reason: got == 0 ? "it became shorter while it was read" : systemReason(errno)) }
            done += got
        }
        do {
            return try PrivateKey(protobuf: bytes)
        } catch {
            throw .file(path: path, reason: "not a libp2p private key: \(error)")
        }
    }

    /// Writes a key to a new file. Throws if the file exists.
    public static func write(_ key: PrivateKey, to path: String) throws(NodeError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .file(path: path, reason: systemReason(errno)) }
        defer { close(file) }
        var bytes = key.protobuf
        defer { bytes.wipe() }
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { CLibrary.write(file, $0.baseAddress! + done, $0.count - done) }
            guard put > 0 else {
                let reason = systemReason(errno)
                unlink(path)
                throw .file(path: path, reason: reason)
            }
            done += put
        }
        guard fsync(file) == 0 else { throw .file(path: path, reason: systemReason(errno)) }
    }

    /// Reads a key. If the file does not exist, makes an Ed25519 key and writes it there.
    public static func readOrMake(_ path: String) throws(NodeError) -> PrivateKey {
        if access(path, F_OK) == 0 || errno != ENOENT { return try read(path) }
        let key = PrivateKey.random()
        try write(key, to: path)
        return key
    }
}

/// The system's text for the error.
func systemReason(_ code: Int32) -> String { String(cString: strerror(code)) }

/// The C library's `read` and `write`, because `KeyFile` uses these names itself.
private enum CLibrary {
    static func read(_ file: Int32, _ to: UnsafeMutableRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, to, count)
        #else
            Darwin.read(file, to, count)
        #endif
    }

    static func write(_ file: Int32, _ from: UnsafeRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(file, from, count)
        #else
            Darwin.write(file, from, count)
        #endif
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

    /// A fresh ECDSA key on P-256 from the system's secure random source.
    public static func randomP256() throws(KeyError) -> PrivateKey {
        var bytes = entropy(48)
        defer { bytes.wipe() }
        return try p256(entropy: bytes)
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
