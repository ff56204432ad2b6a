import CausewayIdentity
import CausewayTLS

/// The certificates of WebRTC with their keys as PEM, in a file of mode 0600, so that addresses with `/certhash` survive a restart.
enum CertificateFile {
    /// Beside the file of the node's key.
    static func path(besideKey path: String) -> String { path + ".certificates" }

    /// Reads the certificates. If the file does not exist, makes the first one. If one is due to be renewed, renews it. Writes what is new.
    /// - Parameter now: Unix seconds.
    static func readOrMake(_ path: String, now: Int64) throws(NodeError) -> DTLSCertificates {
        guard PrivateFile.exists(path) else {
            let fresh = try reporting(path) { () throws(TLSError) in try DTLSCertificates(now: now) }
            try write(fresh, path) { bytes throws(NodeError) in try PrivateFile.write(bytes, to: path) }
            return fresh
        }
        var bytes = try PrivateFile.read(path)
        defer { bytes.wipe() }
        guard let certificates = DTLSCertificates(pem: bytes) else {
            throw .file(path: path, reason: "no private key followed by its certificate in PEM")
        }
        guard let renewed = try reporting(path, { () throws(TLSError) in try certificates.renewed(now: now) }) else { return certificates }
        try replace(path, by: renewed)
        return renewed
    }

    /// Writes other certificates in the place of those that are there.
    static func replace(_ path: String, by certificates: DTLSCertificates) throws(NodeError) {
        try write(certificates, path) { bytes throws(NodeError) in try PrivateFile.replace(path, by: bytes) }
    }

    private static func write(
        _ certificates: DTLSCertificates, _ path: String, _ put: ([UInt8]) throws(NodeError) -> Void
    ) throws(NodeError) {
        var bytes = try reporting(path) { () throws(TLSError) in try certificates.pem() }
        defer { bytes.wipe() }
        try put(bytes)
    }

    private static func reporting<Result>(_ path: String, _ body: () throws(TLSError) -> Result) throws(NodeError) -> Result {
        do {
            return try body()
        } catch {
            throw .file(path: path, reason: "\(error)")
        }
    }
}

extension Configuration.Identity {
    /// The certificates that belong to the key: kept beside a key that is kept in a file, else fresh.
    /// - Parameter now: Unix seconds.
    func certificates(now: Int64) throws(NodeError) -> DTLSCertificates {
        switch self {
        case .ephemeral, .key:
            do {
                return try DTLSCertificates(now: now)
            } catch {
                throw .identity("\(error)")
            }
        case .file(let path): return try CertificateFile.readOrMake(CertificateFile.path(besideKey: path), now: now)
        }
    }

    /// Keeps renewed certificates where a restart finds them, if the key is kept as well. false: they cannot be written.
    func keep(_ certificates: DTLSCertificates) -> Bool {
        guard case .file(let path) = self else { return true }
        return (try? CertificateFile.replace(CertificateFile.path(besideKey: path), by: certificates)) != nil
    }
}
