import CausewayConnection
import CausewayIdentity

/// Writes a message for the page: byte strings, each behind its length in four bytes, little-endian.
struct PartsWriter {
    private(set) var bytes: [UInt8] = []

    @inline(never) mutating func add(_ part: [UInt8]) {
        number(UInt64(part.count), width: 4)
        bytes += part
    }

    mutating func add(_ value: UInt8) { add([value]) }

    @inline(never) mutating func add(_ value: UInt32) {
        number(4, width: 4)
        number(UInt64(value), width: 4)
    }

    @inline(never) mutating func add(_ value: UInt64) {
        number(8, width: 4)
        number(value, width: 8)
    }

    /// Bytes and seconds, each empty if there is no such limit.
    mutating func add(_ limit: CircuitLimit?) {
        if let bytes = limit?.bytes { add(bytes) } else { add([]) }
        if let seconds = limit?.seconds { add(seconds) } else { add([]) }
    }

    private mutating func number(_ value: UInt64, width: Int) {
        for index in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }
}

/// Reads a message of the page.
struct PartsReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isEmpty: Bool { position >= bytes.count }

    /// The next part; empty at the end.
    @inline(never) mutating func next() -> [UInt8] {
        guard bytes.count - position >= 4 else {
            position = bytes.count
            return []
        }
        let length = Int(min(bytes.littleEndian(at: position, width: 4), UInt64(bytes.count - position - 4)))
        position += 4 + length
        return bytes.withUnsafeBytes { [UInt8](copying: UnsafeRawBufferPointer(rebasing: $0[position - length..<position])) }
    }
}

extension [UInt8] {
    /// An unsigned number of `width` bytes; what is missing is zero.
    func littleEndian(at start: Int = 0, width: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<width where start + index < count { value |= UInt64(self[start + index]) << UInt64(8 * index) }
        return value
    }
}
