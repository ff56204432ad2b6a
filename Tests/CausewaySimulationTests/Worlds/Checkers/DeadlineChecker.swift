import CausewayConnection

@testable import CausewayNode
@testable import CausewaySimulation

/// Nothing waits past its deadline: whatever was due by now has been worked on.
struct DeadlineChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        let now = world.simulation.now
        var faults: [String] = []
        for (_, node) in world.all {
            guard let shell = node.shell else { continue }
            if shell.node.nextDeadline <= now { faults.append("\(node.name) sleeps past \(text(shell.node.nextDeadline))") }
            for link in shell.links.links where link.multiplexer.nextDeadline <= now {
                let deadline = link.multiplexer.nextDeadline
                faults.append("link \(link.id) of \(node.name) sleeps past \(text(deadline))")
            }
        }
        return faults
    }

    private func text(_ moment: Instant) -> String { "\(moment.nanoseconds / 1_000_000) ms" }
}
