#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A small file that holds secrets: of mode 0600, if we write it. It may also be readable for a group of this process's, as Kubernetes
/// mounts secrets (mode 0440, `fsGroup`); then a line on standard error says so.
enum PrivateFile {
    /// Larger than any key of a supported type, or two certificates with their keys.
    private static let sizeLimit = 16 << 10

    /// Whether there is a file, or something that keeps us from knowing.
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 || errno != ENOENT }

    /// Reads the file, which the caller wipes. Throws if other users may read it.
    static func read(_ path: String) throws(NodeError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .file(path: path, reason: systemReason(errno)) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .file(path: path, reason: systemReason(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, reason: "not a regular file") }
        try examine(status.st_mode, group: status.st_gid, path)
        guard status.st_size <= off_t(sizeLimit) else {
            throw .file(path: path, reason: "\(status.st_size) bytes are too large for a key (limit \(sizeLimit))")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let got = bytes.withUnsafeMutableBytes { CLibrary.read(file, $0.baseAddress! + done, $0.count - done) }
            guard got > 0 else {
                bytes.wipe()
                throw .file(path: path, reason: got == 0 ? "it became shorter while it was read" : systemReason(errno))
            }
            done += got
        }
        return bytes
    }

    private static func examine(_ mode: mode_t, group: gid_t, _ path: String) throws(NodeError) {
        guard mode & 0o077 != 0 else { return }
        guard mode & 0o037 == 0, isOurs(group) else {
            throw .file(path: path, reason: "other users may read this private key; make it private with chmod 600")
        }
        Output.errors.write("warning: group \(group) may read the private key in \(Printable.line(path))\n")
    }

    /// Whether this process is in the group.
    private static func isOurs(_ group: gid_t) -> Bool {
        if group == getegid() { return true }
        var groups = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        let count = getgroups(Int32(groups.count), &groups)
        return count > 0 && groups.prefix(Int(count)).contains(group)
    }

    /// Writes a new file. Throws if it exists.
    static func write(_ bytes: [UInt8], to path: String) throws(NodeError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .file(path: path, reason: systemReason(errno)) }
        defer { close(file) }
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

    /// Puts other bytes in the place of a file. Whoever reads it meanwhile sees the old or the new ones.
    static func replace(_ path: String, by bytes: [UInt8]) throws(NodeError) {
        let fresh = path + ".new"
        unlink(fresh)
        try write(bytes, to: fresh)
        guard rename(fresh, path) == 0 else {
            let reason = systemReason(errno)
            unlink(fresh)
            throw .file(path: path, reason: reason)
        }
    }
}

/// The system's text for the error.
func systemReason(_ code: Int32) -> String { String(cString: strerror(code)) }

/// The C library's `read` and `write`, because `PrivateFile` uses these names itself.
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
