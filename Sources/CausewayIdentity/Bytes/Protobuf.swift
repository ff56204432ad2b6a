/// The wire format of protocol buffers (proto2/proto3), as far as libp2p's messages use it: varints, fixed64 and length-delimited fields.
/// Unknown fields are skipped; groups are refused.
public enum ProtobufError: Error, Equatable {
    /// A field is longer than the rest of the message.
    case truncated
    case malformedVarint
    /// A wire type that protobuf does not define, or a group (3, 4).
    case unsupportedWireType(UInt8)
    /// Field number 0 or over 2^29 - 1.
    case badFieldNumber
    /// A field has a wire type other than its schema says.
    case unexpectedWireType(field: UInt32)
}

/// Reads one message without copying it: field by field, and messages inside fields between `enter` and `leave`.
///
/// Anything wrong ends the message: from then on, `advance` returns false, contents are empty, and `fault` has the reason. So it is enough
/// to check `fault` once, before using what was read.
public struct ProtobufReader: ~Copyable {
    public let bytes: [UInt8]
    private var position: Int
    private var end: Int
    /// What ended the message early.
    public private(set) var fault: ProtobufError?

    /// The number of the field that `advance` found.
    public private(set) var number: UInt32 = 0
    /// The wire type of the field that `advance` found.
    public private(set) var wireType: UInt8 = 0
    /// The length of a length-delimited field's content. 0 for other fields.
    public private(set) var count = 0
    /// How many fields `advance` has found so far, on all levels: the cost of reading.
    public private(set) var fields = 0
    private var value: UInt64 = 0

    public init(_ bytes: [UInt8]) { self.init(bytes, range: 0..<bytes.count) }

    @inline(never)
    public init(_ bytes: [UInt8], range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// Moves to the next field. Returns false at the end of the message.
    @inline(never)
    public mutating func advance() -> Bool {
        guard position < end else { return false }
        fields += 1
        let key = nextVarint()
        number = UInt32(truncatingIfNeeded: key >> 3)
        wireType = UInt8(truncatingIfNeeded: key & 7)
        count = 0
        guard key >= 1 << 3, key < 1 << 32 else { return fail(.badFieldNumber) }
        switch wireType {
        case 0: value = nextVarint()
        case 1: skip(8)
        case 5: skip(4)
        case 2:
            value = nextVarint()
            guard value <= UInt64(end - position) else { return fail(.truncated) }
            count = Int(value)
            position += count
        default: return fail(.unsupportedWireType(wireType))
        }
        return fault == nil
    }

    /// The place of a length-delimited field's content in `bytes`. It is never at their start.
    @inline(never)
    public mutating func range() -> Range<Int> {
        if wireType != 2 { _ = fail(.unexpectedWireType(field: number)) }
        return position - count..<position
    }

    /// A copy of a length-delimited field's content.
    @inline(never)
    public mutating func content() -> [UInt8] {
        [UInt8](copying: bytes, range())
    }

    /// The value of a varint field.
    @inline(never)
    public mutating func varint() -> UInt64 {
        if wireType != 0 { _ = fail(.unexpectedWireType(field: number)) }
        return value
    }

    /// The value of a field of eight bytes.
    public mutating func fixed64() -> UInt64 {
        guard wireType == 1 else {
            _ = fail(.unexpectedWireType(field: number))
            return 0
        }
        guard fault == nil else { return 0 }
        var value: UInt64 = 0
        for index in 1...8 { value = value << 8 | UInt64(bytes[position - index]) }
        return value
    }

    /// Enters the field's content as a message, whose fields come next. Pass the returned value to `leave`.
    @inline(never)
    public mutating func enter() -> Int {
        let outer = end
        let inner = range()
        end = inner.upperBound
        position = inner.lowerBound
        return outer
    }

    /// Continues behind the message that was entered, however much of it was read.
    public mutating func leave(_ outer: Int) {
        position = end
        if fault == nil { end = outer }
    }

    /// Continues behind the message that was entered at `inner`, whatever was wrong in it. Only that message is lost.
    public mutating func skip(_ inner: Range<Int>, outer: Int) {
        fault = nil
        position = inner.upperBound
        end = outer
    }

    private mutating func fail(_ error: ProtobufError) -> Bool {
        if fault == nil { fault = error }
        // Nothing is left to read, on any level.
        position = 0
        end = 0
        count = 0
        return false
    }

    private mutating func nextVarint() -> UInt64 {
        var value: UInt64 = 0
        var index = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            if index == 9, byte > 1 { _ = fail(.malformedVarint) }
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            index += 1
            if byte < 0x80 { return value }
        }
        _ = fail(.truncated)
        return 0
    }

    private mutating func skip(_ size: Int) { if end - position >= size { position += size } else { _ = fail(.truncated) } }
}

/// Writes one message. The fields are in the order of the calls.
public struct ProtobufWriter {
    public private(set) var bytes: [UInt8]

    /// Fields follow `prefix`.
    public init(behind prefix: [UInt8] = []) { bytes = prefix }

    /// The message preceded by its length, as it is sent on a stream.
    public var framed: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 4)
        Varint.append(UInt64(bytes.count), to: &out)
        out.append(contentsOf: bytes)
        return out
    }

    @inline(never)
    public mutating func varint(_ field: UInt32, _ value: UInt64) {
        Varint.append(UInt64(field) << 3, to: &bytes)
        Varint.append(value, to: &bytes)
    }

    /// Eight bytes, whatever the value.
    public mutating func fixed64(_ field: UInt32, _ value: UInt64) {
        Varint.append(UInt64(field) << 3 | 1, to: &bytes)
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * shift))) }
    }

    @inline(never)
    public mutating func content(_ field: UInt32, _ content: [UInt8]) {
        Varint.append(UInt64(field) << 3 | 2, to: &bytes)
        Varint.append(UInt64(content.count), to: &bytes)
        bytes.append(contentsOf: content)
    }
}
