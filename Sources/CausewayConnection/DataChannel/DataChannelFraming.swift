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

    /// The largest message, including its prefix.
    static let messageSize = 16384
    /// The largest message that a listener of `/webrtc-direct` is sent: go-libp2p reads the prefix, with whatever follows in the same
    /// message, into 4,096 bytes; rust-libp2p accepts 8,192.
    static let cautiousMessageSize = 4096
    /// The bytes of a message that are not payload: two bytes of prefix, three of the field's head.
    static let overhead = 5

    /// A message of at most `messageSize - overhead` bytes.
    static func data(_ payload: UnsafeRawBufferPointer) -> [UInt8] {
        let body = 1 + Varint.length(of: UInt64(payload.count)) + payload.count
        var message: [UInt8] = []
        message.reserveCapacity(body + 3)
        Varint.append(UInt64(body), to: &message)
        message.append(0x12)
        Varint.append(UInt64(payload.count), to: &message)
        message.append(copying: payload)
        return message
    }

    /// A message with only a flag. FIN's zero is written, too, because its presence counts.
    static func flag(_ flag: Flag) -> [UInt8] { [2, 0x08, flag.rawValue] }
}

/// Cuts a channel's bytes into messages, however they arrive: go sends prefix and body separately. At most one message is kept.
struct DataChannelDecoder {
    struct Message {
        /// nil: there is none, or none that we know.
        var flag: DataChannelFraming.Flag?
        var payload: [UInt8] = []
    }

    private var reader = PrefixedReader(limit: DataChannelFraming.messageSize)

    /// Takes bytes up to the end of the next message.
    mutating func next(_ bytes: UnsafeRawBufferPointer) throws(DataChannelFault) -> (taken: Int, message: Message?) {
        let taken: Int
        let body: [UInt8]?
        do throws(PrefixedReader.Fault) {
            (taken, body) = try reader.next(bytes)
        } catch {
            throw error == .tooLong ? .messageTooLong : .malformed
        }
        guard let body else { return (taken, nil) }
        return (taken, try Self.parse(body))
    }

    private static func parse(_ body: [UInt8]) throws(DataChannelFault) -> Message {
        var message = Message()
        let reader = ProtobufReader(body)
        while reader.advance() {
            switch reader.number {
            case 1: message.flag = DataChannelFraming.Flag(rawValue: UInt8(truncatingIfNeeded: min(reader.varint(), 255)))
            case 2: message.payload = reader.content()
            default: break
            }
        }
        guard reader.fault == nil else { throw .malformed }
        return message
    }
}
