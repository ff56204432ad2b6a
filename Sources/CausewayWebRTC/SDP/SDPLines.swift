/// The lines of a description. They end with LF or CRLF (RFC 8866, section 5).
struct SDPLines {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// nil at the end.
    mutating func next() -> SDPLine? {
        guard position < bytes.count else { return nil }
        let start = position
        while position < bytes.count, bytes[position] != 0x0a { position += 1 }
        let end = position > start && bytes[position - 1] == 0x0d ? position - 1 : position
        position += 1
        return SDPLine(bytes: bytes.range(start, count: end - start))
    }
}
