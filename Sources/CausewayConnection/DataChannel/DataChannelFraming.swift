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
///
/// SCTP has one window for all channels, and a browser's none for any. So Causeway's peers tell each other in a field of their own how much
/// a stream may carry: `credit = 15`, the sum of all payload that the sender of the message will have taken. Others skip the field. A peer
/// that heeds it says so by a credit of 0 in its first message with a payload, and is told credit from then on.
enum DataChannelFraming {
    enum Flag: UInt8 {
        case finish = 0
        case stopSending = 1
        case reset = 2
        case finishAcknowledged = 3
    }

    /// The largest message, including its prefix.
    static let messageSize = 16384
    /// The largest message that is sent over `/webrtc-direct`: go-libp2p reads the prefix, with whatever follows in the same message, into
    /// 4,096 bytes; rust-libp2p accepts 8,192.
    static let cautiousMessageSize = 4096
    /// The bytes of a message that are not payload: two bytes of prefix, two of a credit, three of the field's head.
    static let overhead = 7
    /// A stream whose reader reads gets on with so much, however much others have not read.
    static let smallestWindow = 64 << 10
    /// The key of the field `credit`, a varint.
    static let creditKey: UInt8 = 15 << 3

    /// A message of at most `messageSize - overhead` bytes.
    /// - Parameter heedsCredit: Whether it says that its sender heeds credit.
    static func data(_ payload: UnsafeRawBufferPointer, heedsCredit: Bool = false) -> [UInt8] {
        let field = 1 + Varint.length(of: UInt64(payload.count)) + payload.count + (heedsCredit ? 2 : 0)
        let size = Varint.length(of: UInt64(field)) + field
        return [UInt8](unsafeUninitializedCapacity: size) { message, count in
            put(field, message, &count)
            if heedsCredit {
                (message[count], message[count + 1]) = (creditKey, 0)
                count += 2
            }
            message[count] = 0x12
            count += 1
            put(payload.count, message, &count)
            UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(message)[count...]).copyMemory(from: payload)
            count = size
        }
    }

    /// Writes a varint, as `Varint.append` does.
    private static func put(_ number: Int, _ message: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int) {
        var rest = number
        while rest >= 0x80 {
            message[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count += 1
            rest >>= 7
        }
        message[count] = UInt8(truncatingIfNeeded: rest)
        count += 1
    }

    /// A message with only a flag. FIN's zero is written, too, because its presence counts.
    static func flag(_ flag: Flag) -> [UInt8] { [2, 0x08, flag.rawValue] }

    /// A message with only a credit.
    static func credit(_ limit: UInt64) -> [UInt8] {
        var message: [UInt8] = [UInt8(truncatingIfNeeded: 1 + Varint.length(of: limit)), creditKey]
        Varint.append(limit, to: &message)
        return message
    }
}
