import Causeway

extension Command {
    static let manual = Command(
        name: "manual", arguments: "", summary: "print the manual page, in the form that man reads",
        examples: ["causeway manual > /usr/local/share/man/man1/causeway.1", "causeway manual | man -l -"],
        options: [],
        run: { values, _ in
            try Command.noArguments(values)
            Output.standard.write(Manual.text)
        })
}

/// The manual page, made of the same tables as `--help`.
enum Manual {
    static var text: String {
        var page = Page()
        page.macro("TH", "CAUSEWAY", "1", "", "causeway \(causewayVersion)")
        page.section("NAME")
        page.line("causeway - peers behind NATs connect, through a relay and around it (libp2p)")
        page.section("SYNOPSIS")
        for command in Command.all { page.macro("PP", bold: "causeway \(command.name)", then: command.arguments + " [options]") }
        page.section("COMMANDS")
        for command in Command.all { describe(command, on: &page) }
        page.section("OPTIONS OF EVERY COMMAND")
        for option in Command.common { describe(option, on: &page) }
        page.section("ENVIRONMENT")
        page.line(Help.sources)
        page.line("The command line goes before the environment, and that before the file.")
        page.section("EXIT STATUS")
        page.line(Help.status)
        return page.text
    }

    private static func describe(_ command: Command, on page: inout Page) {
        page.macro("SS", "causeway \(command.name) \(command.arguments)")
        page.line(command.summary)
        for option in command.options { describe(option, on: &page) }
        page.macro("PP")
        page.line("Examples:")
        page.macro("PP")
        page.macro("nf")
        for example in command.examples { page.line("    " + example) }
        page.macro("fi")
    }

    private static func describe(_ option: Option, on page: inout Page) {
        page.macro("TP")
        page.macro("B", option.usage)
        page.line(Help.explanation(of: option))
    }
}

/// Text for `man`: roff with the macros of man(7).
private struct Page {
    private(set) var text = ""

    mutating func section(_ title: String) { macro("SH", title) }

    mutating func macro(_ name: String, _ words: String...) {
        text += ".\(name)" + words.map { " \"\(Self.escaped($0))\"" }.joined() + "\n"
    }

    /// A paragraph of a bold beginning and the rest.
    mutating func macro(_ name: String, bold: String, then rest: String) {
        text += ".\(name)\n\\fB\(Self.escaped(bold))\\fR \(Self.escaped(rest))\n"
    }

    mutating func line(_ words: String) {
        let line = Self.escaped(words)
        // Neither a point nor a quote at its beginning is a command.
        text += (line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" : "") + line + "\n"
    }

    /// A minus is a minus, so that options can be copied; nothing is an escape or ends a macro's word; and all is ASCII, since not every
    /// roff reads UTF-8.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\e"
            case "-": escaped += "\\-"
            case "\"": escaped += "\\(dq"
            case _ where scalar.isASCII: escaped.unicodeScalars.append(scalar)
            default:
                let number = String(scalar.value, radix: 16, uppercase: true)
                escaped += "\\[u" + String(repeating: "0", count: max(0, 4 - number.count)) + number + "]"
            }
        }
        return escaped
    }
}
