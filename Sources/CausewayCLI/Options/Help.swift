import Causeway

/// The texts of `--help`.
enum Help {
    static var overview: String {
        var text = """
            causeway \(causewayVersion): connects peers behind NATs, through a relay and around it (libp2p)

            usage: causeway <command> [options]


            """
        for command in Command.all { text += "  " + pad(command.name, 13) + command.summary + "\n" }
        return text + """

            `causeway <command> --help` shows its options and examples. You can also set every option in
            the environment (--circuit-data as CAUSEWAY_CIRCUIT_DATA) and in a JSON file (--config FILE).
            There, a switch is true or 1, false or 0. An empty variable counts as not set.
            Exit status: 0 done, 1 failed, 2 wrong usage.

            """
    }

    static func text(_ command: Command) -> String {
        var text = "causeway \(command.name): \(command.summary)\n\n"
        text += "usage: causeway \(command.name) \(command.arguments.isEmpty ? "" : command.arguments + " ")[options]\n\n"
        for option in command.allOptions {
            text += "  " + pad(option.usage, 28) + option.help
            if option.isList { text += "; may be repeated" }
            if let standard = option.standard { text += " (default: \(standard))" }
            text += "\n"
        }
        text += "\nexamples:\n"
        for example in command.examples { text += "  \(example)\n" }
        return text
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text.count >= width ? text + "  " : text + String(repeating: " ", count: width - text.count)
    }
}
