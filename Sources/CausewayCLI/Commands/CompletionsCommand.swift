import Causeway

extension Command {
    static let completions = Command(
        name: "completions", arguments: "<bash|zsh|fish>", summary: "print completions for a shell",
        examples: [
            "causeway completions bash > /etc/bash_completion.d/causeway", "causeway completions zsh > ~/.zfunc/_causeway",
            "causeway completions fish > ~/.config/fish/completions/causeway.fish",
        ],
        options: [],
        run: { values, _ in
            switch try Command.argument(values, "the shell's name") {
            case "bash": Output.standard.write(bash())
            case "zsh": Output.standard.write(zsh())
            case "fish": Output.standard.write(fish())
            case let other: throw UsageError("no completions for '\(other)'; expected bash, zsh or fish")
            }
        })

    private static var names: String { all.map(\.name).joined(separator: " ") }

    private static func bash() -> String {
        var text = "_causeway() {\n    local word=${COMP_WORDS[COMP_CWORD]} options=\n"
        text += "    if [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W '\(names)' -- \"$word\")); return; fi\n"
        text += "    case ${COMP_WORDS[1]} in\n"
        for command in all {
            text += "        \(command.name)) options='\(command.allOptions.flatMap(\.forms).joined(separator: " "))' ;;\n"
        }
        text +=
            "    esac\n    case $word in\n        -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
            + "        *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n    esac\n"
        return text + "}\ncomplete -o filenames -F _causeway causeway\n"
    }

    private static func zsh() -> String {
        var text = "#compdef causeway\n_causeway() {\n    local -a commands\n    commands=(\n"
        for command in all { text += "        '\(command.name):\(quoted(command.summary))'\n" }
        text += "    )\n    if (( CURRENT == 2 )); then _describe command commands; return; fi\n    case $words[2] in\n"
        for command in all {
            let options = command.allOptions.flatMap { option in
                option.forms.map { form in
                    "'\(option.isList ? "*" : "")\(form)[\(quoted(option.help))]\(option.isFlag ? "" : ":value:_files")'"
                }
            }
            text += "        \(command.name)) _arguments \(options.joined(separator: " ")) '*:argument:_files' ;;\n"
        }
        return text + "    esac\n}\n_causeway \"$@\"\n"
    }

    private static func fish() -> String {
        var text = "complete -c causeway -n __fish_use_subcommand -f\n"
        for command in all {
            text += "complete -c causeway -n __fish_use_subcommand -a \(command.name) -d '\(quoted(command.summary))'\n"
            for option in command.allOptions {
                text += "complete -c causeway -n '__fish_seen_subcommand_from \(command.name)' -l \(option.name)"
                text += option.letter.map { " -s \($0)" } ?? ""
                text += (option.isFlag ? "" : " -r") + " -d '\(quoted(option.help))'\n"
            }
        }
        return text
    }

    /// Makes a text safe inside a shell's single quotes and brackets.
    private static func quoted(_ text: String) -> String {
        text.replacing("'", with: "’").replacing("[", with: "(").replacing("]", with: ")").replacing(":", with: " -")
    }
}
