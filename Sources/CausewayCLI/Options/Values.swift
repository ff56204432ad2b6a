import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The options of one run. The command line comes first, then the environment, then the JSON file, then the defaults.
struct Values: Sendable {
    private let options: [Option]
    private var given: [String: [String]] = [:]
    /// The words that are not options, in order.
    private(set) var arguments: [String] = []

    /// - Parameter words: The words after the command's name.
    init(_ words: [String], options: [Option]) throws(UsageError) {
        self.options = options
        try readCommandLine(words)
        try readEnvironment()
        if let path = text("config") { try readFile(path) }
    }

    // MARK: Sources

    private mutating func readCommandLine(_ words: [String]) throws(UsageError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                arguments += rest
                return
            }
            if word.hasPrefix("--") {
                try readLong(word.dropFirst(2), &rest)
            } else if word.hasPrefix("-"), word.count > 1 {
                try readLetters(word.dropFirst(), &rest)
            } else {
                arguments.append(word)
            }
        }
    }

    private mutating func readLong(_ word: Substring, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let (name, attached) = Self.split(word)
        guard let option = options.first(where: { $0.name == name }) else {
            throw UsageError("unknown option --\(name)\(suggestion(name))")
        }
        if option.isFlag {
            guard attached == nil else { throw UsageError("--\(name) takes no value") }
            given[name] = ["true"]
        } else {
            guard let value = attached ?? rest.popFirst() else { throw UsageError("\(option.usage): a value is missing") }
            try note(option, value)
        }
    }

    /// Letters as getopt reads them: `-q`, `-4q`, `-c 3`, `-c3`.
    private mutating func readLetters(_ word: Substring, _ rest: inout ArraySlice<String>) throws(UsageError) {
        var letters = word
        while let letter = letters.popFirst() {
            guard let option = options.first(where: { $0.letter == letter }) else { throw UsageError("unknown option -\(letter)") }
            guard !option.isFlag else {
                given[option.name] = ["true"]
                continue
            }
            guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else {
                throw UsageError("\(option.usage): a value is missing")
            }
            return try note(option, value)
        }
    }

    private static func split(_ word: Substring) -> (String, String?) {
        guard let equals = word.firstIndex(of: "=") else { return (String(word), nil) }
        return (String(word[..<equals]), String(word[word.index(after: equals)...]))
    }

    private mutating func note(_ option: Option, _ value: String) throws(UsageError) {
        if option.isList {
            given[option.name, default: []].append(value)
        } else {
            guard given[option.name] == nil else { throw UsageError("--\(option.name) is given more than once") }
            given[option.name] = [value]
        }
    }

    private func suggestion(_ name: String) -> String {
        let near = options.map(\.name).filter { $0.hasPrefix(name) || name.hasPrefix($0) }
        return near.isEmpty ? "" : "; did you mean --\(near[0])?"
    }

    private mutating func readEnvironment() throws(UsageError) {
        for option in options where given[option.name] == nil && !option.isAction {
            guard let pointer = getenv(option.environmentName) else { continue }
            let value = String(cString: pointer)
            guard !value.isEmpty else { continue }
            if option.isFlag {
                given[option.name] = [try Self.flag(value, of: option.environmentName)]
            } else {
                given[option.name] = option.isList ? value.split(separator: ",").map(String.init) : [value]
            }
        }
    }

    private mutating func readFile(_ path: String) throws(UsageError) {
        let json: JSON
        do {
            json = try JSON(parsing: try TextFile.read(path))
        } catch let error as TextFile.Failure {
            throw UsageError("\(path): \(error.reason)")
        } catch {
            throw UsageError("\(path): not JSON: \(error)")
        }
        guard let members = json.object else { throw UsageError("\(path): not a JSON object") }
        for member in members {
            let name = String(decoding: member.name, as: UTF8.self)
            guard let option = options.first(where: { $0.name == name && !$0.isAction }) else {
                throw UsageError("\(path): unknown option '\(name)'\(suggestion(name))")
            }
            guard given[name] == nil else { continue }
            given[name] = try Self.words(member.value, option, path)
        }
    }

    private static func words(_ value: JSON, _ option: Option, _ path: String) throws(UsageError) -> [String]? {
        if let list = value.array, option.isList {
            var words: [String] = []
            for element in list {
                guard let text = element.text else { throw UsageError("\(path): '\(option.name)' must hold strings") }
                words.append(text)
            }
            return words
        }
        if option.isFlag {
            let text = value.bool.map { $0 ? "true" : "false" } ?? value.integer.map { String($0) } ?? value.text
            return [try flag(text ?? "", of: "\(path): '\(option.name)'")]
        }
        if let text = value.text { return [text] }
        if let number = value.integer { return [String(number)] }
        throw UsageError("\(path): '\(option.name)' has a value of the wrong type")
    }

    // MARK: Typed access

    /// A switch accepts only these words: for example, `no` must not switch TLS verification off.
    private static func flag(_ text: String, of what: String) throws(UsageError) -> String {
        switch text {
        case "true", "1": return "true"
        case "false", "0": return "false"
        default: throw UsageError("\(what) is '\(text)': expected true or 1, false or 0")
        }
    }

    func flag(_ name: String) -> Bool { text(name) == "true" }

    func text(_ name: String) -> String? { given[name]?.first }

    func texts(_ name: String) -> [String] { given[name] ?? [] }

    func integer(_ name: String, or standard: Int, in range: ClosedRange<Int>) throws(UsageError) -> Int {
        guard let text = text(name) else { return standard }
        guard let value = Int(text), range.contains(value) else {
            throw UsageError("--\(name) \(text): expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A size in bytes: `65536`, `128KiB`, `1MiB`, `2GB`. `unlimited` is nil.
    func size(_ name: String, or standard: UInt64?) throws(UsageError) -> UInt64? {
        guard let text = text(name) else { return standard }
        if text == "unlimited" { return nil }
        let units: [(String, UInt64)] = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1), ("", 1),
        ]
        guard let value = Self.scaled(text, units), value > 0 else {
            throw UsageError(
                "--\(name) \(text): expected a size such as 128KiB, 4MiB, 1GB (units B, kB, KiB, MB, MiB, GB, GiB) or unlimited")
        }
        return value
    }

    /// Seconds with a fraction: `1`, `0.2`.
    func duration(_ name: String, or standard: Duration, in range: ClosedRange<Double>) throws(UsageError) -> Duration {
        guard let text = text(name) else { return standard }
        guard let value = Double(text), range.contains(value) else {
            throw UsageError("--\(name) \(text): expected seconds from \(range.lowerBound) to \(range.upperBound)")
        }
        return .seconds(value)
    }

    /// A time in seconds: `90`, `90s`, `2m`, `1h`. `unlimited` is nil.
    func seconds(_ name: String, or standard: UInt64?) throws(UsageError) -> UInt64? {
        guard let text = text(name) else { return standard }
        if text == "unlimited" { return nil }
        guard let value = Self.scaled(text, [("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("", 1)]), value > 0, value <= UInt32.max
        else {
            throw UsageError("--\(name) \(text): expected a time such as 90s, 2m, 1h (units s, m, h, d) or unlimited")
        }
        return value
    }

    private static func scaled(_ text: String, _ units: [(String, UInt64)]) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard let number = UInt64(digits), let factor = units.first(where: { $0.0 == unit })?.1 else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// `--log` says it more precisely than `--verbose`.
    func logLevels() throws(UsageError) -> LogLevels {
        do throws(LogLevelsError) {
            return try LogLevels(text("log") ?? (flag("verbose") ? "debug" : "off"))
        } catch {
            throw UsageError("--log \(text("log") ?? ""): \(error)")
        }
    }

    func addresses(_ name: String) throws(UsageError) -> [Multiaddr] { try Self.addresses(texts(name), for: "--\(name)") }

    static func addresses(_ texts: [String], for what: String) throws(UsageError) -> [Multiaddr] {
        var addresses: [Multiaddr] = []
        for text in texts { addresses.append(try address(text, for: what)) }
        return addresses
    }

    static func address(_ text: String, for what: String) throws(UsageError) -> Multiaddr {
        do throws(MultiaddrError) {
            return try Multiaddr(text).withPathBeforePeerID
        } catch {
            throw UsageError("\(what) \(text): not a multiaddr: \(error)")
        }
    }
}
