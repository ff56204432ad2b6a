import Causeway
import Glibc
import Synchronization

/// Where a command's words go: plain and coloured lines for people, JSON lines for machines.
final class Terminal: Sendable {
    enum Colour: String { case red = "31", green = "32", yellow = "33", blue = "34", grey = "90", bold = "1" }

    let isJSON: Bool
    /// Standard output is a terminal, and colours are wished for (NO_COLOR is not set).
    let isColoured: Bool
    let isTerminal: Bool
    /// The live line now shown at the bottom, if any.
    private let live = Mutex("")

    init(json: Bool) {
        isJSON = json
        isTerminal = isatty(1) == 1
        isColoured = isTerminal && getenv("NO_COLOR") == nil && !json
    }

    /// A line for people; nothing in JSON mode.
    func say(_ line: TerminalLine) { if !isJSON { print(line.text(isColoured: isColoured)) } }

    /// An event for machines; nothing in the other mode.
    func tell(_ event: String, _ fields: KeyValuePairs<String, JSON?>) {
        guard isJSON, case .object(let members) = JSON.object(fields) else { return }
        print(String(decoding: JSON.object([JSON.Member(Array("event".utf8), .text(event))] + members).bytes, as: UTF8.self))
    }

    /// Replaces the live line at the bottom of a terminal.
    func showLive(_ line: TerminalLine) {
        guard isTerminal, !isJSON else { return }
        let text = line.text(isColoured: isColoured)
        live.withLock { live in
            live = text
            Self.write(1, "\r\u{1b}[K" + text)
        }
    }

    private func print(_ text: String) {
        live.withLock { live in
            let clear = live.isEmpty ? "" : "\r\u{1b}[K"
            Self.write(1, clear + text + "\n" + live)
        }
    }

    /// One clear line on standard error.
    static func complain(_ what: some CustomStringConvertible) {
        let line: TerminalLine = "\("causeway:", .red) \(what)\n"
        write(2, line.text(isColoured: isatty(2) == 1 && getenv("NO_COLOR") == nil))
    }

    static func write(_ file: Int32, _ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// Sizes and times as people write them.
enum Amount {
    static func bytes(_ count: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(fixed(value, value < 10 ? 1 : 0)) \(units[unit])"
    }

    static func milliseconds(_ duration: Duration) -> String {
        fixed(Double(duration.components.seconds) * 1000 + Double(duration.components.attoseconds) / 1e15, 2) + " ms"
    }

    static func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard digits > 0, scaled < 1e15 else { return String(Int(min(scaled, 1e15))) }
        let whole = Int(scaled)
        let fraction = String(whole % Int(scale))
        return "\(whole / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
