import CausewayConnection
import CausewayNode
import CausewaySimulation

/// How often things happened in drawn worlds: a checker that never had anything to look at proves nothing.
struct WorldTally: CustomStringConvertible {
    private(set) var counts: [String: Int] = [:]

    mutating func add(_ world: DrawnWorld) {
        for (_, node) in world.all { for event in node.events.map(\.event) { add(event) } }
        for opened in world.record.opened { count(opened.end.error == nil ? "streams that ended in order" : "streams that broke") }
        for asked in world.record.asked where asked.request.isAbandoned { count("requests of nodes that crashed") }
        for sent in world.record.published { if let count = sent.recipients?.count { self.count("messages due", count) } }
        count("crashes", world.record.lives.values.reduce(0) { $0 + $1.count - 1 })
    }

    private mutating func count(_ what: String, _ more: Int = 1) { counts[what, default: 0] += more }

    private mutating func add(_ event: NodeEvent) {
        switch event {
        case .answered(_, let answer): count("answers: \(kind(answer))")
        case .happened(.connected(let connection)):
            count(
                connection.limit != nil ? "limited connections" : connection.remoteAddress.isCircuit ? "relayed connections" : "connections"
            )
            if connection.path == .direct(.webRTCDirect) { count("WebRTC connections") }
        case .happened(.disconnected(_, .closed(.superseded))): count("connections that another replaced")
        case .happened(.disconnected(_, .closed(.unresponsive))): count("connections that fell silent")
        case .happened(.disconnected(_, .limit)): count("connections that met a limit")
        case .happened(.refused): count("connections refused")
        case .message: count("messages")
        case .happened(.relay(.circuitRefused(_, _, _, .some))): count("circuits over a limit")
        case .happened(.relay(.reservationRefused(_, _, .some))): count("reservations over a limit")
        case .happened(.relay(.circuitClosed(_, _, _, _, _, _, .some))): count("circuits ended by their limit")
        default: break
        }
    }

    private func kind(_ answer: Answer) -> Substring { "\(answer)".prefix { $0 != "(" } }

    var description: String { counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n") }
}
