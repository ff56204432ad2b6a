import CausewayConnection
public import CausewayIdentity

/// The wire format of both protocols: one protobuf message of at most 4,096 bytes, preceded by its length as a varint.
public enum HopCodec {
    /// The protocol by which peers talk to relays.
    public static let hopID = [UInt8](utf8: "/libp2p/circuit/relay/0.2.0/hop")
    /// The protocol by which relays talk to peers.
    public static var stopID: [UInt8] { [UInt8](utf8: "/libp2p/circuit/relay/0.2.0/stop") }
    /// As in go, rust and js.
    public static let messageSize = 4096
    /// Bound: addresses read from one answer. A relay has a few, and `RelayClientLimits.addresses` of them are used.
    static let addressCount = 64

    /// `ReservationAnswer.lasts`: a number that the specification will hardly get to. Others skip fields that they do not know.
    private static let lastsField: UInt32 = 10_001

    // MARK: Writing

    /// The message, preceded by its length.
    public static func encode(_ message: HopMessage) -> [UInt8] {
        switch message {
        case .reserve: return reserve
        case .connect(let peer): return connect(to: peer)
        case .status(let status, let reservation, let limit):
            var out = ProtobufWriter()
            out.varint(1, 2)
            if let reservation { out.content(3, content(of: reservation)) }
            if let limit, !limit.isUnlimited { out.content(4, content(of: limit)) }
            out.varint(5, UInt64(status))
            return out.framed
        }
    }

    /// The message, preceded by its length.
    public static func encode(_ message: StopMessage) -> [UInt8] {
        switch message {
        case .connect(let peer, let limit):
            var out = ProtobufWriter()
            out.varint(1, 0)
            out.content(2, peerContent(peer))
            if let limit, !limit.isUnlimited { out.content(3, content(of: limit)) }
            return out.framed
        case .status(let status): return stopStatus(status)
        }
    }

    // A client's messages, in functions of their own: a node that is only a client needs nothing of the rest.

    /// `HopMessage.reserve`.
    static var reserve: [UInt8] {
        var out = ProtobufWriter()
        out.varint(1, 0)
        return out.framed
    }

    /// `HopMessage.connect`.
    static func connect(to peer: [UInt8]) -> [UInt8] {
        var out = ProtobufWriter()
        out.varint(1, 1)
        out.content(2, peerContent(peer))
        return out.framed
    }

    /// `StopMessage.status`.
    static func stopStatus(_ status: UInt16) -> [UInt8] {
        var out = ProtobufWriter()
        out.varint(1, 1)
        out.varint(4, UInt64(status))
        return out.framed
    }

    private static func peerContent(_ peer: [UInt8]) -> [UInt8] {
        var out = ProtobufWriter()
        out.content(1, peer)
        return out.bytes
    }

    private static func content(of limit: CircuitLimit) -> [UInt8] {
        var out = ProtobufWriter()
        if let seconds = limit.seconds { out.varint(1, UInt64(seconds)) }
        if let bytes = limit.bytes { out.varint(2, bytes) }
        return out.bytes
    }

    private static func content(of reservation: ReservationAnswer) -> [UInt8] {
        var out = ProtobufWriter()
        out.varint(1, reservation.expire)
        for address in reservation.addresses { out.content(2, address) }
        if !reservation.voucher.isEmpty { out.content(3, reservation.voucher) }
        if reservation.lasts != 0 { out.varint(lastsField, reservation.lasts) }
        return out.bytes
    }

    // MARK: Reading

    /// Reads one message without its length.
    /// - Parameter inSeconds: whether its writer is known to write durations as the specification says.
    public static func decodeHop(_ message: consuming ProtobufReader, inSeconds: Bool = false) throws(RelayFault) -> HopMessage {
        let fields = try Fields(message, inSeconds, limitField: 4, statusField: 5, reservationField: 3)
        switch fields.type {
        case 0: return .reserve
        case 1: return .connect(peer: fields.peer)
        case 2:
            guard let status = fields.status else { throw .missingStatus }
            return .status(status, reservation: fields.reservation, limit: fields.limit)
        default: throw .unexpectedType
        }
    }

    /// Reads one message without its length.
    /// - Parameter inSeconds: whether its writer is known to write durations as the specification says.
    public static func decodeStop(_ message: consuming ProtobufReader, inSeconds: Bool = false) throws(RelayFault) -> StopMessage {
        let fields = try Fields(message, inSeconds, limitField: 3, statusField: 4, reservationField: 0)
        switch fields.type {
        case 0: return .connect(peer: fields.peer, limit: fields.limit)
        case 1:
            guard let status = fields.status else { throw .missingStatus }
            return .status(status)
        default: throw .unexpectedType
        }
    }

    /// The fields of both messages, which give some of them different numbers.
    private struct Fields {
        var type: UInt64?
        var peer: [UInt8] = []
        var reservation: ReservationAnswer?
        var limit: CircuitLimit?
        var status: UInt16?

        init(
            _ reader: consuming ProtobufReader, _ inSeconds: Bool, limitField: UInt32, statusField: UInt32, reservationField: UInt32
        ) throws(RelayFault) {
            while reader.advance() {
                let field = reader.number
                if field == 1 {
                    type = reader.varint()
                } else if field == statusField {
                    status = UInt16(clamping: reader.varint())
                } else if field == 2 || field == limitField || field == reservationField {
                    let outer = reader.enter()
                    if field == 2 {
                        peer = Fields.peer(&reader)
                    } else if field == limitField {
                        limit = Fields.limit(&reader, inSeconds)
                    } else {
                        reservation = Fields.reservation(&reader)
                    }
                    reader.leave(outer)
                }
            }
            // Type 0 has a meaning, so a missing type is not RESERVE.
            guard reader.fault == nil, type != nil else { throw .malformed }
        }

        private static func peer(_ message: inout ProtobufReader) -> [UInt8] {
            var id: [UInt8] = []
            while message.advance() { if message.number == 1 { id = message.content() } }
            return id
        }

        private static func limit(_ message: inout ProtobufReader, _ inSeconds: Bool) -> CircuitLimit {
            var limit = CircuitLimit.unlimited
            while message.advance() {
                switch message.number {
                case 1: limit.seconds = plausible(duration: message.varint(), inSeconds)
                case 2:
                    let bytes = message.varint()
                    limit.bytes = bytes == 0 ? nil : bytes
                default: break
                }
            }
            return limit
        }

        /// js-libp2p writes milliseconds. Unless the writer is known to write seconds, a value that would be over eight hours in seconds,
        /// and is whole seconds in milliseconds, is read as milliseconds.
        private static func plausible(duration: UInt64, _ inSeconds: Bool) -> UInt32? {
            guard duration != 0 else { return nil }
            let seconds = !inSeconds && duration >= 30_000 && duration % 1000 == 0 ? duration / 1000 : duration
            return UInt32(clamping: seconds)
        }

        private static func reservation(_ message: inout ProtobufReader) -> ReservationAnswer {
            var answer = ReservationAnswer()
            while message.advance() {
                switch message.number {
                case 1: answer.expire = message.varint()
                case 2: if answer.addresses.count < addressCount { answer.addresses.append(message.content()) }
                case 3: answer.voucher = message.content()
                case lastsField: answer.lasts = message.varint()
                default: break
                }
            }
            return answer
        }
    }
}
