/// COOKIE ECHO brings an INIT ACK's cookie back, COOKIE ACK says that it was right (RFC 9260, sections 3.3.11 and 3.3.12).
///
///     +---------------+---------------+-------------------------------+
///     | type = 10, 11 |   flags = 0   |            length             |
///     +---------------+---------------+-------------------------------+
///     |                    the cookie (COOKIE ECHO)                   |
enum CookieChunks {
    static func write(echo cookie: [UInt8], to writer: inout PacketWriter) {
        writer.block(UInt16(ChunkType.cookieEcho.rawValue) << 8) { $0.bytes(cookie) }
    }

    static func writeAcknowledgement(to writer: inout PacketWriter) {
        writer.block(UInt16(ChunkType.cookieAcknowledgement.rawValue) << 8) { _ in }
    }
}
