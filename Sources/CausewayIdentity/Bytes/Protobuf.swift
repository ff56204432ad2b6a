/// Protocol buffers' wire format (proto2/proto3), as much of it as libp2p's messages use: varints, fixed64 and length-delimited fields.
/// Unknown fields are skipped; groups are refused.
public enum ProtobufError: Error, Equatable {
    /// A field runs over the end of the message.
    case truncated
    case malformedVarint
    /// A wire type that protobuf does not define, or a group (3, 4).
    case unsupportedWireType(UInt8)
    /// Field number 0 or over 2^29 - 1.
    case badFieldNumber
    /// A field has another wire type than its schema says.
    case unexpectedWireType(field: UInt32)
}

/// Reads one message without copying it: fields hold ranges of the bytes it was made of.
public struct ProtobufReader {
    public let bytes: [UInt8]
    private var position: Int
    private let end: Int

    /// One field as it stands on the wire.
    public struct Field {
        public let number: UInt32
        public let wireType: UInt8
        /// The varint's or fixed number's value; 0 for a length-delimited field.
        public let value: UInt64
        /// Where a length-delimited field's content lies in `bytes`.
        public let range: Range<Int>
    }

    public init(_ bytes: [UInt8]) { self.init(bytes, range: 0..<bytes.count) }

    public init(_ bytes: [UInt8], range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or nil at the end of the message.
    public mutating func next() throws(ProtobufError) -> Field? {
        guard position < end else { return nil }
        let key = try varint()
        let number = key >> 3
        guard number >= 1, number < 1 << 29 else { throw .badFieldNumber }
        let wireType = UInt8(truncatingIfNeeded: key & 7)
        switch wireType {
        case 0:
            return Field(number: UInt32(number), wireType: 0, value: try varint(), range: position..<position)
        case 1:
            return Field(number: UInt32(number), wireType: 1, value: try fixed(8), range: position..<position)
        case 5:
            return Field(number: UInt32(number), wireType: 5, value: try fixed(4), range: position..<position)
        case 2:
            let length = try varint()
            guard length <= UInt64(end - position) else { throw .truncated }
            let range = position..<position + Int(length)
            position = range.upperBound
            return Field(number: UInt32(number), wireType: 2, value: 0, range: range)
        default:
            throw .unsupportedWireType(wireType)
        }
    }

    /// The content of a length-delimited field, copied.
    public func content(_ field: Field) throws(ProtobufError) -> [UInt8] {
        guard field.wireType == 2 else { throw .unexpectedWireType(field: field.number) }
        return [UInt8](copying: bytes, field.range)
    }

    /// The content of a length-delimited field as a message of its own.
    public func message(_ field: Field) throws(ProtobufError) -> ProtobufReader {
        guard field.wireType == 2 else { throw .unexpectedWireType(field: field.number) }
        return ProtobufReader(bytes, range: field.range)
    }

    public func varint(_ field: Field) throws(ProtobufError) -> UInt64 {
        guard field.wireType == 0 else { throw .unexpectedWireType(field: field.number) }
        return field.value
    }

    private mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var index = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            if index == 9, byte > 1 { throw .malformedVarint }
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            index += 1
            if byte < 0x80 { return value }
            if index == 10 { throw .malformedVarint }
        }
        throw .truncated
    }

    private mutating func fixed(_ size: Int) throws(ProtobufError) -> UInt64 {
        guard end - position >= size else { throw .truncated }
        var value: UInt64 = 0
        for index in 0..<size { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        position += size
        return value
    }
}

/// Writes one message, fields in the order of the calls.
public struct ProtobufWriter {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    @inline(never)
    public mutating func varint(_ field: UInt32, _ value: UInt64) {
        Varint.append(UInt64(field) << 3, to: &bytes)
        Varint.append(value, to: &bytes)
    }

    @inline(never)
    public mutating func content(_ field: UInt32, _ content: [UInt8]) {
        Varint.append(UInt64(field) << 3 | 2, to: &bytes)
        Varint.append(UInt64(content.count), to: &bytes)
        bytes.append(contentsOf: content)
    }
}
