import CausewayIdentity

/// The two messages of AutoNAT v1 (autonat/autonat-v1.md), each a protobuf `Message` preceded by its length as a varint.
enum AutoNATv1Message: Equatable {
    static let protocolID = [UInt8](utf8: "/libp2p/autonat/1.0.0")
    /// Bound: addresses read from one request. A host has a few for each of its transports, and of those that are read a few are dialled.
    static let addresses = 50

    /// How a request has ended.
    enum Status: UInt64 {
        case ok = 0
        case dialError = 100
        case dialRefused = 101
        case badRequest = 200
        case internalError = 300
    }

    /// Dial this peer, nil: whoever asks, at one of these addresses. None of it is checked yet.
    case dial(peer: [UInt8]?, [[UInt8]])
    /// The address is the one that was reached, and not checked yet.
    case response(Status, address: [UInt8]?)

    /// nil: it is malformed, has a status that we do not know, or lacks what its type promises.
    init?(_ reader: consuming ProtobufReader) {
        var type: UInt64 = 0
        var dial: AutoNATv1Message?
        var response: AutoNATv1Message?
        while reader.advance() {
            switch reader.number {
            case 1: type = reader.varint()
            case 2:
                let outer = reader.enter()
                dial = Self.dial(&reader)
                reader.leave(outer)
            case 3:
                let outer = reader.enter()
                response = Self.response(&reader)
                reader.leave(outer)
            default: break
            }
        }
        guard reader.fault == nil, type <= 1, let message = type == 0 ? dial : response else { return nil }
        self = message
    }

    private static func dial(_ reader: inout ProtobufReader) -> AutoNATv1Message? {
        var message: AutoNATv1Message?
        while reader.advance() {
            guard reader.number == 1 else { continue }
            let outer = reader.enter()
            var peer: [UInt8]?
            var addresses: [[UInt8]] = []
            while reader.advance() {
                switch reader.number {
                case 1: peer = reader.content()
                case 2: if addresses.count < Self.addresses { addresses.append(reader.content()) } else { _ = reader.range() }
                default: break
                }
            }
            reader.leave(outer)
            message = .dial(peer: peer, addresses)
        }
        return message
    }

    private static func response(_ reader: inout ProtobufReader) -> AutoNATv1Message? {
        var status: UInt64 = 0
        var address: [UInt8]?
        while reader.advance() {
            switch reader.number {
            case 1: status = reader.varint()
            case 3: address = reader.content()
            default: break
            }
        }
        return Status(rawValue: status).map { .response($0, address: address) }
    }

    /// The message, preceded by its length.
    var framed: [UInt8] {
        var out = ProtobufWriter()
        switch self {
        case .dial(let peer, let addresses):
            var info = ProtobufWriter()
            if let peer { info.content(1, peer) }
            for address in addresses { info.content(2, address) }
            var dial = ProtobufWriter()
            dial.content(1, info.bytes)
            out.varint(1, 0)
            out.content(2, dial.bytes)
        case .response(let status, let address):
            var response = ProtobufWriter()
            response.varint(1, status.rawValue)
            if let address { response.content(3, address) }
            out.varint(1, 1)
            out.content(3, response.bytes)
        }
        return out.framed
    }
}
