import CausewayIdentity

/// What the remote did wrong in the framing of a data channel. The raw value is the `code` of `.peerFault(.dataChannel, code:)`.
public enum DataChannelFault: UInt16, Error, Equatable, Sendable {
    /// A message longer than 16 KiB, or a length prefix that announces one.
    case messageTooLong = 1
    /// Not a protobuf message.
    case malformed = 2
    /// Data behind the remote's own FIN.
    case dataAfterFinish = 3
}

/// libp2p's messages on a WebRTC data channel (webrtc/README.md): a varint length, then protobuf `{flag = 1, message = 2}`.
enum DataChannelFraming {
    enum Flag: UInt8 {
        case finish = 0
        case stopSending = 1
        case reset = 2
        case finishAcknowledged = 3
    }

    /// The largest message, with its prefix.
    static let messageSize = 16384
    /// What a listener of `/webrtc-direct` is sent at most: go-libp2p reads the prefix, and whatever comes in one message with it, into
    /// 4,096 bytes; rust-libp2p takes 8,192.
    static let cautiousMessageSize = 4096
    /// What of a message is not payload: two bytes of prefix, three of the field's head.
    static let overhead = 5

    /// A message of at most `messageSize - overhead` bytes.
    static func data(_ payload: UnsafeRawBufferPointer) -> [UInt8] {
        let body = 1 + Varint.length(of: UInt64(payload.count)) + payload.count
        var message: [UInt8] = []
        message.reserveCapacity(body + 3)
        Varint.append(UInt64(body), to: &message)
        message.append(0x12)
        Varint.append(UInt64(payload.count), to: &message)
        message.append(contentsOf: payload)
        return message
    }

    /// A message that is only a flag; FIN's zero is written, too, as its presence counts.
    static func flag(_ flag: Flag) -> [UInt8] { [2, 0x08, flag.rawValue] }
}

/// Cuts messages out of a channel's bytes, whatever pieces they come in: go sends prefix and body apart. At most one message is kept.
struct DataChannelDecoder: ~Copyable {
    struct Message {
        /// nil if there is none, or none that we know.
        let flag: DataChannelFraming.Flag?
        /// Valid until the next call of `next`.
        let payload: UnsafeRawBufferPointer
    }

    private var partial = ByteQueue()
    private var spent = 0

    /// Takes bytes up to the end of the next message.
    mutating func next(_ bytes: UnsafeRawBufferPointer) throws(DataChannelFault) -> (taken: Int, message: Message?) {
        partial.drop(spent)
        partial.release()
        spent = 0
        if partial.isEmpty {
            guard let body = try Self.body(bytes), body.upperBound <= bytes.count else {
                partial.append(bytes)
                return (bytes.count, nil)
            }
            return (body.upperBound, try Self.parse(UnsafeRawBufferPointer(rebasing: bytes[body])))
        }
        var taken = 0
        var body = try Self.body(partial.bytes)
        while body == nil, taken < bytes.count {
            partial.append(UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + 1]))
            taken += 1
            body = try Self.body(partial.bytes)
        }
        guard let body else { return (taken, nil) }
        let size = min(body.upperBound - partial.count, bytes.count - taken)
        partial.append(UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + size]))
        taken += size
        guard partial.count == body.upperBound else { return (taken, nil) }
        spent = partial.count
        return (taken, try Self.parse(UnsafeRawBufferPointer(rebasing: partial.bytes[body])))
    }

    /// Where the message's body lies, once its prefix is whole.
    private static func body(_ bytes: UnsafeRawBufferPointer) throws(DataChannelFault) -> Range<Int>? {
        // Three bytes of prefix hold far more than a message may have.
        switch Varint.decode(UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, 3)])) {
        case .incomplete:
            if bytes.count >= 3 { throw .messageTooLong }
            return nil
        case .malformed: throw .malformed
        case .value(let length, let prefix):
            guard length <= UInt64(DataChannelFraming.messageSize) else { throw .messageTooLong }
            return prefix..<prefix + Int(length)
        }
    }

    private static func parse(_ body: UnsafeRawBufferPointer) throws(DataChannelFault) -> Message {
        var flag: DataChannelFraming.Flag?
        var payload = UnsafeRawBufferPointer(start: nil, count: 0)
        var position = 0
        while position < body.count {
            let key = try varint(body, &position)
            switch (key >> 3, key & 7) {
            case (1, 0): flag = DataChannelFraming.Flag(rawValue: UInt8(truncatingIfNeeded: min(try varint(body, &position), 255)))
            case (1, _), (2, 0), (2, 1), (2, 5), (0, _): throw .malformed
            case (let field, 2):
                let length = try varint(body, &position)
                guard length <= UInt64(body.count - position) else { throw .malformed }
                let content = position..<position + Int(length)
                if field == 2 { payload = UnsafeRawBufferPointer(rebasing: body[content]) }
                position = content.upperBound
            case (_, 0): _ = try varint(body, &position)
            case (_, let type) where type == 1 || type == 5:
                position += type == 1 ? 8 : 4
                guard position <= body.count else { throw .malformed }
            default: throw .malformed
            }
        }
        return Message(flag: flag, payload: payload)
    }

    private static func varint(_ body: UnsafeRawBufferPointer, _ position: inout Int) throws(DataChannelFault) -> UInt64 {
        guard case .value(let value, let length) = Varint.decode(UnsafeRawBufferPointer(rebasing: body[position...])) else {
            throw .malformed
        }
        position += length
        return value
    }
}
