import COpenSSL

/// What a server's certificate says of itself.
public struct CertificateSummary: Equatable, Sendable {
    /// The names and IP addresses that it is for: `relay.example.org`, `*.example.org`, `192.0.2.1`.
    public let names: [String]
    /// When it ends, in Unix seconds.
    public let expires: Int64

    public init(names: [String], expires: Int64) {
        self.names = names
        self.expires = expires
    }

    /// The subject alternative names of type DNS and IP, in their order.
    static func names(of certificate: OpaquePointer) -> [String] {
        guard let list = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let all = OpaquePointer(list)
        defer { GENERAL_NAMES_free(all) }
        var names: [String] = []
        for index in 0..<cw_general_names_count(all) {
            var kind: Int32 = 0
            guard let value = cw_general_name(all, index, &kind), let bytes = ASN1_STRING_get0_data(value) else { continue }
            let text = Array(UnsafeBufferPointer(start: bytes, count: Int(ASN1_STRING_length(value))))
            switch kind {
            case GEN_DNS: names.append(String(decoding: text, as: UTF8.self))
            case GEN_IPADD where text.count == 4: names.append(text.map { "\($0)" }.joined(separator: "."))
            case GEN_IPADD where text.count == 16:
                let groups = (0..<8).map { String(UInt16(text[2 * $0]) << 8 | UInt16(text[2 * $0 + 1]), radix: 16) }
                names.append(groups.joined(separator: ":"))
            default: break
            }
        }
        return names
    }
}
