import Causeway

/// The texts of `--help`.
enum Help {
    /// Where options come from.
    static let sources = """
        Every option can also be given in the environment
        (--circuit-data as CAUSEWAY_CIRCUIT_DATA) and in a JSON file (--config FILE). Switches
        are true or 1, false or 0 there; an empty variable counts as not set.
        """
    static let status = "Exit status: 0 done (check: green or orange), 1 failed (check: red), 2 wrong usage."

    static var overview: String {
        var text = """
            causeway \(causewayVersion): peers behind NATs connect, through a relay and around it (libp2p)

            usage: causeway <command> [options]


            """
        for command in Command.all { text += "  " + pad(command.name, 13) + command.summary + "\n" }
        return text + """

            `causeway <command> --help` has examples, `causeway --version` the version. \(sources)
            \(status)

            """
    }

    static func text(_ command: Command) -> String {
        var text = "causeway \(command.name): \(command.summary)\n\n"
        text += "usage: causeway \(command.name) \(command.arguments.isEmpty ? "" : command.arguments + " ")[options]\n\n"
        for option in command.allOptions {
            text += "  " + pad((option.letter == nil ? "    " : "") + option.usage, 32) + explanation(of: option) + "\n"
        }
        text += "\nexamples:\n"
        for example in command.examples { text += "  \(example)\n" }
        return text
    }

    static func explanation(of option: Option) -> String {
        option.help + (option.isList ? "; may be repeated" : "") + (option.standard.map { " (default: \($0))" } ?? "")
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text.count >= width ? text + "  " : text + String(repeating: " ", count: width - text.count)
    }
}
