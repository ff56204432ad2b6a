/// SACK: what has arrived (RFC 9260, section 3.3.4). It is read in place.
///
///     +---------------+---------------+-------------------------------+
///     |   type = 3    |   flags = 0   |            length             |
///     +---------------+---------------+-------------------------------+
///     |                      cumulative TSN ack                       |
///     +---------------------------------------------------------------+
///     |           advertised receiver window credit (a_rwnd)          |
///     +-------------------------------+-------------------------------+
///     |     number of gap blocks      |   number of duplicate TSNs    |
///     +-------------------------------+-------------------------------+
///     |  start of a block (relative)  |         end of a block        |
///     +-------------------------------+-------------------------------+
///     |                         duplicate TSN                         |
struct SelectiveAcknowledgementChunk {
    static let headSize = 16
    static let entrySize = 4

    let cumulative: TSN
    let window: UInt32
    let gaps: Int
    let duplicates: Int
    private let entries: PacketBytes

    /// nil: it is not as long as its numbers say.
    init?(_ value: PacketBytes) {
        guard value.count >= 12 else { return nil }
        cumulative = TSN(value.number32(0))
        window = value.number32(4)
        gaps = Int(value.number16(8))
        duplicates = Int(value.number16(10))
        entries = value.dropFirst(12)
        guard entries.count == (gaps + duplicates) * Self.entrySize else { return nil }
    }

    /// The first and the last TSN of a block, relative to `cumulative`. nil: the block ends before it begins.
    func gap(_ index: Int) -> ClosedRange<UInt32>? {
        let start = entries.number16(index * Self.entrySize)
        let end = entries.number16(index * Self.entrySize + 2)
        return start >= 1 && start <= end ? UInt32(start)...UInt32(end) : nil
    }
}
