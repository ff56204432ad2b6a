/// Which DATA chunks have arrived, and what SACKs say of it (RFC 9260, sections 6.2 and 6.7).
struct ReceivedTSNs {
    enum Arrival { case new, duplicate, tooFar }

    /// All up to its base have arrived; some behind it.
    private var seen: TSNSet
    private var duplicates: [TSN] = []
    private let limits: SCTPLimits

    init(initial: TSN, limits: SCTPLimits) {
        seen = TSNSet(base: initial.previous)
        self.limits = limits
    }

    /// Every TSN up to this has arrived.
    var cumulative: TSN { seen.base }
    var hasGaps: Bool { seen.count > 0 }

    /// What a chunk with this TSN would be. It is not noted yet.
    func look(at tsn: TSN) -> Arrival {
        let ahead = seen.base.steps(to: tsn)
        if ahead == 0 || ahead > UInt32.max / 2 { return .duplicate }
        if ahead > limits.tsnsAhead { return .tooFar }
        return seen.contains(tsn) ? .duplicate : .new
    }

    mutating func note(_ tsn: TSN) {
        if tsn == seen.base.next, seen.count == 0 {
            seen.moveBase(to: tsn)
        } else {
            seen.insert(tsn)
            if tsn == seen.base.next { seen.absorb() }
        }
    }

    mutating func noteDuplicate(_ tsn: TSN) {
        if duplicates.count < limits.duplicateReports { duplicates.append(tsn) }
    }

    /// The other side gave up everything up to `tsn` (RFC 3758, section 3.6).
    mutating func forward(to tsn: TSN) {
        guard tsn > seen.base else { return }
        seen.moveBase(to: tsn)
        seen.absorb()
    }

    /// Writes a SACK with as many blocks and duplicates as fit. The duplicates are reported once.
    mutating func write(window: UInt32, to writer: inout PacketWriter) {
        let room = (writer.room - SelectiveAcknowledgementChunk.headSize) / SelectiveAcknowledgementChunk.entrySize
        writer.block(UInt16(ChunkType.selectiveAcknowledgement.rawValue) << 8) { writer in
            let begin = writer.count
            writer.number32(cumulative.raw)
            writer.number32(window)
            writer.number32(0)
            var gaps = 0
            var next = cumulative.next
            while gaps < min(room, limits.gapReports), let first = seen.first(member: true, from: next, through: seen.last) {
                let behind = seen.first(member: false, from: first, through: seen.last) ?? seen.last.next
                writer.number16(UInt16(truncatingIfNeeded: cumulative.steps(to: first)))
                writer.number16(UInt16(truncatingIfNeeded: cumulative.steps(to: behind.previous)))
                gaps += 1
                next = behind
            }
            let reported = min(duplicates.count, room - gaps)
            for index in 0..<reported { writer.number32(duplicates[index].raw) }
            writer.replace16(at: begin + 8, by: UInt16(truncatingIfNeeded: gaps))
            writer.replace16(at: begin + 10, by: UInt16(truncatingIfNeeded: reported))
        }
        duplicates.removeAll(keepingCapacity: true)
    }
}
