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
            for (id, link) in shell.links.sorted(by: { $0.key < $1.key }) {
                guard let deadline = link.link?.connection.nextDeadline, deadline <= now else { continue }
                faults.append("link \(id) of \(node.name) sleeps past \(text(deadline))")
            }
        }
        return faults
    }

    private func text(_ moment: Instant) -> String { "\(moment.nanoseconds / 1_000_000) ms" }
}
