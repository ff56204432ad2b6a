/// What arrives on one stream.
final class InboundStream {
    let id: StreamID
    /// The number of the ordered message that comes next, or of which parts have come.
    var sequence = StreamSequenceNumber(0)
    /// The next fragment of the message of which parts have come. nil: none has begun.
    var continuation: TSN?
    /// How much of that message has come.
    var messageBytes = 0
    /// Chunks of ordered messages that wait for earlier ones, by TSN.
    var waiting = Ring<HeldChunk>()
    /// How many fragments of unordered messages wait for others.
    var fragments = 0
    /// Bytes that the application has not taken.
    var unconsumed = 0
    /// Whatever arrives is discarded until the remote resets the stream.
    var isRefused = false

    init(_ id: StreamID) { self.id = id }

    /// Whether this chunk of an ordered message is the next one.
    func expects(_ chunk: HeldChunk.Head) -> Bool {
        guard chunk.sequence == sequence else { return false }
        guard let continuation else { return chunk.flags.contains(.begin) }
        return chunk.tsn == continuation && !chunk.flags.contains(.begin)
    }

    /// Begins anew, as after a reset.
    func restart() {
        sequence = StreamSequenceNumber(0)
        continuation = nil
        messageBytes = 0
        isRefused = false
    }
}
