/// One option of a command. It has one name on the command line, in the environment, and in the JSON file.
struct Option: Sendable {
    enum Kind: Sendable {
        case flag
        /// A switch of the command line alone: the command prints something instead of running.
        case action
        /// An option with a value. The text names the value in help, such as `ADDRESS`.
        case value(String)
        /// An option that may be repeated. In the environment, commas separate its values.
        case list(String)
    }
    /// The name without the dashes: `circuit-data`.
    let name: String
    /// The short form: `c` for `-c`.
    let letter: Character?
    let kind: Kind
    let help: String
    /// The default, as help shows it.
    let standard: String?

    init(_ name: String, letter: Character? = nil, _ kind: Kind, _ help: String, standard: String? = nil) {
        self.name = name
        self.letter = letter
        self.kind = kind
        self.help = help
        self.standard = standard
    }

    /// `CAUSEWAY_CIRCUIT_DATA`
    var environmentName: String { "CAUSEWAY_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 }) }

    /// Whether it stands without a value.
    var isFlag: Bool {
        switch kind {
        case .flag, .action: true
        case .value, .list: false
        }
    }
    var isAction: Bool { if case .action = kind { true } else { false } }
    var isList: Bool { if case .list = kind { true } else { false } }

    /// `-c`, `--count`: as they are typed.
    var forms: [String] { (letter.map { ["-\($0)"] } ?? []) + ["--\(name)"] }

    /// `-c, --count N`
    var usage: String {
        let forms = forms.joined(separator: ", ")
        switch kind {
        case .flag, .action: return forms
        case .value(let placeholder), .list(let placeholder): return "\(forms) \(placeholder)"
        }
    }
}
