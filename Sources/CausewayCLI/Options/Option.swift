/// One option of a command. It has one name on the command line, in the environment, and in the JSON file.
struct Option: Sendable {
    enum Kind: Sendable {
        case flag
        /// An option with a value. The text names the value in help, such as `ADDRESS`.
        case value(String)
        /// An option that may be repeated. In the environment, commas separate its values.
        case list(String)
    }
    /// The name without the dashes: `circuit-data`.
    let name: String
    let kind: Kind
    let help: String
    /// The default, as help shows it.
    let standard: String?

    init(_ name: String, _ kind: Kind, _ help: String, standard: String? = nil) {
        self.name = name
        self.kind = kind
        self.help = help
        self.standard = standard
    }

    /// `CAUSEWAY_CIRCUIT_DATA`
    var environmentName: String { "CAUSEWAY_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 }) }

    var isFlag: Bool { if case .flag = kind { true } else { false } }
    var isList: Bool { if case .list = kind { true } else { false } }

    /// `--circuit-data SIZE`
    var usage: String {
        switch kind {
        case .flag: "--\(name)"
        case .value(let placeholder), .list(let placeholder): "--\(name) \(placeholder)"
        }
    }
}
