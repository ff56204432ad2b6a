import CausewayConnection
import CausewayIdentity
import CausewayNode

/// Describes a node's events for the trace, with nodes' names instead of peer ids.
struct EventText {
    /// Names of the simulation's nodes, by the bytes of their peer ids.
    private var names: [[UInt8]: String] = [:]

    mutating func name(_ peer: PeerID, _ name: String) { names[peer.bytes] = name }

    private func name(_ peer: PeerID) -> String { names[peer.bytes] ?? peer.description }

    func line(_ event: NodeEvent) -> String {
        switch event {
        case .answered(let request, let answer): "request \(request): \(text(answer))"
        case .message(let message): "message of \(message.data.count) bytes from \(name(message.receivedFrom)): \(message.data.prefix(16))"
        case .unjudged(let number, let message): "message \(number) of \(message.data.count) bytes waits for a verdict"
        case .overdue(let number): "no verdict on message \(number) in time"
        case .happened(let event): event.record.text(naming: name)
        }
    }

    private func text(_ answer: Answer) -> String {
        switch answer {
        case .connected(let connection): "connected by link \(connection.id)"
        case .notConnected(let outcomes): "not connected: \(outcomes.map(\.result))"
        case .reserved(let reservation): "reserved at \(name(reservation.relay)) until \(reservation.expires)"
        default: "\(answer)"
        }
    }
}
