import CCrypto

/// HMAC with SHA-256 (RFC 2104): a code that only who knows the secret can make.
public enum HMACSHA256 {
    /// The size of a code in bytes.
    public static let length = 32

    public static func code(of message: UnsafeRawBufferPointer, key: Secret) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { out, count in
            cc_hmac_sha256(out.baseAddress, key.place, key.count, message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count)
            count = length
        }
    }

    /// Whether `code` is the one for `message`. How long that takes does not depend on where they differ.
    public static func verify(_ code: UnsafeRawBufferPointer, of message: UnsafeRawBufferPointer, key: Secret) -> Bool {
        guard code.count == length else { return false }
        return cc_equal(code.baseAddress?.assumingMemoryBound(to: UInt8.self), Self.code(of: message, key: key), length) == 1
    }
}
