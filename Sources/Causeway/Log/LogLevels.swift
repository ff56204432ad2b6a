public import CausewayNode

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a node writes to standard error of what it does: a level for each area. Nothing, unless `CAUSEWAY_LOG` or `Configuration.log` asks.
///
/// As text, parts with commas between them: a level for all areas, or an area, `=` and its level; later parts count more. `info`,
/// `dial=debug,gossip=info`, `debug,discovery=off`.
public struct LogLevels: Sendable, Equatable {
    public typealias Level = EventRecord.Level
    public typealias Area = EventRecord.Area

    private var levels: [Area: Level] = [:]

    /// The same level for all areas.
    public init(_ level: Level = .off) { for area in Area.allCases { levels[area] = level } }

    /// - Throws: which part is wrong, and what there is.
    public init(_ text: String) throws(LogLevelsError) {
        self.init(.off)
        for part in text.split(separator: ",") {
            let words = part.split(separator: "=", omittingEmptySubsequences: false)
            guard let level = words.last.flatMap({ Level(rawValue: String($0)) }), words.count <= 2 else {
                throw LogLevelsError(part: String(part), known: Level.allCases.map(\.rawValue))
            }
            if words.count == 1 {
                self = LogLevels(level)
            } else if let area = Area(rawValue: String(words[0])) {
                levels[area] = level
            } else {
                throw LogLevelsError(part: String(part), known: Area.allCases.map(\.rawValue))
            }
        }
    }

    public subscript(area: Area) -> Level {
        get { levels[area] ?? .off }
        set { levels[area] = newValue }
    }

    /// Nothing is written.
    public var isOff: Bool { Area.allCases.allSatisfy { self[$0] == .off } }

    /// What the environment asks for. A wrong text is complained of once, and means nothing.
    static let environment: LogLevels = {
        guard let text = getenv("CAUSEWAY_LOG").map({ String(cString: $0) }) else { return LogLevels() }
        do throws(LogLevelsError) {
            return try LogLevels(text)
        } catch {
            Output.errors.write("CAUSEWAY_LOG: \(error)\n")
            return LogLevels()
        }
    }()
}

/// A text that does not say what to log.
public struct LogLevelsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The part that is wrong.
    public let part: String
    /// What could stand there.
    public let known: [String]

    public var description: String { "'\(Printable.line(part))' is none of \(known.joined(separator: ", "))" }
}
