/// Cuts bytes into messages that are preceded by their length as a varint, however the bytes arrive. A message that arrives whole is lent
/// where it lies; of another, the parts are kept, and lent when it is complete.
public struct MessageCutter: ~Copyable {
    /// What is wrong with a length.
    public enum Fault: UInt8, Error {
        /// The length is over the limit.
        case tooLong
        /// The length is not in its shortest form.
        case malformed
    }

    private let limit: Int
    private var length = 0
    private var prefixBytes = 0
    private var isLengthKnown = false
    private var parts = ByteQueue()

    private static let reserved = 4096

    /// - Parameter limit: The longest message, below 2^21 bytes.
    public init(limit: Int) { self.limit = limit }

    /// Takes bytes up to the end of the next message.
    /// - Returns: How many bytes were taken, and the message once it is complete, valid until the next call and as long as `bytes` are.
    public mutating func next(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> (taken: Int, message: UnsafeRawBufferPointer?) {
        if isLengthKnown, parts.count == length { reset() }
        var index = 0
        while !isLengthKnown {
            guard index < bytes.count else { return (index, nil) }
            try addPrefix(bytes[index])
            index += 1
        }
        let size = min(length - parts.count, bytes.count - index)
        let part = UnsafeRawBufferPointer(rebasing: bytes[index..<index + size])
        if size == length {
            reset()
            return (index + size, part)
        }
        // Its place at once, but not a place that the remote has only named.
        if parts.isEmpty { _ = parts.reserve(min(length, Self.reserved)) }
        parts.append(part)
        return (index + size, parts.count == length ? parts.bytes : nil)
    }

    private mutating func addPrefix(_ byte: UInt8) throws(Fault) {
        length |= Int(byte & 0x7f) << (7 * prefixBytes)
        prefixBytes += 1
        if byte < 0x80 {
            if byte == 0, prefixBytes > 1 { throw .malformed }
            if length > limit { throw .tooLong }
            isLengthKnown = true
        } else if prefixBytes == 3 {
            // Three bytes hold 2^21, which is far above any limit, so longer prefixes need no arithmetic.
            throw .tooLong
        }
    }

    private mutating func reset() {
        length = 0
        prefixBytes = 0
        isLengthKnown = false
        parts.drop(parts.count)
        parts.release()
    }
}
