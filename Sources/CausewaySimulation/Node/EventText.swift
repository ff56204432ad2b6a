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
        case .connectionOpened(let connection): "opened \(text(connection))"
        case .connectionClosed(let connection, let error): "closed \(text(connection)): \(error)"
        case .peerConnected(let peer): "connected to \(name(peer))"
        case .peerDisconnected(let peer): "disconnected from \(name(peer))"
        case .pathChanged(let peer, let connection): "path to \(name(peer)) is now link \(connection.link)"
        case .connectionRefused(_, let limit, let value): "refused a connection: \(limit) of \(value)"
        case .notIdentified(let peer, let error): "identified nothing of \(name(peer)): \(error)"
        case .identified(let peer):
            "identified \(name(peer.peer)): \(peer.protocolIDs.count) protocols, \(peer.listenAddresses.count) addresses"
        case .discovered(let peer, let addresses, let source): "discovered \(name(peer)) by \(source): \(addresses.count) addresses"
        case .reservation(let change): "reservation at \(name(change.relay)): \(text(change.state))"
        case .dialAttempt(let outcome): "tried \(outcome.peer.map(name) ?? "somebody") at \(outcome.address): \(text(outcome.result))"
        case .addressesChanged(let addresses): "advertises \(addresses.count) addresses"
        case .message(let message): "message of \(message.data.count) bytes from \(name(message.receivedFrom)): \(message.data.prefix(16))"
        case .subscriptionChanged(let peer, let topic, let isSubscribed):
            "\(name(peer)) \(isSubscribed ? "joins" : "leaves") \(String(decoding: topic, as: UTF8.self))"
        case .relay(let event): "as relay: \(text(event))"
        }
    }

    private func text(_ connection: ConnectionDescription) -> String {
        let kind = connection.limit != nil ? "limited" : connection.path.isRelayed ? "relayed" : "direct"
        return "link \(connection.link), \(kind), \(connection.isInbound ? "from" : "to") \(name(connection.peer))"
    }

    private func text(_ answer: Answer) -> String {
        switch answer {
        case .connected(let connection): "connected by link \(connection.link)"
        case .notConnected(let outcomes): "not connected: \(outcomes.map { text($0.result) })"
        case .reserved(let reservation): "reserved at \(name(reservation.relay)) until \(reservation.expires)"
        default: "\(answer)"
        }
    }

    private func text(_ state: ReservationChange.State) -> String {
        switch state {
        case .made: "made"
        case .refreshed: "refreshed"
        case .lost: "lost"
        case .failed(.unreachable(let outcomes)): "failed, unreachable: \(outcomes.map { text($0.result) })"
        case .failed(let error): "failed: \(error)"
        }
    }

    private func text(_ result: DialOutcome.Result) -> String {
        if case .connected = result { "connected" } else { "\(result)" }
    }

    private func text(_ event: RelayEvent) -> String {
        switch event {
        case .reserved(let peer, let refreshed, let expires): "\(name(peer)) \(refreshed ? "refreshed" : "reserved") until \(expires)"
        case .reservationEnded(let peer): "\(name(peer))'s reservation ended"
        case .circuitOpened(let circuit, let source, let target, _): "circuit \(circuit) from \(name(source)) to \(name(target))"
        case .circuitClosed(let circuit, _, _, let sent, let returned, _, let limit):
            "circuit \(circuit) closed after \(sent) and \(returned) bytes\(limit.map { " at its limit, \($0)" } ?? "")"
        default: "\(event)"
        }
    }
}
