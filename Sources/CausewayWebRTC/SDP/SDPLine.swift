/// A line of a description where it lies, without its end.
struct SDPLine {
    let bytes: UnsafeRawBufferPointer

    /// What stands behind a beginning. nil: the line begins otherwise.
    func value(after beginning: StaticString) -> SDPLine? {
        let count = beginning.utf8CodeUnitCount
        guard bytes.count >= count else { return nil }
        for index in 0..<count where bytes[index] != beginning.utf8Start[index] { return nil }
        return SDPLine(bytes: bytes.range(count, count: bytes.count - count))
    }

    /// Whether it is this text, letters in any case. `text` is in lower case.
    func isEqual(_ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count {
            let byte = bytes[index]
            let lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
            guard lower == text.utf8Start[index] else { return false }
        }
        return true
    }

    /// A decimal number. nil: it is none, or larger than `limit`.
    func number(limit: UInt64) -> UInt64? {
        guard !bytes.isEmpty, bytes.count <= 20 else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow, product <= limit, UInt64(byte - 0x30) <= limit - product else { return nil }
            value = product + UInt64(byte - 0x30)
        }
        return value
    }

    /// The words between spaces, one after the other.
    var words: SDPWords { SDPWords(line: self) }

    var copy: [UInt8] { [UInt8](bytes) }
}

/// The words of a line.
struct SDPWords {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(line: SDPLine) { bytes = line.bytes }

    /// nil at the end.
    mutating func next() -> SDPLine? {
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
        guard position < bytes.count else { return nil }
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: " ") { position += 1 }
        return SDPLine(bytes: bytes.range(start, count: position - start))
    }
}
