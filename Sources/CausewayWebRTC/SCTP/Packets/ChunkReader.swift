/// One chunk of a packet, not yet understood.
///
///     +---------------+---------------+-------------------------------+
///     |     type      |     flags     |            length             |
///     +---------------+---------------+-------------------------------+
///     |                      value, padded to 4                       |
struct Chunk {
    static let headSize = 4

    let type: UInt8
    let flags: UInt8
    let value: PacketBytes
    /// Head and value, as a report of an unknown chunk repeats them.
    let whole: PacketBytes
}

/// Cuts a packet's rest into chunks (RFC 9260, section 3.2).
struct ChunkReader {
    private var rest: PacketBytes
    /// The packet ended in the middle of a chunk, or a chunk was shorter than its own head. What came before stands.
    private(set) var isMalformed = false

    init(_ bytes: PacketBytes) { rest = bytes }

    var isAtEnd: Bool { rest.count == 0 }

    mutating func next() -> Chunk? {
        guard rest.count > 0 else { return nil }
        guard rest.count >= Chunk.headSize else { return fail() }
        let length = Int(rest.number16(2))
        guard length >= Chunk.headSize, length <= rest.count else { return fail() }
        let chunk = Chunk(
            type: rest.octet(0), flags: rest.octet(1), value: rest.part(Chunk.headSize..<length), whole: rest.part(0..<length))
        rest = rest.dropFirst(min((length + 3) & ~3, rest.count))
        return chunk
    }

    private mutating func fail() -> Chunk? {
        isMalformed = true
        rest = rest.part(0..<0)
        return nil
    }
}
