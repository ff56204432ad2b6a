/// ERROR: something that the other side sent cannot be used, but the association goes on (RFC 9260, section 3.3.10).
///
///     +---------------+---------------+-------------------------------+
///     |   type = 9    |   flags = 0   |            length             |
///     +---------------+---------------+-------------------------------+
///     |                   error causes, one or more                   |
enum ErrorChunk {
    /// Bound: of an unknown chunk, so much is repeated to its sender, who may have sent one as long as a packet.
    static let repeatedBytes = 64

    static func write(_ cause: ErrorCause, _ information: [UInt8], to writer: inout PacketWriter) {
        writer.block(UInt16(ChunkType.error.rawValue) << 8) { cause.write(information, to: &$0) }
    }

    /// Whether a cause with this code is among them.
    static func names(_ cause: ErrorCause, in value: PacketBytes) -> Bool {
        var causes = ParameterReader(value)
        while let next = causes.next() { if next.type == cause.rawValue { return true } }
        return false
    }
}
