/// Goes through the attributes of a message, one after the other.
struct STUNAttributes {
    struct Element {
        let type: UInt16
        /// Where its head begins in the message.
        let start: Int
        let value: UnsafeRawBufferPointer
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = STUNMessage.headerSize

    /// - Parameter bytes: From the header on.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// nil at the end.
    mutating func next() throws(STUNError) -> Element? {
        guard position < bytes.count else { return nil }
        guard bytes.count - position >= 4 else { throw .badAttribute }
        let size = Int(bytes.networkOrder(position + 2, as: UInt16.self))
        let padded = (size + 3) & ~3
        guard padded <= bytes.count - position - 4 else { throw .badAttribute }
        defer { position += 4 + padded }
        return Element(
            type: bytes.networkOrder(position, as: UInt16.self), start: position, value: bytes.range(position + 4, count: size))
    }
}
