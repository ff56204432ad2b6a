/// A DATA chunk that waits for others.
struct HeldChunk {
    /// What decides when it is its turn.
    struct Head {
        let tsn: TSN
        let stream: StreamID
        let sequence: StreamSequenceNumber
        let flags: DataChunk.Flags
        let payloadProtocol: PayloadProtocol

        init(_ chunk: DataChunk) {
            tsn = chunk.tsn
            stream = chunk.stream
            sequence = chunk.sequence
            flags = chunk.flags
            payloadProtocol = chunk.payloadProtocol
        }
    }

    let head: Head
    let payload: OwnedBytes
}

extension Ring where Element == HeldChunk {
    /// The first place whose chunk has this TSN or a later one.
    func place(of tsn: TSN) -> Int {
        // New chunks mostly belong at the end.
        var low = 0
        var high = count
        if count > 0, self[count - 1].head.tsn < tsn { return count }
        while low < high {
            let middle = (low + high) / 2
            if self[middle].head.tsn < tsn { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
