import CausewayIdentity

/// Finds lost chunks by time: what was sent a while before something that has arrived is lost (RFC 8985, RACK, with SCTP's TSNs in place
/// of TCP's bytes). It replaces the count of missing reports of RFC 9260, section 7.2.4, which takes reordering for loss.
struct LossDetection {
    /// Of what was sent last among all that has arrived.
    private(set) var newestSentAt: Instant?
    private(set) var newestTSN = TSN(0)
    private(set) var roundTrip = Interval(nanoseconds: 0)
    /// The highest TSN that has arrived.
    private var highest: TSN?
    private var sawReordering = false
    /// How many quarters of the shortest round trip a chunk may be late. It grows when chunks were sent again without need.
    private var quarters: UInt64 = 1
    /// Recoveries after which the quarters begin anew.
    private var patience = 0

    /// As many chunks that arrived behind a gap show that it is no reordering (RFC 8985, section 6.2).
    static let duplicateThreshold = 3
    private static let patientRecoveries = 16

    /// A chunk has arrived.
    mutating func arrived(_ tsn: TSN, _ chunk: SentChunk, at now: Instant, shortest: Interval) {
        if let highest, tsn < highest {
            if !chunk.wasRepeated { sawReordering = true }
        } else {
            highest = tsn
        }
        let took = now - chunk.sentAt
        // The acknowledgement is of the first transmission, not of the second (section 6.2, step 2).
        if chunk.wasRepeated, took < shortest { return }
        if let newestSentAt {
            guard chunk.sentAt > newestSentAt || chunk.sentAt == newestSentAt && tsn > newestTSN else { return }
        }
        newestSentAt = chunk.sentAt
        newestTSN = tsn
        roundTrip = took
    }

    /// The remote has reported duplicates: something was sent again too early.
    mutating func sawDuplicates() {
        quarters = min(quarters + 1, 64)
        patience = Self.patientRecoveries
    }

    mutating func endedRecovery() {
        guard patience > 0 else { return }
        patience -= 1
        if patience == 0 { quarters = 1 }
    }

    /// How long a chunk may be later than one that was sent after it.
    func tolerance(isRecovering: Bool, arrivedBehindGap: Int, shortest: Interval, smoothed: Interval) -> Interval {
        if !sawReordering, isRecovering || arrivedBehindGap >= Self.duplicateThreshold { return Interval(nanoseconds: 0) }
        return min(Interval(nanoseconds: shortest.nanoseconds / 4 * quarters), smoothed)
    }

    /// Whether a chunk was sent before the newest that has arrived.
    func precedes(_ tsn: TSN, _ chunk: SentChunk) -> Bool {
        guard let newestSentAt else { return false }
        return chunk.sentAt < newestSentAt || chunk.sentAt == newestSentAt && tsn < newestTSN && !chunk.wasRepeated
    }
}
