import Causeway
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A command's output: plain or coloured lines for people, JSON lines for programs.
final class Terminal: Sendable {
    enum Colour: String { case red = "31", green = "32", yellow = "33", blue = "34", grey = "90", bold = "1" }

    let isJSON: Bool
    /// Whether people want the results alone.
    let isQuiet: Bool
    /// Whether standard output is a terminal and the user wants colours (NO_COLOR is not set).
    let isColoured: Bool
    let isTerminal: Bool
    /// The columns of the terminal at standard output; 80 if there is none.
    static var width: Int {
        var size = winsize()
        return isatty(1) == 1 && ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// The live line at the bottom of the terminal, if there is one.
    private let live = Mutex("")

    init(json: Bool, quiet: Bool = false) {
        isJSON = json
        isQuiet = quiet
        isTerminal = isatty(1) == 1
        isColoured = isTerminal && getenv("NO_COLOR") == nil && !json
        Output.standard.tellLosses { [isTerminal] count in
            json
                ? "{\"event\":\"lost\",\"lines\":\(count)}\n"
                : (isTerminal ? "\r\u{1b}[K" : "") + "(\(count) lines were not read in time and are lost)\n"
        }
    }

    /// Prints a line that is no result, for people who do not want to be left in quiet.
    func remark(_ line: TerminalLine) { if !isQuiet { say(line) } }

    /// Prints a line for people. Prints nothing in JSON mode.
    func say(_ line: TerminalLine) { if !isJSON { print(line.text(isColoured: isColoured)) } }

    /// Prints an event for programs. Prints nothing in the other mode.
    func tell(_ event: String, _ fields: KeyValuePairs<String, JSON?>) {
        if isJSON, case .object(let members) = JSON.object(fields) { tell(event, members) }
    }

    func tell(_ event: String, members: [JSON.Member]) { if isJSON { tell(event, members) } }

    func tell(_ event: EventRecord) { if isJSON { tell(event.name, event.members) } }

    private func tell(_ event: String, _ members: [JSON.Member]) {
        print(String(decoding: JSON.object([JSON.Member(Array("event".utf8), .text(event))] + members).bytes, as: UTF8.self))
    }

    /// Replaces the live line at the bottom of a terminal.
    func showLive(_ line: TerminalLine) {
        guard isTerminal, !isJSON, !isQuiet else { return }
        let text = line.text(isColoured: isColoured)
        live.withLock { live in
            live = text
            Output.standard.write("\r\u{1b}[K" + text)
        }
    }

    private func print(_ text: String) {
        live.withLock { live in Output.standard.write((live.isEmpty ? "" : "\r\u{1b}[K") + text + "\n" + live) }
    }

    /// Prints one line to standard error.
    static func complain(_ what: some CustomStringConvertible) {
        let line: TerminalLine = "\("causeway:", .red) \(what)\n"
        Output.errors.write(line.text(isColoured: isatty(2) == 1 && getenv("NO_COLOR") == nil))
    }

    /// Ends the process when its last lines have been read. After a signal, it does not wait long for a slow reader.
    static func exit(_ status: Int32) -> Never {
        let patience = Signals.isEnding ? 150 : nil
        let lost = Output.standard.flush(within: patience)
        if lost > 0 { complain("the last \(lost) lines were not read in time") }
        Output.errors.flush(within: patience)
        endProcess(status)
    }
}

/// `exit` of the C library, whose name `Terminal` uses itself.
private func endProcess(_ status: Int32) -> Never { exit(status) }

/// Sizes and times in the form that people write.
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
