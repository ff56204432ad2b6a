/// SHUTDOWN says that its sender has nothing more to send, and what has arrived; SHUTDOWN ACK and SHUTDOWN COMPLETE answer (RFC 9260,
/// sections 3.3.8, 3.3.9 and 3.3.13).
///
///     +---------------+---------------+-------------------------------+
///     | type 7, 8, 14 |     flags     |            length             |
///     +---------------+---------------+-------------------------------+
///     |                 cumulative TSN ack (SHUTDOWN)                 |
enum ShutdownChunks {
    static func write(cumulative: TSN, to writer: inout PacketWriter) {
        writer.block(UInt16(ChunkType.shutdown.rawValue) << 8) { $0.number32(cumulative.raw) }
    }

    static func writeAcknowledgement(to writer: inout PacketWriter) {
        writer.block(UInt16(ChunkType.shutdownAcknowledgement.rawValue) << 8) { _ in }
    }

    static func writeComplete(to writer: inout PacketWriter) {
        writer.block(UInt16(ChunkType.shutdownComplete.rawValue) << 8) { _ in }
    }

    /// What SHUTDOWN acknowledges. nil: it is too short.
    static func cumulative(_ value: PacketBytes) -> TSN? { value.count >= 4 ? TSN(value.number32(0)) : nil }
}
