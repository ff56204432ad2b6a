/// A message, or a fragment of one (RFC 9260, section 3.3.1).
///
///     +---------------+---------+-+-+-+-+-----------------------------+
///     |   type = 0    | res     |I|U|B|E|           length            |
///     +---------------+---------+-+-+-+-+-----------------------------+
///     |                              TSN                              |
///     +-------------------------------+-------------------------------+
///     |           stream id           |    stream sequence number     |
///     +-------------------------------+-------------------------------+
///     |                  payload protocol identifier                  |
///     +---------------------------------------------------------------+
///     |                  user data, at least one byte                 |
struct DataChunk {
    struct Flags: OptionSet {
        let rawValue: UInt8

        static let end = Flags(rawValue: 1)
        static let begin = Flags(rawValue: 2)
        static let unordered = Flags(rawValue: 4)
        /// The receiver shall acknowledge at once (RFC 7053).
        static let immediate = Flags(rawValue: 8)
        static let whole: Flags = [.begin, .end]

        /// It waits for the other fragments of its message, in whatever order they come.
        var isUnorderedFragment: Bool { contains(.unordered) && !isSuperset(of: .whole) }
    }

    /// With the chunk's head.
    static let headSize = 16

    let flags: Flags
    let tsn: TSN
    let stream: StreamID
    let sequence: StreamSequenceNumber
    let payloadProtocol: PayloadProtocol
    let payload: PacketBytes

    /// nil: it is shorter than its own fields. That its payload is empty is for the caller to see.
    init?(_ chunk: Chunk) {
        guard chunk.value.count >= Self.headSize - Chunk.headSize else { return nil }
        flags = Flags(rawValue: chunk.flags)
        tsn = TSN(chunk.value.number32(0))
        stream = StreamID(chunk.value.number16(4))
        sequence = StreamSequenceNumber(chunk.value.number16(6))
        payloadProtocol = PayloadProtocol(chunk.value.number32(8))
        payload = chunk.value.dropFirst(12)
    }

    init(
        flags: Flags, tsn: TSN, stream: StreamID, sequence: StreamSequenceNumber, payloadProtocol: PayloadProtocol, payload: PacketBytes
    ) {
        self.flags = flags
        self.tsn = tsn
        self.stream = stream
        self.sequence = sequence
        self.payloadProtocol = payloadProtocol
        self.payload = payload
    }

    func write(to writer: inout PacketWriter) {
        writer.pad()
        writer.octet(ChunkType.data.rawValue)
        writer.octet(flags.rawValue)
        writer.number16(UInt16(truncatingIfNeeded: Self.headSize + payload.count))
        writer.number32(tsn.raw)
        writer.number16(stream.raw)
        writer.number16(sequence.raw)
        writer.number32(payloadProtocol.raw)
        writer.bytes(payload.buffer)
    }
}
