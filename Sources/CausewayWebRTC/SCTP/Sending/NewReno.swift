import CausewayIdentity

/// The congestion control of RFC 9260, section 7.2: the window doubles each round trip until something is lost, then grows by a packet
/// each round trip, and is halved by a loss.
///
/// Unlike the RFC, slow start counts all acknowledged bytes: one SACK here answers a whole batch of packets.
final class NewReno: CongestionControl {
    private(set) var window = packet * 10
    private var threshold = Int.max / 2
    /// Acknowledged bytes towards the next step (partial_bytes_acked).
    private var progress = 0

    private static let packet = Association.packetSize
    private static let least = packet * 4

    var isSlowStart: Bool { window < threshold }

    func acknowledged(_ bytes: Int, inFlight: Int, at now: Instant, roundTrip: Interval, isQueueing: Bool) {
        if isSlowStart {
            // A window that was not half used says nothing about the path.
            if inFlight * 2 >= window { window = min(window + bytes, threshold) }
            return
        }
        guard inFlight + 4 * Self.packet >= window else { return }
        progress += bytes
        while progress >= window {
            progress -= window
            window += Self.packet
        }
    }

    func lost(_ bytes: Int, isQueueing: Bool) -> Bool {
        threshold = max(window / 2, Self.least)
        window = threshold
        progress = 0
        return true
    }

    func timedOut(inFlight: Int) {
        threshold = max(inFlight / 2, Self.least)
        window = Self.packet
        progress = 0
    }
}
