import CausewayNode

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes lines about one node to standard error: time, level, area, the end of the node's id, and what happened.
///
///     2026-03-01T12:00:00.250Z info connection [HacJhr] 12D3KooW… connected at /ip4/203.0.113.5/tcp/4001
///
/// Names, addresses and codes are written; keys, what peers say to each other and what an application sends are not.
struct NodeLog: Sendable {
    let levels: LogLevels
    private let name: String
    private let write: @Sendable (String) -> Void

    /// nil if nothing is to be written.
    init?(_ levels: LogLevels, of peer: PeerID, to write: @escaping @Sendable (String) -> Void = { Output.errors.write($0) }) {
        guard !levels.isOff else { return nil }
        self.levels = levels
        name = String(peer.description.suffix(6))
        self.write = write
    }

    /// What is written last should be read before a process ends; whoever does not read is not waited for.
    func flush() { Output.errors.flush(within: 100) }

    func shows(_ area: LogLevels.Area, _ level: LogLevels.Level) -> Bool { levels[area] >= level }

    /// What is put in may be of a remote's making, so the line is made printable.
    func note(_ area: LogLevels.Area, _ level: LogLevels.Level, _ text: @autoclosure () -> String) {
        guard shows(area, level) else { return }
        write("\(Self.time()) \(level.rawValue) \(area.rawValue) [\(name)] \(Printable.line(text()))\n")
    }

    /// Coordinated universal time, to the millisecond (RFC 3339).
    private static func time() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        func digits(_ number: some BinaryInteger, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date = "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
        let clock = "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))"
        return "\(date)T\(clock).\(digits(now.tv_nsec / 1_000_000, 3))Z"
    }
}

// MARK: What is written of each event

extension NodeLog {
    func note(_ event: NodeEvent) {
        switch event {
        case .answered, .message, .peerConnected: break
        case .peerDisconnected(let peer): note(.connection, .info, "\(peer) has no connection any more")
        case .connectionOpened(let connection):
            let way = connection.isInbound ? "connected from" : "connected at"
            note(.connection, .info, "\(connection.peer) \(way) \(connection.remoteAddress)\(limit(of: connection))")
        case .connectionClosed(let connection, let error):
            note(.connection, .info, "\(connection.peer) at \(connection.remoteAddress): \(error)")
        case .connectionRefused(let remote, let limit, let value):
            note(.connection, .warning, "turned away \(remote): limit of \(value) \(limit)")
        case .pathChanged(let peer, let connection):
            note(.connection, .info, "\(peer) is reached at \(connection.remoteAddress)\(limit(of: connection)) from now on")
        case .identified(let peer):
            note(
                .connection, .debug,
                "\(peer.peer) is \(String(decoding: peer.agent, as: UTF8.self)), listens on \(list(peer.listenAddresses)), "
                    + "speaks \(peer.protocolIDs.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " "))")
        case .notIdentified(let peer, let error): note(.connection, .warning, "\(peer): \(error)")
        case .discovered(let peer, let addresses, _): note(.discovery, .debug, "found \(peer) at \(list(addresses))")
        case .reservation(let change): note(change)
        case .dialAttempt(let outcome): note(outcome)
        case .addressesChanged(let addresses): note(.address, .info, "this node is reached at \(list(addresses))")
        case .subscriptionChanged(let peer, let topic, let isSubscribed):
            note(.gossip, .debug, "\(peer) \(isSubscribed ? "subscribed to" : "left") \(String(decoding: topic, as: UTF8.self))")
        case .relay(let event): note(event)
        }
    }

    private func note(_ outcome: DialOutcome) {
        let level: LogLevels.Level =
            switch outcome.result {
            case .connected, .cancelled, .backedOff, .hearsay: .debug
            default: .warning
            }
        let side = outcome.isInbound ? "\(outcome.peer?.description ?? "a peer") tried" : "tried"
        note(.dial, level, "\(side) \(outcome)")
    }

    private func note(_ change: ReservationChange) {
        switch change.state {
        case .made: note(.reservation, .info, "reserved at \(change.relay): \(list(change.reservation?.addresses ?? []))")
        case .refreshed: note(.reservation, .debug, "refreshed at \(change.relay)")
        case .lost: note(.reservation, .warning, "lost at \(change.relay)")
        case .failed(let error): note(.reservation, .warning, "none at \(change.relay): \(error)")
        }
    }

    private func note(_ event: RelayEvent) {
        switch event {
        case .reserved(let peer, let refreshed, _):
            note(.reservation, refreshed ? .debug : .info, "\(peer) \(refreshed ? "refreshed its reservation" : "reserved") here")
        case .reservationEnded(let peer): note(.reservation, .info, "\(peer) has none here any more")
        case .reservationRefused(let peer, let status, let limit):
            note(.reservation, .warning, "\(peer) was refused one here: \(RelayStatus.text(status))\(reason(limit))")
        case .circuitOpened(let circuit, let source, let target, _):
            note(.circuit, .info, "circuit \(circuit) from \(source) to \(target) opened")
        case .circuitClosed(let circuit, let source, let target, let sent, let returned, let lasted, let limit):
            note(
                .circuit, .info,
                "circuit \(circuit) from \(source) to \(target) ended after \(lasted.seconds) s, \(sent) bytes there and \(returned) back"
                    + reason(limit))
        case .circuitRefused(let source, let target, let status, let limit):
            let whom = target?.description ?? "nobody that it named"
            note(.circuit, .warning, "\(source) was refused a circuit to \(whom): \(RelayStatus.text(status))\(reason(limit))")
        }
    }

    private func reason(_ limit: LimitName?) -> String { limit.map { " (limit: \($0))" } ?? "" }

    private func limit(of connection: ConnectionDescription) -> String { connection.limit == nil ? "" : ", relayed and limited" }

    private func list(_ addresses: [Multiaddr]) -> String {
        addresses.isEmpty ? "no address" : addresses.map(\.description).joined(separator: " ")
    }
}
