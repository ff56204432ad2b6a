import CausewayIdentity

/// The two messages of the data channel establishment protocol (RFC 8832, section 5).
///
///     +---------------+---------------+-------------------------------+
///     |   open = 3    | channel type  |           priority            |
///     +---------------+---------------+-------------------------------+
///     |                     reliability parameter                     |
///     +-------------------------------+-------------------------------+
///     |         label length          |        protocol length        |
///     +-------------------------------+-------------------------------+
///     |                   label, then protocol, in UTF-8              |
///
///     +---------------+
///     |    ack = 2    |
///     +---------------+
enum DCEPMessage: Equatable {
    case open(Open)
    case acknowledgement

    struct Open: Equatable {
        /// Whether messages may overtake each other.
        var isOrdered = true
        var label: [UInt8] = []
        var subprotocol: [UInt8] = []
    }

    private static let openType: UInt8 = 3
    private static let acknowledgementType: UInt8 = 2
    private static let headSize = 12
    /// Of a channel type.
    private static let unordered: UInt8 = 0x80
    /// Messages that are always sent again, that are given up after some repetitions, or after some time. This side sends all again.
    private static let reliabilities: ClosedRange<UInt8> = 0...2
    /// 256 is "normal" (RFC 8831, section 6.4).
    private static let priority: UInt16 = 256

    /// nil: it is neither.
    init?(_ bytes: UnsafeRawBufferPointer) {
        let bytes = PacketBytes(bytes)
        guard bytes.count > 0 else { return nil }
        switch bytes.octet(0) {
        case Self.acknowledgementType: self = .acknowledgement
        case Self.openType:
            guard bytes.count >= Self.headSize else { return nil }
            let type = bytes.octet(1)
            guard Self.reliabilities.contains(type & ~Self.unordered) else { return nil }
            let label = Int(bytes.number16(8))
            let subprotocol = Int(bytes.number16(10))
            guard bytes.count == Self.headSize + label + subprotocol else { return nil }
            let names = bytes.dropFirst(Self.headSize)
            self = .open(
                Open(
                    isOrdered: type & Self.unordered == 0, label: names.part(0..<label).array,
                    subprotocol: names.dropFirst(label).array))
        default: return nil
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .acknowledgement: [Self.acknowledgementType]
        case .open(let open):
            [UInt8](writing: Self.headSize + open.label.count + open.subprotocol.count) { writer in
                writer.octet(Self.openType)
                writer.octet(open.isOrdered ? 0 : Self.unordered)
                writer.number16(Self.priority)
                writer.number32(0)
                writer.number16(UInt16(truncatingIfNeeded: open.label.count))
                writer.number16(UInt16(truncatingIfNeeded: open.subprotocol.count))
                writer.bytes(open.label)
                writer.bytes(open.subprotocol)
            }
        }
    }
}
