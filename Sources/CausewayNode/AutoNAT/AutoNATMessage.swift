import CausewayIdentity

/// The messages of AutoNAT v2 on a request's stream (autonat/autonat-v2.md), each a protobuf `Message` preceded by its length as a varint.
enum AutoNATMessage: Equatable {
    static let requestID = [UInt8](utf8: "/libp2p/autonat/2/dial-request")
    static let dialBackID = [UInt8](utf8: "/libp2p/autonat/2/dial-back")
    /// Bound: addresses read from one request; go-libp2p looks at as many. The rest is passed over.
    static let addresses = 50
    /// The largest `data` of one message, by the specification.
    static let dataSize = 4096

    /// Whether the server did what it was asked for.
    enum Status: UInt64 {
        case internalError = 0
        case rejected = 100
        case refused = 101
        case ok = 200
    }
    /// What the server found.
    enum DialStatus: UInt64 {
        case unused = 0
        case dialError = 100
        case dialBackError = 101
        case ok = 200
    }

    /// The addresses are not checked yet.
    case request([[UInt8]], nonce: UInt64)
    case response(Status, index: UInt64, DialStatus)
    /// The server wants so many bytes before it dials.
    case dataRequest(index: UInt64, bytes: UInt64)
    /// So many of those bytes, whatever they are.
    case data(Int)

    /// nil: it is malformed, has a status that we do not know, or none of the four kinds. Of several kinds, the last counts.
    init?(_ reader: consuming ProtobufReader) {
        var found: AutoNATMessage?
        while reader.advance() {
            let kind = reader.number
            guard (1...4).contains(kind) else { continue }
            let outer = reader.enter()
            switch kind {
            case 1: found = Self.request(&reader)
            case 2: found = Self.response(&reader)
            case 3:
                let (index, bytes) = Self.numbers(&reader)
                found = .dataRequest(index: index, bytes: bytes)
            default:
                var count = 0
                while reader.advance() { if reader.number == 1 { count = reader.range().count } }
                found = .data(count)
            }
            reader.leave(outer)
        }
        guard reader.fault == nil, let found else { return nil }
        self = found
    }

    private static func request(_ reader: inout ProtobufReader) -> AutoNATMessage {
        var addresses: [[UInt8]] = []
        var nonce: UInt64 = 0
        while reader.advance() {
            switch reader.number {
            case 1: if addresses.count < Self.addresses { addresses.append(reader.content()) } else { _ = reader.range() }
            case 2: nonce = reader.fixed64()
            default: break
            }
        }
        return .request(addresses, nonce: nonce)
    }

    private static func response(_ reader: inout ProtobufReader) -> AutoNATMessage? {
        var numbers: [UInt64] = [0, 0, 0]
        while reader.advance() { if (1...3).contains(reader.number) { numbers[Int(reader.number) - 1] = reader.varint() } }
        guard let status = Status(rawValue: numbers[0]), let dialStatus = DialStatus(rawValue: numbers[2]) else { return nil }
        return .response(status, index: numbers[1], dialStatus)
    }

    private static func numbers(_ reader: inout ProtobufReader) -> (UInt64, UInt64) {
        var (first, second): (UInt64, UInt64) = (0, 0)
        while reader.advance() {
            switch reader.number {
            case 1: first = reader.varint()
            case 2: second = reader.varint()
            default: break
            }
        }
        return (first, second)
    }

    /// The message, preceded by its length.
    var framed: [UInt8] {
        var inner = ProtobufWriter()
        let kind: UInt32
        switch self {
        case .request(let addresses, let nonce):
            kind = 1
            for address in addresses { inner.content(1, address) }
            inner.fixed64(2, nonce)
        case .response(let status, let index, let dialStatus):
            kind = 2
            inner.varint(1, status.rawValue)
            // Meaningless, and left out as protobuf leaves out zeros, if nothing was dialled.
            if status == .ok {
                inner.varint(2, index)
                inner.varint(3, dialStatus.rawValue)
            }
        case .dataRequest(let index, let bytes):
            kind = 3
            inner.varint(1, index)
            inner.varint(2, bytes)
        case .data(let count):
            kind = 4
            inner.content(1, [UInt8](repeating: 0, count: count))
        }
        var out = ProtobufWriter()
        out.content(kind, inner.bytes)
        return out.framed
    }
}

/// The message on a dial-back's stream. The answer to it is an empty message.
struct DialBack: Equatable {
    let nonce: UInt64

    init(nonce: UInt64) { self.nonce = nonce }

    init?(_ reader: consuming ProtobufReader) {
        var nonce: UInt64?
        while reader.advance() { if reader.number == 1 { nonce = reader.fixed64() } }
        guard reader.fault == nil, let nonce else { return nil }
        self.nonce = nonce
    }

    /// The message, preceded by its length.
    var framed: [UInt8] {
        var out = ProtobufWriter()
        out.fixed64(1, nonce)
        return out.framed
    }

    /// `DialBackResponse` with the status `OK`, which is 0: an empty message.
    static let answer: [UInt8] = [0]
}
