import CausewayIdentity

/// The messages of multistream-select 1.0 (connections/README.md): a varint length, a text, a line feed.
enum Multistream {
    static let header = [UInt8](utf8: "/multistream/1.0.0")
    static let notAvailable = [UInt8](utf8: "na")

    static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        Varint.append(UInt64(text.count) + 1, to: &bytes)
        bytes.append(contentsOf: text)
        bytes.append(0x0a)
    }
}

/// Cuts messages out of bytes that come in any pieces. At most one message is kept.
struct MultistreamReader {
    private let limit: Int
    private var length = 0
    private var prefixBytes = 0
    private var isLengthKnown = false
    private var text: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    /// Takes bytes up to the end of the next message.
    /// - Returns: how many were taken, and the message without its line feed once it is whole.
    mutating func next(_ bytes: UnsafeRawBufferPointer) throws(MultistreamFault) -> (taken: Int, message: [UInt8]?) {
        var index = 0
        while !isLengthKnown {
            guard index < bytes.count else { return (index, nil) }
            let byte = bytes[index]
            index += 1
            // Three bytes hold 2^21: far above any limit, so longer prefixes need no arithmetic.
            if prefixBytes == 3 { throw .messageTooLong }
            length |= Int(byte & 0x7f) << (7 * prefixBytes)
            prefixBytes += 1
            guard byte < 0x80 else { continue }
            if length > limit { throw .messageTooLong }
            if length == 0 { throw .missingLineFeed }
            isLengthKnown = true
        }
        let size = min(length - text.count, bytes.count - index)
        let part = UnsafeRawBufferPointer(rebasing: bytes[index..<index + size])
        if text.isEmpty { text = [UInt8](copying: part) } else { text.append(contentsOf: part) }
        guard text.count == length else { return (index + size, nil) }
        guard text.removeLast() == 0x0a else { throw .missingLineFeed }
        let message = text
        self = MultistreamReader(limit: limit)
        return (index + size, message)
    }
}
