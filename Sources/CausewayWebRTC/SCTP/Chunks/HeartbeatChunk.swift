/// HEARTBEAT and HEARTBEAT ACK (RFC 9260, sections 3.3.5 and 3.3.6). The answer repeats what the question brought.
///
///     +---------------+---------------+-------------------------------+
///     | type = 4 or 5 |   flags = 0   |            length             |
///     +---------------+---------------+-------------------------------+
///     |      heartbeat info = 1       |            length             |
///     +-------------------------------+-------------------------------+
///     |               whatever the sender wants to know               |
enum HeartbeatChunk {
    private static let info: UInt16 = 1

    static func write(nonce: UInt64, to writer: inout PacketWriter) {
        writer.block(UInt16(ChunkType.heartbeat.rawValue) << 8) { writer in
            writer.block(info) { writer in
                writer.number32(UInt32(truncatingIfNeeded: nonce >> 32))
                writer.number32(UInt32(truncatingIfNeeded: nonce))
            }
        }
    }

    /// What a HEARTBEAT ACK brings back, if it has the form of ours.
    static func nonce(_ value: PacketBytes) -> UInt64? {
        var parameters = ParameterReader(value)
        guard let parameter = parameters.next(), parameter.type == info, parameter.value.count == 8 else { return nil }
        return UInt64(parameter.value.number32(0)) << 32 | UInt64(parameter.value.number32(4))
    }
}
