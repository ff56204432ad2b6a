import CausewayConnection
import CausewayIdentity

/// The message of `/webrtc-signaling/0.0.1` (webrtc/webrtc.md): protobuf `{type = 1, data = 2}`, a varint length before it.
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

    init(_ message: [UInt8]) throws(SignallingFault) {
        let reader = ProtobufReader(message)
        // An absent type is the first one, as protobuf reads enums.
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

    /// With its length.
    var framed: [UInt8] {
        var writer = ProtobufWriter()
        writer.varint(1, kind.rawValue)
        writer.content(2, data)
        return writer.framed
    }

    /// `null` or a candidate that names nothing: the end of candidates, which need not be told on.
    var isEndOfCandidates: Bool { kind == .candidate && (data.isEmpty || data == [UInt8](utf8: "null")) }
}

/// Cuts messages out of a stream's chunks. Holds one message at most.
struct SignallingInbox {
    private var bytes: [UInt8] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func add(_ chunk: [UInt8]) { if bytes.isEmpty { bytes = chunk } else { bytes.append(contentsOf: chunk) } }

    /// The next whole message.
    mutating func next() throws(SignallingFault) -> [UInt8]? {
        switch bytes.withUnsafeBytes({ Varint.decode($0) }) {
        case .incomplete:
            // Lengths under the limit take three bytes at most.
            if bytes.count > 3 { throw .messageTooLong }
            return nil
        case .malformed: throw .malformed
        case .value(let length, let prefix):
            guard length <= UInt64(limit) else { throw .messageTooLong }
            let end = prefix + Int(length)
            guard bytes.count >= end else { return nil }
            let all = bytes
            return all.withUnsafeBytes { whole in
                bytes = [UInt8](copying: UnsafeRawBufferPointer(rebasing: whole[end...]))
                return [UInt8](copying: UnsafeRawBufferPointer(rebasing: whole[prefix..<end]))
            }
        }
    }
}
