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
        refusals = Refusals { Self.say($0, terminal) }
    }

    mutating func print(_ events: Feed<Event>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [refusals] in await refusals.run() }
            for await event in events { print(event) }
            group.cancelAll()
        }
    }

    private mutating func print(_ event: Event) {
        // The commands print that they are ready, each with what it is ready for.
        if case .ready = event { return }
        if refusals.add(event) { return }
        let record = event.record
        say(event, record)
        terminal.tell(record)
    }

    private mutating func say(_ event: Event, _ record: EventRecord) {
        switch event {
        case .connected(let connection): line("+", .green, "\(connection.peer) \(path(connection))")
        case .disconnected(let connection, let reason): line("-", .grey, "\(connection.peer) \(path(connection)): \(reason)")
        case .pathChanged(let peer, let connection):
            if !reached.insert(peer).inserted { line("→", .blue, "\(peer) is now reached \(path(connection))") }
        case .peerDisconnected(let peer): reached.remove(peer)
        case .discovered(let peer, _, _):
            if found.count >= Self.remembered { found.removeAll() }
            if found.insert(peer).inserted { line("?", .blue, "found \(peer)") }
        case .reservation(let change): say(change)
        case .dialAttempt(let outcome):
            // People need not read that another address was faster, or that a remote named an address that this node does not dial.
            if ![.connected, .cancelled, .hearsay].contains(outcome.result) { line("!", .yellow, outcome.description) }
        case .notIdentified(let peer, let error): line("!", .yellow, "\(peer): \(error)")
        case .relay(let event): say(event)
        case .ownAddress(let state) where record.level < .debug:
            let isGood = state.isAdvertised && state.reason != .notReached
            line(
                isGood ? "·" : "!", isGood ? .grey : .yellow,
                "\(state.own.address) is \(state.isAdvertised ? "" : "not ")advertised: \(state.reason)")
        case .portMapping(let change): say(change)
        // A reservation's line says as much.
        case .addressesChanged: break
        default: if record.level < .debug { line("·", record.level == .warning ? .yellow : .grey, record.text()) }
        }
    }

    private func say(_ change: ReservationChange) {
        var text = "reservation at \(change.relay) \(change.state.name)"
        if case .failed(let error) = change.state { text += ": \(error)" }
        line("r", change.state == .made ? .green : .yellow, text)
    }

    private func say(_ change: PortMappingChange) {
        let port = "\(change.port.transport.rawValue) port \(change.port.number)\(change.port.isIPv6 ? " by IPv6" : "")"
        switch change.state {
        case .mapped where change.port.isIPv6: line("m", .green, "the router lets others through to \(port)")
        case .mapped(let external, _):
            let ip = external.ip.map { "\($0)" }.joined(separator: ".")
            line("m", .green, "the router forwards \(ip):\(external.port) to \(port)")
        case .renewed, .refused(.silent): break
        case .lost(let why): line("m", .yellow, "the router forwards nothing to \(port) any more: \(why)")
        case .refused(let why): line("m", .yellow, "the router forwards nothing to \(port): \(why)")
        }
    }

    private func say(_ event: RelayEvent) {
        switch event {
        case .reserved(let peer, let refreshed, _): if !refreshed { line("r", .green, "\(peer) reserved") }
        case .reservationEnded(let peer): line("r", .grey, "\(peer) left its reservation")
        case .circuitOpened(let circuit, let source, let target, _): line("c", .green, "circuit \(circuit): \(source) to \(target)")
        case .circuitClosed(let circuit, _, _, let sent, let returned, let lasted, let limit):
            let why = limit.map { " (limit of \($0 == .circuitBytes ? "data" : "time"))" } ?? ""
            line(
                "c", .grey,
                "circuit \(circuit) ended after \(lasted.seconds) s: \(Amount.bytes(sent)) out, \(Amount.bytes(returned)) back\(why)")
        case .reservationRefused, .circuitRefused: break
        }
    }

    /// Refusals, which come in floods.
    private static func say(_ sum: RefusalSum, _ terminal: Terminal) {
        let others = sum.count > 1 ? " and \(sum.count - 1) other\(sum.count > 2 ? "s" : "")" : ""
        switch sum.event {
        case .refused(let remote, let limit, let value):
            terminal.say("\("!", .yellow) refused \(remote)\(others): limit of \(value) \(limit)")
        case .relay(.reservationRefused(let peer, let status, let limit)):
            terminal.say("\("!", .yellow) refused \(peer)\(others) a reservation: \(reason(status, limit))")
        case .relay(.circuitRefused(let source, _, let status, let limit)):
            terminal.say("\("!", .yellow) refused \(source)\(others) a circuit: \(reason(status, limit))")
        default: break
        }
        terminal.tell(sum.record)
    }

    private static func reason(_ status: UInt16, _ limit: ReachedLimit?) -> String {
        limit.map { "limit of \($0.value) \($0.name)" } ?? "status \(status)"
    }

    private func line(_ mark: String, _ colour: Terminal.Colour, _ text: String) { terminal.say("\(mark, colour) \(text)") }

    private func path(_ connection: Connection) -> String {
        switch connection.path {
        case .direct(let transport): "directly over \(transport)"
        case .relayed(let relay, let limit): "through relay \(relay)" + (limit != nil ? ", limited" : "")
        }
    }
}
