import CausewayConnection
import CausewayIdentity
import CausewayNode

@testable import CausewaySimulation

/// Every request has exactly one answer, in its time; one whose node crashed before has none. A connection that is an answer was opened
/// before it.
struct AnswerChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        var faults: [String] = []
        for (number, node) in world.all {
            let answers = answers(of: node)
            let asked = world.record.asked.filter { $0.who == number }
            for one in asked { faults += self.faults(of: one, answers: answers[one.request.number, default: 0]) }
            for stray in Set(answers.keys).subtracting(asked.map(\.request.number)).sorted() {
                faults.append("\(node.name) answered request \(stray), which nobody made")
            }
            faults += unopened(at: node, lives: world.record.lives[number] ?? [])
        }
        return faults
    }

    private func answers(of node: SimulatedNode) -> [UInt32: Int] {
        var answers: [UInt32: Int] = [:]
        for case .answered(let request, _) in node.events.map(\.event) { answers[request, default: 0] += 1 }
        return answers
    }

    private func faults(of asked: WorldRecord.Asked, answers: Int) -> [String] {
        let what = "\(asked.what) (at \(asked.at.nanoseconds / 1_000_000) ms)"
        guard answers == (asked.request.isAbandoned ? 0 : 1) else { return ["\(what): \(answers) answers"] }
        guard let answeredAt = asked.request.answeredAt, answeredAt - asked.at > asked.patience else { return [] }
        return ["\(what): answered after \((answeredAt - asked.at).milliseconds) ms"]
    }

    private func unopened(at node: SimulatedNode, lives: [Int]) -> [String] {
        var faults: [String] = []
        var opened = Set<UInt32>()
        for (index, event) in node.events.map(\.event).enumerated() {
            if lives.contains(index) { opened = [] }
            if case .happened(.connected(let connection)) = event { opened.insert(connection.id) }
            guard case .answered(_, .connected(let connection)) = event, !opened.contains(connection.id) else { continue }
            faults.append("\(node.name) answered with link \(connection.id), which was not opened")
        }
        return faults
    }
}
