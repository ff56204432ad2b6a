import CCrypto

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// The size of a digest in bytes.
    public static let length = 32

    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { out, count in
            cc_sha256(out.baseAddress, bytes, bytes.count)
            count = length
        }
    }

    /// The hash of `first` followed by `second`, without joining them.
    public static func hash(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { out, count in
            cc_sha256_2(out.baseAddress, first, first.count, second, second.count)
            count = length
        }
    }
}

/// SHA-512 (FIPS 180-4).
public enum SHA512 {
    public static let length = 64

    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { out, count in
            cc_sha512(out.baseAddress, bytes, bytes.count)
            count = length
        }
    }
}
