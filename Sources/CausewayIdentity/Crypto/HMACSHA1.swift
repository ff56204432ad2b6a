import CCrypto

/// HMAC-SHA-1 (RFC 2104), as STUN's MESSAGE-INTEGRITY asks for (RFC 8489, section 14.5). Native programs only: nothing in a page uses it.
public enum HMACSHA1 {
    /// The size of a code in bytes.
    public static let length = 20

    /// Writes the code of `head` followed by `body` to `out`, which has room for it.
    public static func write(
        key: UnsafeRawBufferPointer, _ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer
    ) {
        precondition(out.count >= length, "a code has 20 bytes")
        cc_hmac_sha1(bytes(out), bytes(key), key.count, bytes(head), head.count, bytes(body), body.count)
    }

    /// Whether `code` is the code of `head` followed by `body`. Takes as long for a wrong one as for the right one.
    public static func isValid(
        _ code: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, _ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer
    ) -> Bool {
        guard code.count == length else { return false }
        return withUnsafeTemporaryAllocation(byteCount: length, alignment: 1) { right in
            write(key: key, head, body, to: right)
            return cc_equal(bytes(code), bytes(UnsafeRawBufferPointer(right)), length) == 1
        }
    }

    private static func bytes(_ buffer: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
        buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    }

    private static func bytes(_ buffer: UnsafeMutableRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
        buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    }
}
