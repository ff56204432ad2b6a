import CausewayConnection
import CausewaySimulation

/// Each stream is over at both ends or open at both. One that ends by itself is over, and has brought all its bytes if it ended without
/// an error.
struct StreamChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        world.record.opened.flatMap { opened in
            let far = world.farEnds(of: opened)
            return faults(of: opened, far).map { "stream \(opened.number): \($0)" }
        }
    }

    private func faults(of opened: WorldRecord.Opened, _ far: [SimulatedStream]) -> [String] {
        guard far.count <= 1 else { return ["accepted \(far.count) times"] }
        guard let other = far.first else {
            return opened.end.isOver ? [] : ["open, and nobody accepted it"]
        }
        let near = opened.end
        guard near.isOver == other.isOver else {
            return ["over at one end only: \(state(near)) at the opener, \(state(other)) at the far end"]
        }
        var faults: [String] = []
        if !near.isOver, opened.script != .keep { faults.append("does not come to its end: \(state(near)), \(state(other))") }
        for (end, from, script) in [(near, other, opened.answer), (other, near, opened.script)] where end.isOver && end.error == nil {
            if !end.matchesPattern { faults.append("brought other bytes than were sent") }
            if case .send(let size) = script, end.receivedCount != size { faults.append("brought \(end.receivedCount) of \(size) bytes") }
            if end.receivedCount > from.sentCount { faults.append("brought more than was sent") }
        }
        return faults
    }

    private func state(_ end: SimulatedStream) -> String {
        let error = end.error.map { ", \($0)" } ?? ""
        return "\(end.isOver ? "over" : "open")\(error), \(end.sentCount) sent, \(end.receivedCount) received"
    }
}
