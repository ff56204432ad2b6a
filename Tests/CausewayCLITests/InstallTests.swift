import Foundation
import Testing

@testable import CausewayCLI

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

private func bash(_ script: String, environment: [String: String] = [:]) throws -> CommandRun {
    try CommandRun(["-c", script], of: URL(fileURLWithPath: "/bin/bash"), environment: environment)
}

@Suite("What is installed") struct InstallTests {
    @Test func everythingIsPutUnderThePrefixAndTakenAway() throws {
        let folder = try ScratchFolder()
        let script = root.appendingPathComponent("Scripts/install-command.sh").path
        let put = try bash("\(script) \(CommandRun.executable.path) /opt/causeway", environment: ["DESTDIR": folder.path])
        #expect(put.status == 0, "\(put)")
        let expected = [
            "bin/causeway", "share/man/man1/causeway.1", "share/bash-completion/completions/causeway", "share/zsh/site-functions/_causeway",
            "share/fish/vendor_completions.d/causeway.fish",
        ]
        let prefix = folder.path + "/opt/causeway/"
        #expect(put.output.split(separator: "\n").map(String.init) == expected.map { prefix + $0 })
        #expect(try CommandRun(["--version"], of: URL(fileURLWithPath: prefix + "bin/causeway")).output.hasPrefix("causeway "))
        for file in expected { #expect(try FileManager.default.attributesOfItem(atPath: prefix + file)[.size] as? Int ?? 0 > 0, "\(file)") }
        let removed = try bash("\(script) --remove /opt/causeway", environment: ["DESTDIR": folder.path])
        #expect(removed.status == 0, "\(removed)")
        for file in expected { #expect(!FileManager.default.fileExists(atPath: prefix + file)) }
    }

    @Test func theManualNamesEveryCommandAndOption() throws {
        let run = try CommandRun(["manual"])
        #expect(run.status == 0 && run.output.hasPrefix(".TH \"CAUSEWAY\" \"1\""))
        let lines = run.output.split(separator: "\n").map(String.init)
        for command in Command.all {
            #expect(lines.contains { $0.hasPrefix(".SS \"causeway \(command.name) ") })
            for option in command.allOptions {
                let usage = option.usage.replacing("-", with: "\\-")
                #expect(lines.contains(".B \"\(usage)\""), "\(option.usage)")
            }
        }
        // Whatever begins with a point is a macro that is meant, and every backslash begins an escape that is known.
        let macros: Set<String> = [".TH", ".SH", ".SS", ".TP", ".B", ".PP", ".nf", ".fi"]
        for line in lines where line.hasPrefix(".") { #expect(macros.contains(String(line.prefix { $0 != " " })), "\(line)") }
        #expect(run.output.firstMatch(of: #/\\(?![e\-&]|\(dq|f[BR]|\[u)/#) == nil && run.output.utf8.allSatisfy { $0 < 0x80 })
    }

    /// As bash itself completes.
    @Test(arguments: [("causeway re", ["relay"]), ("causeway relay --circuit-d", ["--circuit-data"]), ("causeway ping --lo", ["--log"])])
    func bashCompletesCommandsAndOptions(typed: String, expected: [String]) throws {
        let words = typed.split(separator: " ", omittingEmptySubsequences: false)
        let script = """
            source <("\(CommandRun.executable.path)" completions bash)
            COMP_WORDS=(\(words.joined(separator: " "))); COMP_CWORD=\(words.count - 1)
            _causeway; printf '%s\\n' "${COMPREPLY[@]}"
            """
        let run = try bash(script)
        #expect(run.status == 0 && run.output.split(separator: "\n").map(String.init) == expected, "\(run)")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionsNameEveryCommandAndOption(shell: String) throws {
        let output = try CommandRun(["completions", shell]).output
        for command in Command.all {
            #expect(output.contains(command.name))
            for option in command.allOptions { #expect(output.contains(shell == "fish" ? "-l \(option.name)" : "--\(option.name)")) }
        }
    }
}
