import CausewayConnection
import CausewayIdentity

/// What a machine does one after the other, each of which takes its time: the rest waits.
final class SimulatedProcessor {
    private unowned let simulation: Simulation
    private var waiting: [(work: () -> Bool, takes: Interval)] = []
    private var first = 0
    private var busyUntil = Instant(nanoseconds: 0)
    private var isScheduled = false
    private var isStopped = false

    init(_ simulation: Simulation) { self.simulation = simulation }

    var isBusy: Bool { first < waiting.count }

    /// `work` returns whether it was any: what is refused takes no time.
    func add(_ work: @escaping () -> Bool, taking time: Interval) {
        waiting.append((work, time))
        schedule()
    }

    func stop() {
        isStopped = true
        waiting = []
        first = 0
    }

    private func schedule() {
        guard !isScheduled, isBusy else { return }
        isScheduled = true
        simulation.schedule(at: busyUntil) { [self] in
            isScheduled = false
            run()
        }
    }

    private func run() {
        while !isStopped, isBusy, busyUntil <= simulation.now {
            let next = waiting[first]
            first += 1
            if next.work() { busyUntil = simulation.now + next.takes }
        }
        if first > waiting.count / 2 {
            waiting.removeFirst(min(first, waiting.count))
            first = 0
        }
        schedule()
    }
}
