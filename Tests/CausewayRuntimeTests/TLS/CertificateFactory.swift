import COpenSSL
import Foundation

/// A certificate with its key, made for one test.
struct TestCertificate {
    nonisolated(unsafe) let certificate: OpaquePointer
    nonisolated(unsafe) let key: OpaquePointer

    /// Signed by `issuer`, or by itself. `names` in OpenSSL's words: `DNS:a.example,IP:127.0.0.1`. Times in seconds from now.
    init(names: String? = nil, isAuthority: Bool = false, from: Int = -3600, until: Int = 86400, issuer: TestCertificate? = nil) {
        key = Self.generateKey()
        certificate = X509_new()
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), Int.random(in: 1...Int(Int32.max)))
        X509_gmtime_adj(X509_getm_notBefore(certificate), from)
        X509_gmtime_adj(X509_getm_notAfter(certificate), until)
        X509_set_pubkey(certificate, key)
        let subject = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, "test \(UInt32.random(in: 0...UInt32.max))", -1, -1, 0)
        X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0.certificate) } ?? subject)
        add(NID_basic_constraints, isAuthority ? "critical,CA:TRUE" : "CA:FALSE")
        if let names { add(NID_subject_alt_name, names) }
        X509_sign(certificate, issuer?.key ?? key, EVP_sha256())
    }

    private func add(_ kind: Int32, _ value: String) {
        let part = X509V3_EXT_conf_nid(nil, nil, kind, value)
        X509_add_ext(certificate, part, -1)
        X509_EXTENSION_free(part)
    }

    private static func generateKey() -> OpaquePointer {
        let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        EVP_PKEY_CTX_set_group_name(context, "P-256")
        var key: OpaquePointer?
        EVP_PKEY_generate(context, &key)
        return key!
    }

    var certificatePEM: String { Self.text { PEM_write_bio_X509($0, certificate) } }
    var keyPEM: String { Self.text { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) } }
    func keyPEM(passphrase: String) -> String {
        Self.text { PEM_write_bio_PrivateKey($0, key, EVP_aes_128_cbc(), passphrase, Int32(passphrase.utf8.count), nil, nil) }
    }

    private static func text(_ write: (OpaquePointer?) -> Int32) -> String {
        let memory = BIO_new(BIO_s_mem())
        defer { BIO_free(memory) }
        _ = write(memory)
        var bytes = [UInt8](repeating: 0, count: 16384)
        let count = BIO_read(memory, &bytes, Int32(bytes.count))
        return String(decoding: bytes.prefix(Int(max(count, 0))), as: UTF8.self)
    }
}

/// A directory that lives as long as this object.
final class TemporaryFolder {
    let path = NSTemporaryDirectory() + "causeway-tls-" + UUID().uuidString

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
        return path + "/" + name
    }
}
