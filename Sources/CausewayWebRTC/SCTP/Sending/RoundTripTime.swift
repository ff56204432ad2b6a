import CausewayIdentity

/// How long a packet and its acknowledgement take, and how long to wait for it (RFC 9260, section 6.3).
struct RoundTripTime {
    private(set) var smoothed: Interval?
    private var variation = Interval(nanoseconds: 0)
    private(set) var latest: Interval?
    /// The shortest that was measured.
    private(set) var shortest = Interval(nanoseconds: .max)
    /// The lower edge of the latest: it falls at once, and rises slowly, so that a few late ones say nothing.
    private var recent = Interval(nanoseconds: .max)
    private var base = Self.initial
    private var backOff: UInt64 = 1

    /// As libwebrtc: paths of the web are shorter than the RFC assumes, which begins with a second.
    private static let initial = Interval.milliseconds(500)
    /// Longer than the 200 ms for which an acknowledgement may be delayed.
    private static let least = Interval.milliseconds(400)
    /// Ten retransmissions then take about 40 s, after which ICE has given up, too.
    private static let most = Interval.seconds(5)
    /// By how much round trips are longer if packets wait somewhere: a quarter, but more than machines dawdle.
    private static let queueing = Interval.milliseconds(4)
    /// The clock's granularity, below which variation is not believed.
    private static let granularity: UInt64 = 1_000_000

    /// RTO: how long to wait for an acknowledgement before everything is sent again.
    var timeout: Interval { min(Interval(nanoseconds: base.nanoseconds * backOff), Self.most) }

    /// Packets wait somewhere on the path.
    var isQueueing: Bool {
        guard latest != nil else { return false }
        return recent.nanoseconds > shortest.nanoseconds + max(shortest.nanoseconds / 4, Self.queueing.nanoseconds)
    }

    mutating func measure(_ time: Interval) {
        shortest = min(shortest, time)
        recent.nanoseconds = time < recent ? time.nanoseconds : recent.nanoseconds + (time.nanoseconds - recent.nanoseconds) / 8
        latest = time
        let sample = time.nanoseconds
        if let smoothed {
            let difference = sample > smoothed.nanoseconds ? sample - smoothed.nanoseconds : smoothed.nanoseconds - sample
            variation.nanoseconds = (variation.nanoseconds * 3 + difference) / 4
            self.smoothed = Interval(nanoseconds: (smoothed.nanoseconds * 7 + sample) / 8)
        } else {
            smoothed = time
            variation.nanoseconds = sample / 2
        }
        let wanted = (smoothed?.nanoseconds ?? 0) + max(4 * variation.nanoseconds, Self.granularity)
        base = min(max(Interval(nanoseconds: wanted), Self.least), Self.most)
        backOff = 1
    }

    /// The wait was in vain.
    mutating func backedOff() { if timeout < Self.most { backOff *= 2 } }

    /// Something was acknowledged, even if it says nothing about time.
    mutating func recovered() { backOff = 1 }
}
