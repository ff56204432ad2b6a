import CausewayIdentity
import CausewayNode

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes lines about one node to standard error: time, level, area, the end of the node's id, and what happened (`Event.record`).
///
///     2026-03-01T12:00:00.250Z info connection [HacJhr] connected peerId=12D3KooW… addr=/ip4/203.0.113.5/tcp/4001 inbound=false
///
/// Names, addresses and codes are written; keys, what peers say to each other and what an application sends are not.
struct NodeLog: Sendable {
    let levels: LogLevels
    private let name: String
    private let write: @Sendable (String) -> Void
    /// Refusals are summed up, as long as this runs.
    let refusals: Refusals

    /// nil if nothing is to be written.
    init?(_ levels: LogLevels, of peer: PeerID, to write: @escaping @Sendable (String) -> Void = { Output.errors.write($0) }) {
        guard !levels.isOff else { return nil }
        self.levels = levels
        let name = String(peer.description.suffix(6))
        self.name = name
        self.write = write
        refusals = Refusals { write(Self.line($0.record, name)) }
    }

    /// What is written last should be read before a process ends; whoever does not read is not waited for.
    func flush() { Output.errors.flush(within: 100) }

    func shows(_ area: LogLevels.Area, _ level: LogLevels.Level) -> Bool { levels[area] >= level }

    /// What is put in may be of a remote's making, so the line is made printable.
    func note(_ area: LogLevels.Area, _ level: LogLevels.Level, _ text: @autoclosure () -> String) {
        guard shows(area, level) else { return }
        write(Self.line(area, level, text(), name))
    }

    func note(_ event: Event) {
        let record = event.record
        guard shows(record.area, record.level), !refusals.add(event) else { return }
        write(Self.line(record, name))
    }

    /// Which library encrypts what Noise carries: how fast streams are depends on it.
    func note(_ engine: CipherEngine) { note(.connection, .info, "cipher engine=\(engine.rawValue)") }

    private static func line(_ record: EventRecord, _ name: String) -> String { line(record.area, record.level, record.text(), name) }

    private static func line(_ area: LogLevels.Area, _ level: LogLevels.Level, _ text: String, _ name: String) -> String {
        "\(time()) \(level.rawValue) \(area.rawValue) [\(name)] \(Printable.line(text))\n"
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
