import CCrypto

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// Bytes of a digest.
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

/// Message authentication by a keyed hash (RFC 2104).
public enum HMAC {
    public static func sha256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: SHA256.length) { out, count in
            cc_hmac_sha256(out.baseAddress, key, key.count, message, message.count)
            count = SHA256.length
        }
    }
}

/// Key derivation by HMAC-SHA-256 (RFC 5869).
public enum HKDF {
    /// The most bytes that one derivation can give.
    public static let maximumCount = 255 * SHA256.length

    /// `count` bytes, at most `maximumCount`.
    public static func derive(salt: [UInt8], input: [UInt8], info: [UInt8] = [], count: Int) -> [UInt8] {
        precondition(count >= 0 && count <= maximumCount, "HKDF gives at most 8,160 bytes")
        let key = HMAC.sha256(key: salt, message: input)
        var output: [UInt8] = []
        output.reserveCapacity(count + SHA256.length)
        var block: [UInt8] = []
        var number: UInt8 = 1
        while output.count < count {
            block = HMAC.sha256(key: key, message: block + info + [number])
            output += block
            number &+= 1
        }
        output.removeLast(output.count - count)
        return output
    }
}
