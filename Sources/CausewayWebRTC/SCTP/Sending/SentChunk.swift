import CausewayIdentity

/// A DATA chunk from the moment when it has a TSN until the remote has acknowledged it and all before it.
struct SentChunk {
    let message: OutboundMessage
    let offset: Int
    let length: Int
    let flags: DataChunk.Flags
    /// When it was sent last.
    var sentAt: Instant
    /// It was sent more than once, so an acknowledgement does not say how long one way and back takes (Karn).
    var wasRepeated = false

    func write(_ tsn: TSN, to writer: inout PacketWriter) {
        message.payload.withUnsafeBytes { bytes in
            DataChunk(
                flags: flags, tsn: tsn, stream: message.stream.id, sequence: message.sequence, payloadProtocol: message.payloadProtocol,
                payload: PacketBytes(bytes).part(offset..<offset + length)
            ).write(to: &writer)
        }
    }

    /// Of the whole chunk in a packet.
    var size: Int { DataChunk.headSize + length }
}
