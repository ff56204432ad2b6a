/// ABORT: the association is over (RFC 9260, section 3.3.7).
///
///     +---------------+-------------+-+-------------------------------+
///     |   type = 6    |  reserved   |T|            length             |
///     +---------------+-------------+-+-------------------------------+
///     |                   error causes, none or more                  |
enum AbortChunk {
    /// The packet has the tag of its sender's side, because its sender knows no other (section 8.5.1). SHUTDOWN COMPLETE has it, too.
    static let reflectedTag: UInt8 = 1

    static func write(_ cause: ErrorCause, to writer: inout PacketWriter) {
        writer.block(UInt16(ChunkType.abort.rawValue) << 8) { cause.write(to: &$0) }
    }

    /// The code of the first cause.
    static func cause(_ value: PacketBytes) -> UInt16? {
        var causes = ParameterReader(value)
        return causes.next()?.type
    }
}
