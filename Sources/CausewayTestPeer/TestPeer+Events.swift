import Causeway

extension TestPeer {
    /// Prints the node's events until it has stopped.
    func tell(_ events: Feed<Event>, whenFailed running: Task<Void, any Error>) async {
        while let event = await events.next() { tell(event) }
    }

    private func tell(_ event: Event) {
        switch event {
        case .connected(let connection): tell("connection:open", connection)
        case .disconnected(let connection, _): tell("connection:close", connection)
        case .peerConnected(let peer): Console.event("peer:connect", ["peerId": .text(peer.description)])
        case .peerDisconnected(let peer): Console.event("peer:disconnect", ["peerId": .text(peer.description)])
        case .pathChanged(let peer, let connection):
            Console.event("peer:update", ["peerId": .text(peer.description), "limited": .bool(connection.isLimited)])
        case .discovered(let peer, let addresses, let source):
            Console.event(
                "peer:discovery",
                [
                    "peerId": .text(peer.description), "addrs": .addresses(addresses),
                    "source": .text(source.name),
                ])
        case .reservation(let change): tell(change)
        case .portMapping:
            let record = event.record
            Console.write(.object([JSON.Member(Array("event".utf8), .text(record.name))] + record.members))
        // Strangers decide how often a connection is refused: a line for each would cost more than the refusal.
        case .ready, .addressesChanged, .ownAddress, .identified, .subscriptionChanged, .refused: break
        default: Console.log(event.record.text())
        }
    }

    private func tell(_ name: String, _ connection: Connection) {
        Console.event(
            name,
            [
                "peerId": .text(connection.peer.description), "remoteAddr": .text(connection.remoteAddress.description),
                "direction": .text(connection.isInbound ? "inbound" : "outbound"), "limited": .bool(connection.isLimited),
            ])
    }

    private func tell(_ change: ReservationChange) {
        var error: String?
        if case .failed(let reason) = change.state { error = reason.description }
        Console.event(
            "reservation",
            [
                "state": .text(change.state.name), "relay": .text(change.relay.description),
                "addrs": change.reservation.map { .addresses($0.addresses) }, "expires": change.reservation.map { .count($0.expires) },
                "limit": limit(change.reservation?.limit), "error": error.map { .text($0) },
            ])
    }
}
