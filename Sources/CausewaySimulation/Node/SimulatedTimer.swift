import CausewayIdentity
import CausewayWebRTC

/// An association's timer in virtual time.
final class SimulatedTimer: AssociationTimer {
    private unowned let host: SimulatedHost
    private var body: (() -> Void)?
    /// Of the starts so far, the last alone counts.
    private var starts = 0

    init(_ host: SimulatedHost, _ body: @escaping () -> Void) {
        self.host = host
        self.body = body
    }

    func start(after interval: Interval) {
        starts += 1
        schedule(starts, at: host.now + interval)
    }

    private func schedule(_ number: Int, at moment: Instant) {
        host.simulation.schedule(after: moment - host.now) { [weak self] in
            self?.host.whenAwake { self?.passed(number, moment) }
        }
    }

    private func passed(_ number: Int, _ moment: Instant) {
        guard starts == number else { return }
        // The clock may have stood still.
        if host.now < moment { schedule(number, at: moment) } else { body?() }
    }

    func close() { body = nil }
}
