import CausewayIdentity

/// Cuts a channel's bytes into messages, however they arrive: go sends prefix and body separately.
struct DataChannelDecoder: ~Copyable {
    struct Message {
        /// nil: there is none, or none that we know.
        var flag: DataChannelFraming.Flag?
        /// Where it lies: in the bytes that were given, or among the kept parts of a message that arrived in several.
        var payload = UnsafeRawBufferPointer(start: nil, count: 0)
        /// `DataChannelFraming.credit`, or 0: the sender heeds it.
        var credit: UInt64?
    }

    private var cutter = MessageCutter(limit: DataChannelFraming.messageSize)

    /// Takes bytes up to the end of the next message, which is valid until the next call.
    mutating func next(_ bytes: UnsafeRawBufferPointer) throws(DataChannelFault) -> (taken: Int, message: Message?) {
        let taken: Int
        let body: UnsafeRawBufferPointer?
        do throws(MessageCutter.Fault) {
            (taken, body) = try cutter.next(bytes)
        } catch {
            throw error == .tooLong ? .messageTooLong : .malformed
        }
        guard let body else { return (taken, nil) }
        return (taken, try Self.parse(body))
    }

    /// Reads protobuf in place, which `ProtobufReader` cannot: it needs an array.
    private static func parse(_ body: UnsafeRawBufferPointer) throws(DataChannelFault) -> Message {
        var message = Message()
        var position = 0
        while position < body.count {
            let key = try number(body, &position)
            var value: UInt64 = 0
            var size: UInt64 = 0
            switch key & 7 {
            case 0: value = try number(body, &position)
            case 1: size = 8
            case 2: size = try number(body, &position)
            case 5: size = 4
            default: throw .malformed
            }
            guard key >= 1 << 3, key < 1 << 32, size <= UInt64(body.count - position) else { throw .malformed }
            let start = position
            position += Int(size)
            if key == 0x08 {
                message.flag = DataChannelFraming.Flag(rawValue: UInt8(truncatingIfNeeded: min(value, 255)))
            } else if key == 0x12 {
                message.payload = UnsafeRawBufferPointer(rebasing: body[start..<position])
            } else if key == UInt64(DataChannelFraming.creditKey) {
                message.credit = value
            } else if key >> 3 <= 2 {
                throw .malformed
            }
        }
        return message
    }

    /// Takes a varint. Unlike those of multiformats, protobuf's may be longer than they need to be.
    private static func number(_ body: UnsafeRawBufferPointer, _ position: inout Int) throws(DataChannelFault) -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 70, position < body.count {
            let byte = body[position]
            position += 1
            if shift == 63, byte > 1 { break }
            number |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
        throw .malformed
    }
}
