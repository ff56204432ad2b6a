/// Cuts bytes into messages that are preceded by their length as a varint, however the bytes arrive. It keeps at most one message.
public struct PrefixedReader {
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
    private var message: [UInt8] = []

    /// - Parameter limit: The longest message, below 2^21 bytes.
    public init(limit: Int) { self.limit = limit }

    /// Takes bytes up to the end of the next message.
    /// - Returns: How many bytes were taken, and the message once it is complete.
    public mutating func next(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> (taken: Int, message: [UInt8]?) {
        var index = 0
        while !isLengthKnown {
            guard index < bytes.count else { return (index, nil) }
            let byte = bytes[index]
            index += 1
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
        let size = min(length - message.count, bytes.count - index)
        let part = UnsafeRawBufferPointer(rebasing: bytes[index..<index + size])
        if message.isEmpty { message = [UInt8](copying: part) } else { message.append(copying: part) }
        guard message.count == length else { return (index + size, nil) }
        let whole = message
        self = PrefixedReader(limit: limit)
        return (index + size, whole)
    }
}
