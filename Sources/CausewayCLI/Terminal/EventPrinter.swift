import Causeway

/// Prints a node's events: a line for people, or a JSON object for programs.
struct EventPrinter {
    private let terminal: Terminal
    private let refusals: Refusals
    /// The peers whose path has been printed, and those whose discovery has been printed. People read about changes only.
    private var reached: Set<PeerID> = []
    private var found: Set<PeerID> = []
    /// Discovery goes on for as long as the node runs. Beyond this many peers, a line may be repeated.
    private static let remembered = 4096

    init(_ terminal: Terminal) {
        self.terminal = terminal
        refusals = Refusals(terminal)
    }

    mutating func print(_ events: Feed<Event>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [refusals] in await refusals.tell() }
            for await event in events { print(event) }
            group.cancelAll()
        }
    }

    private mutating func print(_ event: Event) {
        switch event {
        case .connected(let connection):
            line("+", .green, "\(connection.peer) \(path(connection))")
            tell("connected", connection)
        case .disconnected(let connection, let reason):
            line("-", .grey, "\(connection.peer) \(path(connection)): \(reason)")
            tell("disconnected", connection, reason: reason.description)
        case .pathChanged(let peer, let connection):
            if !reached.insert(peer).inserted { line("→", .blue, "\(peer) is now reached \(path(connection))") }
            tell("path", connection)
        case .discovered(let peer, let addresses, _):
            if found.count >= Self.remembered { found.removeAll() }
            if found.insert(peer).inserted { line("?", .blue, "found \(peer)") }
            terminal.tell("discovered", ["peerId": .text(peer.description), "addrs": texts(addresses)])
        case .reservation(let change): print(change)
        case .dialAttempt(let outcome):
            // People need not read that another address was faster, or that a remote named an address that this node does not dial.
            if ![.connected, .cancelled, .hearsay].contains(outcome.result) { line("!", .yellow, outcome.description) }
            terminal.tell("dial", ["addr": .text(outcome.address.description), "result": .text(outcome.result.description)])
        case .addressesChanged(let addresses): terminal.tell("addresses", ["addrs": texts(addresses)])
        case .identified(let info):
            terminal.tell("identified", ["peerId": .text(info.peer.description), "agent": .text(info.agent)])
        case .refused(let remote, let limit, let value): refusals.add(remote, limit, value)
        case .notIdentified(let peer, let error):
            line("!", .yellow, "\(peer): \(error)")
            terminal.tell("not-identified", ["peerId": .text(peer.description), "error": .text(error.description)])
        case .subscriptionChanged(let peer, let topic, let isSubscribed):
            terminal.tell(
                "subscription", ["peerId": .text(peer.description), "topic": .text(topic), "subscribed": .bool(isSubscribed)])
        case .relay(let event): print(event)
        case .peerDisconnected(let peer): reached.remove(peer)
        case .ready, .peerConnected: break
        }
    }

    private func print(_ change: ReservationChange) {
        let (state, detail): (String, String?) =
            switch change.state {
            case .made: ("made", nil)
            case .refreshed: ("refreshed", nil)
            case .lost: ("lost", nil)
            case .failed(let error): ("failed", error.description)
            }
        line("r", state == "made" ? .green : .yellow, "reservation at \(change.relay) \(state)" + (detail.map { ": \($0)" } ?? ""))
        terminal.tell(
            "reservation",
            [
                "state": .text(state), "relay": .text(change.relay.description), "error": detail.map { .text($0) },
                "addrs": change.reservation.map { texts($0.addresses) },
            ])
    }

    private func print(_ event: RelayEvent) {
        switch event {
        case .reserved(let peer, let refreshed, _):
            if !refreshed { line("r", .green, "\(peer) reserved") }
            terminal.tell("reserved", ["peerId": .text(peer.description), "refreshed": .bool(refreshed)])
        case .reservationEnded(let peer):
            line("r", .grey, "\(peer) left its reservation")
            terminal.tell("reservation-ended", ["peerId": .text(peer.description)])
        case .reservationRefused(let peer, let status, _):
            line("!", .yellow, "\(peer) was refused a reservation (\(status))")
            terminal.tell("reservation-refused", ["peerId": .text(peer.description), "status": .integer(Int64(status))])
        case .circuitOpened(let circuit, let source, let target, _):
            line("c", .green, "circuit \(circuit): \(source) to \(target)")
            terminal.tell(
                "circuit-opened",
                ["circuit": .integer(Int64(circuit)), "source": .text(source.description), "target": .text(target.description)])
        case .circuitClosed(let circuit, _, _, let sent, let returned, let lasted, let limit):
            let why = limit.map { " (limit of \($0 == .circuitBytes ? "data" : "time"))" } ?? ""
            line(
                "c", .grey,
                "circuit \(circuit) ended after \(lasted.seconds) s: \(Amount.bytes(sent)) out, \(Amount.bytes(returned)) back\(why)")
            terminal.tell(
                "circuit-closed",
                [
                    "circuit": .integer(Int64(circuit)), "sent": .integer(Int64(clamping: sent)),
                    "returned": .integer(Int64(clamping: returned)),
                ])
        case .circuitRefused(let source, _, let status, _):
            line("!", .yellow, "\(source) was refused a circuit (\(status))")
            terminal.tell("circuit-refused", ["peerId": .text(source.description), "status": .integer(Int64(status))])
        }
    }

    private func line(_ mark: String, _ colour: Terminal.Colour, _ text: String) { terminal.say("\(mark, colour) \(text)") }

    private func texts(_ addresses: [Multiaddr]) -> JSON { .array(addresses.map { .text($0.description) }) }

    private func tell(_ name: String, _ connection: Connection, reason: String? = nil) {
        terminal.tell(
            name,
            [
                "peerId": .text(connection.peer.description), "addr": .text(connection.remoteAddress.description),
                "inbound": .bool(connection.isInbound), "limited": .bool(connection.isLimited), "reason": reason.map { .text($0) },
            ])
    }

    private func path(_ connection: Connection) -> String {
        switch connection.path {
        case .direct(let transport): "directly over \(transport)"
        case .relayed(let relay, let limit): "through relay \(relay)" + (limit != nil ? ", limited" : "")
        }
    }
}
