import CausewayConnection
import CausewayIdentity

/// The message of `/webrtc-signaling/0.0.1` (webrtc/webrtc.md): protobuf `{type = 1, data = 2}`, preceded by its length as a varint.
struct SignallingMessage: Equatable {
    enum Kind: UInt64 {
        case offer = 0
        case answer = 1
        case candidate = 2
    }
    var kind: Kind
    var data: [UInt8]

    init(_ kind: Kind, _ data: [UInt8]) {
        self.kind = kind
        self.data = data
    }

    init(_ reader: consuming ProtobufReader) throws(SignallingFault) {
        // A missing type is the first one, as protobuf reads enums.
        var type = Kind.offer.rawValue
        data = []
        while reader.advance() {
            switch reader.number {
            case 1: type = reader.varint()
            case 2: data = reader.content()
            default: break
            }
        }
        guard reader.fault == nil else { throw .malformed }
        guard let kind = Kind(rawValue: type) else { throw .unexpectedType }
        self.kind = kind
    }

    /// The message, preceded by its length.
    var framed: [UInt8] {
        var writer = ProtobufWriter()
        writer.varint(1, kind.rawValue)
        writer.content(2, data)
        return writer.framed
    }

    /// A candidate that is `null` or empty: the end of candidates, which need not be passed on.
    var isEndOfCandidates: Bool { kind == .candidate && (data.isEmpty || data == [UInt8](utf8: "null")) }
}
