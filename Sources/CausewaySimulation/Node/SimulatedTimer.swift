import CausewayIdentity
import CausewayWebRTC

/// An association's timer in virtual time.
final class SimulatedTimer: AssociationTimer {
    private unowned let simulation: Simulation
    private var body: (() -> Void)?
    /// Of the starts so far, the last alone counts.
    private var starts = 0

    init(_ simulation: Simulation, _ body: @escaping () -> Void) {
        self.simulation = simulation
        self.body = body
    }

    func start(after interval: Interval) {
        starts += 1
        let number = starts
        simulation.schedule(after: interval) { [weak self] in
            guard let self, starts == number else { return }
            body?()
        }
    }

    func close() { body = nil }
}
