/// Unsigned LEB128 as multiformats use it: at most nine bytes for lengths and codes, ten in protobuf, and only in the shortest form.
public enum Varint {
    /// Appends `value` in its shortest form.
    public static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// How many bytes `append` would write.
    public static func length(of value: UInt64) -> Int {
        var rest = value
        var length = 1
        while rest >= 0x80 {
            rest >>= 7
            length += 1
        }
        return length
    }

    /// The varint at the start of `bytes`.
    @frozen public enum Decoded: Equatable {
        case value(UInt64, length: Int)
        /// The bytes end in the middle of the varint.
        case incomplete
        /// The varint is longer than ten bytes, over 64 bits, or not in its shortest form.
        case malformed
    }

    public static func decode(_ bytes: UnsafeRawBufferPointer) -> Decoded {
        var value: UInt64 = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            // The tenth byte has room for one bit, and none follows it.
            if index == 9, byte > 1 { return .malformed }
            value |= UInt64(byte & 0x7f) &<< UInt64(7 * index)
            index += 1
            if byte < 0x80 { return byte == 0 && index > 1 ? .malformed : .value(value, length: index) }
        }
        return .incomplete
    }

    static func decode(_ bytes: [UInt8], at start: Int) -> Decoded {
        bytes.withUnsafeBytes { decode(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }
}
