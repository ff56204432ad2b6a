/// FORWARD-TSN: its sender gives up the messages up to a TSN (RFC 3758, section 3.2). It is read in place.
///
///     +---------------+---------------+-------------------------------+
///     |  type = 192   |   flags = 0   |            length             |
///     +---------------+---------------+-------------------------------+
///     |                      new cumulative TSN                       |
///     +-------------------------------+-------------------------------+
///     |          stream id            | last sequence number given up |
struct ForwardTSNChunk {
    let cumulative: TSN
    let streams: Int
    private let entries: PacketBytes

    /// nil: it is too short, or its list does not end with it.
    init?(_ value: PacketBytes) {
        guard value.count >= 4, value.count % 4 == 0 else { return nil }
        cumulative = TSN(value.number32(0))
        entries = value.dropFirst(4)
        streams = entries.count / 4
    }

    func stream(_ index: Int) -> (id: StreamID, last: StreamSequenceNumber) {
        (StreamID(entries.number16(index * 4)), StreamSequenceNumber(entries.number16(index * 4 + 2)))
    }
}
