/// INIT and INIT ACK (RFC 9260, sections 3.3.2 and 3.3.3): what each side says of itself before the association stands.
///
///     +---------------+---------------+-------------------------------+
///     | type = 1 or 2 |   flags = 0   |            length             |
///     +---------------+---------------+-------------------------------+
///     |                         initiate tag                          |
///     +---------------------------------------------------------------+
///     |           advertised receiver window credit (a_rwnd)          |
///     +-------------------------------+-------------------------------+
///     |  number of outbound streams   |   number of inbound streams   |
///     +-------------------------------+-------------------------------+
///     |                          initial TSN                          |
///     +---------------------------------------------------------------+
///     |                          parameters                           |
struct InitiationChunk: Equatable {
    /// The packets to this side carry it, so that no stranger can send them.
    var tag: UInt32
    var window: UInt32
    var outboundStreams: UInt16
    var inboundStreams: UInt16
    var initialTSN: TSN
    var features = AssociationFeatures()
    /// The state cookie of an INIT ACK.
    var cookie: [UInt8]?
    /// Whole parameters that nobody here knows and whose sender wants to hear so.
    private(set) var unrecognized: [UInt8] = []

    /// Bound: unknown parameters are repeated in the answer as far as they fit here, so that it needs no second packet.
    static let unrecognizedBytes = 256

    init(tag: UInt32, window: UInt32, outboundStreams: UInt16, inboundStreams: UInt16, initialTSN: TSN) {
        self.tag = tag
        self.window = window
        self.outboundStreams = outboundStreams
        self.inboundStreams = inboundStreams
        self.initialTSN = initialTSN
    }

    /// It has a tag, and streams in both directions (RFC 9260, section 3.3.2).
    var isUsable: Bool { tag != 0 && outboundStreams > 0 && inboundStreams > 0 }

    private enum ParameterType {
        static let stateCookie: UInt16 = 7
        static let unrecognized: UInt16 = 8
        static let zeroChecksum: UInt16 = 0x8001
        static let supportedExtensions: UInt16 = 0x8008
        static let forwardTSN: UInt16 = 0xC000
        /// Addresses, a wish for a longer cookie, a host name, kinds of addresses: an association over DTLS has one path.
        static let irrelevant: [UInt16] = [5, 6, 8, 9, 11, 12]
        /// Of zero checksums: the lower layer is DTLS (RFC 9653, section 4).
        static let dtls: UInt32 = 1
    }

    /// A whole INIT chunk with nothing behind it, as a session description carries it. nil: no association could begin with it.
    init?(signalled bytes: [UInt8]) {
        let read = bytes.withUnsafeBytes { bytes -> InitiationChunk? in
            var chunks = ChunkReader(PacketBytes(bytes))
            guard let chunk = chunks.next(), chunks.isAtEnd, ChunkType(rawValue: chunk.type) == .initiation else { return nil }
            return InitiationChunk(chunk.value)
        }
        guard let read, read.isUsable else { return nil }
        self = read
    }

    /// nil: it is shorter than its own fields, or a parameter is.
    init?(_ value: PacketBytes) {
        guard value.count >= 16 else { return nil }
        self.init(
            tag: value.number32(0), window: value.number32(4), outboundStreams: value.number16(8), inboundStreams: value.number16(10),
            initialTSN: TSN(value.number32(12)))
        var parameters = ParameterReader(value.dropFirst(16))
        while let parameter = parameters.next() {
            guard read(parameter) else { return }
        }
        guard !parameters.isMalformed else { return nil }
    }

    /// - Returns: whether what follows counts.
    private mutating func read(_ parameter: Parameter) -> Bool {
        switch parameter.type {
        case ParameterType.stateCookie: cookie = parameter.value.array
        case ParameterType.forwardTSN: features.insert(.forwardTSN)
        case ParameterType.zeroChecksum:
            if parameter.value.count == 4, parameter.value.number32(0) == ParameterType.dtls { features.insert(.zeroChecksum) }
        case ParameterType.supportedExtensions:
            for index in 0..<parameter.value.count {
                switch ChunkType(rawValue: parameter.value.octet(index)) {
                case .reconfiguration: features.insert(.reconfiguration)
                case .forwardTSN: features.insert(.forwardTSN)
                default: break
                }
            }
        case let type where ParameterType.irrelevant.contains(type): break
        default:
            let rule = UnknownTypeRule(parameter: parameter.type)
            if rule.reports, unrecognized.count + parameter.whole.count + 3 <= Self.unrecognizedBytes {
                unrecognized += parameter.whole.array
                while unrecognized.count & 3 != 0 { unrecognized.append(0) }
            }
            return !rule.stops
        }
        return true
    }

    /// - Parameter reporting: unknown parameters of the INIT that this answers.
    func write(_ type: ChunkType, reporting: [UInt8] = [], to writer: inout PacketWriter) {
        writer.block(UInt16(type.rawValue) << 8) { writer in
            writer.number32(tag)
            writer.number32(window)
            writer.number16(outboundStreams)
            writer.number16(inboundStreams)
            writer.number32(initialTSN.raw)
            if features.contains(.forwardTSN) { writer.block(ParameterType.forwardTSN) { _ in } }
            if features.contains(.zeroChecksum) { writer.block(ParameterType.zeroChecksum) { $0.number32(ParameterType.dtls) } }
            writer.block(ParameterType.supportedExtensions) { writer in
                if features.contains(.reconfiguration) { writer.octet(ChunkType.reconfiguration.rawValue) }
                if features.contains(.forwardTSN) { writer.octet(ChunkType.forwardTSN.rawValue) }
            }
            if let cookie { writer.block(ParameterType.stateCookie) { $0.bytes(cookie) } }
            var unknown = 0
            while unknown < reporting.count {
                let length = Int(reporting[unknown + 2]) << 8 | Int(reporting[unknown + 3])
                writer.block(ParameterType.unrecognized) { $0.bytes([UInt8](reporting[unknown..<unknown + length])) }
                unknown += (length + 3) & ~3
            }
        }
    }
}
