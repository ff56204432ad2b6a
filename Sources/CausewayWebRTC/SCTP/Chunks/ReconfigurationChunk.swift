/// RE-CONFIG carries one or two requests or responses (RFC 6525, section 3.1), of which these matter here:
///
///     +---------------+---------------+-------------------------------+
///     |  type = 130   |   flags = 0   |            length             |
///     +---------------+---------------+-------------------------------+
///     |     outgoing reset = 13       |            length             |    its sender begins its streams anew (section 4.1)
///     +-------------------------------+-------------------------------+
///     |                        request number                         |
///     +---------------------------------------------------------------+
///     |              number of the last request answered              |
///     +---------------------------------------------------------------+
///     |                 the last TSN that its sender sent             |
///     +-------------------------------+-------------------------------+
///     |           stream id           |      … none means all         |
///
///     +-------------------------------+-------------------------------+
///     |        response = 16          |            length             |    (section 4.4)
///     +-------------------------------+-------------------------------+
///     |                  number of the request answered               |
///     +---------------------------------------------------------------+
///     |                            result                             |
enum ReconfigurationChunk {
    enum Item {
        case outgoingReset(number: RequestNumber, last: TSN, streams: StreamList)
        case response(to: RequestNumber, ReconfigurationResult)
        /// A request that we do not grant: that this side begin its streams anew, which data channels never need (RFC 8831, section 6.7),
        /// more streams, or to begin all numbers anew.
        case other(number: RequestNumber)
    }

    /// Streams as a request lists them.
    struct StreamList {
        private let entries: PacketBytes

        init?(_ entries: PacketBytes) {
            guard entries.count % 2 == 0 else { return nil }
            self.entries = entries
        }

        var count: Int { entries.count / 2 }
        var ids: [StreamID] { (0..<count).map { StreamID(entries.number16($0 * 2)) } }
    }

    private enum ParameterType {
        static let outgoingReset: UInt16 = 13
        static let response: UInt16 = 16
        static let otherRequests: ClosedRange<UInt16> = 14...18
    }

    /// nil: it is none, or too short.
    static func item(_ parameter: Parameter) -> Item? {
        let value = parameter.value
        switch parameter.type {
        case ParameterType.outgoingReset:
            guard value.count >= 12, let streams = StreamList(value.dropFirst(12)) else { return nil }
            return .outgoingReset(number: RequestNumber(value.number32(0)), last: TSN(value.number32(8)), streams: streams)
        case ParameterType.response:
            guard value.count >= 8 else { return nil }
            return .response(to: RequestNumber(value.number32(0)), ReconfigurationResult(value.number32(4)))
        case ParameterType.otherRequests:
            guard value.count >= 4 else { return nil }
            return .other(number: RequestNumber(value.number32(0)))
        default: return nil
        }
    }

    static func writeReset(
        _ streams: [StreamID], number: RequestNumber, answered: RequestNumber, last: TSN, to writer: inout PacketWriter
    ) {
        writer.block(UInt16(ChunkType.reconfiguration.rawValue) << 8) { writer in
            writer.block(ParameterType.outgoingReset) { writer in
                writer.number32(number.raw)
                writer.number32(answered.raw)
                writer.number32(last.raw)
                for stream in streams { writer.number16(stream.raw) }
            }
        }
    }

    static func write(_ result: ReconfigurationResult, to number: RequestNumber, to writer: inout PacketWriter) {
        writer.block(UInt16(ChunkType.reconfiguration.rawValue) << 8) { writer in
            writer.block(ParameterType.response) { writer in
                writer.number32(number.raw)
                writer.number32(result.raw)
            }
        }
    }
}

/// How a re-configuration request went (RFC 6525, section 4.4).
struct ReconfigurationResult: Equatable {
    let raw: UInt32
    init(_ raw: UInt32) { self.raw = raw }

    static let nothingToDo = ReconfigurationResult(0)
    static let performed = ReconfigurationResult(1)
    static let denied = ReconfigurationResult(2)
    static let requestInProgress = ReconfigurationResult(4)
    static let badNumber = ReconfigurationResult(5)
    static let inProgress = ReconfigurationResult(6)
}
