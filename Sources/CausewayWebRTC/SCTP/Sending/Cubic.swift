import CausewayIdentity

/// CUBIC (RFC 9438): after a loss the window returns to where it was along a cubic curve of time, waits there, and then looks for more. So
/// it depends little on how long a round trip takes. It never is slower than NewReno.
///
/// Round trips say more than CUBIC hears of. While they are as short as ever, nothing waits anywhere. Then a loss of few packets is taken
/// for noise of the path, as radio has it and as BBR takes it (draft-ietf-ccwg-bbr), and the window returns faster to where it was.
final class Cubic: CongestionControl {
    private(set) var window = Int(packet) * 10
    private var threshold = Int.max / 2
    private var slowStart = SlowStartExit()
    /// The window before the last reduction, in packets.
    private var largest = 0.0
    /// The curve since the last reduction. nil: it begins with the next acknowledgement.
    private var epoch: Epoch?
    /// How many bytes of loss may still be noise: a fiftieth of all, some packets at once. BBR has the same share (BBRLossThresh).
    private var noise = packetSize * 4

    private struct Epoch {
        let start: Instant
        /// Seconds until the window is at `origin` again.
        let k: Double
        let origin: Double
        /// Where NewReno would be.
        var reno: Double
    }

    private static let packet = Double(Association.packetSize)
    private static let least = Association.packetSize * 4
    /// Constants of RFC 9438, sections 4.1, 4.6 and 4.3.
    private static let c = 0.4
    private static let beta = 0.7
    private static let alpha = 3 * (1 - beta) / (1 + beta)
    private static let noiseDivisor = 50
    private static let mostNoise = packetSize * 16
    private static let packetSize = Association.packetSize
    /// By what part of the acknowledged bytes the window returns while nothing waits.
    private static let returnDivisor = 8

    var isSlowStart: Bool { window < threshold }

    func acknowledged(_ bytes: Int, inFlight: Int, at now: Instant, roundTrip: Interval, isQueueing: Bool) {
        noise = min(noise + bytes / Self.noiseDivisor, Self.mostNoise)
        guard isSlowStart else {
            return avoidCongestion(bytes, inFlight: inFlight, at: now, roundTrip: roundTrip, isQueueing: isQueueing)
        }
        // A window that was not half used says nothing about the path.
        guard inFlight * 2 >= window else { return }
        slowStart.acknowledged(bytes, window: window, roundTrip: roundTrip)
        window = min(window + bytes, threshold)
        if slowStart.isOver { threshold = window }
    }

    private func avoidCongestion(_ bytes: Int, inFlight: Int, at now: Instant, roundTrip: Interval, isQueueing: Bool) {
        guard inFlight + Self.least >= window else {
            // Time in which the window was not used does not count.
            epoch = nil
            return
        }
        let size = Double(window) / Self.packet
        if !isQueueing, largest == 0 || size < largest {
            window += bytes / Self.returnDivisor
            epoch = nil
            return
        }
        let acknowledged = Double(bytes) / Self.packet
        var current = epoch ?? begin(size, at: now)
        current.reno += (current.reno < largest ? Self.alpha : 1) * acknowledged / size
        epoch = current
        let time = Double((now - current.start).nanoseconds + roundTrip.nanoseconds) / 1e9 - current.k
        let target = min(max(Self.c * time * time * time + current.origin, size), 1.5 * size)
        let next = max(size + (target - size) / size * acknowledged, current.reno)
        window = Int(min(next, 1e6) * Self.packet)
    }

    private func begin(_ size: Double, at now: Instant) -> Epoch {
        let origin = max(largest, size)
        return Epoch(start: now, k: Self.cubeRoot((origin - size) / Self.c), origin: origin, reno: size)
    }

    func lost(_ bytes: Int, isQueueing: Bool) -> Bool {
        if !isQueueing, bytes <= noise {
            noise -= bytes
            return false
        }
        let size = Double(window) / Self.packet
        // Others need room, too, if the window shrinks before it is back (fast convergence, section 4.7).
        largest = size < largest ? size * (1 + Self.beta) / 2 : size
        threshold = max(Int(Double(window) * Self.beta), Self.least)
        window = threshold
        epoch = nil
        return true
    }

    func timedOut(inFlight: Int) {
        largest = Double(window) / Self.packet
        threshold = max(Int(Double(inFlight) * Self.beta), Self.least)
        window = Association.packetSize
        epoch = nil
        slowStart = SlowStartExit()
    }

    /// By Newton's method. The values are windows in packets, so a few steps suffice.
    static func cubeRoot(_ value: Double) -> Double {
        guard value > 0 else { return 0 }
        var root = max(1, value / 4)
        for _ in 0..<60 {
            let next = (2 * root + value / (root * root)) / 3
            if abs(next - root) <= root * 1e-9 { return next }
            root = next
        }
        return root
    }
}
