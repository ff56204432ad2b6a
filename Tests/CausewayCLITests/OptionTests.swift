import Foundation
import Testing

@testable import CausewayCLI

@Suite("Options as they are typed") struct OptionTests {
    @Test func pingTakesShortOptions() throws {
        let relay = try RunningRelay()
        for words in [["-c", "3"], ["-c3"], ["--count", "3"], ["-4vc3", "-i", "0.01"], ["--ipv4", "--interval=0.01", "-c", "3"]] {
            let run = try CommandRun(["ping"] + words + [relay.address])
            let lines = run.output.split(separator: "\n")
            #expect(
                run.status == 0 && lines.count == 4 && lines[2].hasPrefix("3: ") && lines[3].hasPrefix("3 answered: min "),
                "\(words) \(run)")
            // `-v` tells on standard error what else happens.
            #expect(run.errors.contains(" debug dial ") == (words[0] == "-4vc3"))
        }
        let quiet = try CommandRun(["ping", "-q", "-c2", relay.address])
        #expect(
            quiet.status == 0 && quiet.output.hasPrefix("2 answered: min ") && quiet.output.split(separator: "\n").count == 1, "\(quiet)")
        let json = try CommandRun(["ping", "-c2", "--json", relay.address]).output.split(separator: "\n")
        #expect(json.count == 3 && json[2].hasPrefix("{\"event\":\"summary\",\"answered\":2,"), "\(json)")
    }

    @Test func waitsAsLongAsItIsTold() throws {
        let relay = try RunningRelay()
        let start = ContinuousClock.now
        #expect(try CommandRun(["ping", "-c", "2", "-i", "0.7", relay.address]).status == 0)
        #expect(ContinuousClock.now - start >= .milliseconds(700))
    }

    /// A signal ends the pings, and what was measured is told.
    @Test func endsWithASummary() throws {
        let relay = try RunningRelay()
        let ping = try PeerProcess([], of: CommandRun.executable, ["ping", "--json", "-c", "1000", "-i", "0.05", relay.address])
        #expect(try ping.event("pong")["number"] as? Int == 1)
        ping.stop()
        #expect(try ping.event("summary")["answered"] as? Int ?? 0 >= 1)
    }

    @Test(arguments: [
        (["-x"], "unknown option -x"), (["-c"], "-c, --count N: a value is missing"), (["-qx"], "unknown option -x"),
        (["-i", "0"], "--interval 0: expected seconds from 0.01 to 3600.0"), (["-46"], "-4 and -6 exclude each other"),
        (["-i", "nan"], "--interval nan"),
    ])
    func whatIsWrongIsNamed(words: [String], expected: String) throws {
        let address = "/ip4/127.0.0.1/tcp/9/p2p/12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr"
        let run = try CommandRun(["ping", address] + words)
        #expect(run.status == 2 && run.isOneClearLine && run.errors.contains(expected), "\(run)")
    }

    @Test(arguments: ["dial", "ping", "perf"]) func otherFamiliesAreNotDialled(command: String) throws {
        let relay = try RunningRelay()
        let run = try CommandRun([command, "-6", relay.address])
        #expect(run.status == 2 && run.isOneClearLine && run.errors.contains("is IPv4, and -6 dials IPv6 alone"), "\(run)")
        // Nor what a name leads to.
        let name = relay.address.replacing("/ip4/127.0.0.1/", with: "/dns4/localhost/")
        let named = try CommandRun([command, "-6", name])
        #expect(named.status == 1 && named.errors.contains("address family not supported"), "\(named)")
        #expect(try CommandRun(["dial", "-4", name]).status == 0)
    }

    @Test func everyCommandHasHelpAndVersion() throws {
        for words in [["-V"], ["--version"], ["ping", "-V"], ["relay", "--version"]] {
            let run = try CommandRun(words, environment: ["CAUSEWAY_VERSION": "2.0"])
            #expect(run.status == 0 && run.output.hasPrefix("causeway ") && run.output.split(separator: "\n").count == 1, "\(run)")
        }
        for command in Command.all {
            let letters = command.allOptions.compactMap(\.letter)
            #expect(Set(letters).count == letters.count, "\(command.name) has a letter twice")
            #expect(letters.contains("h") && letters.contains("V") && letters.contains("v"))
        }
        let help = try CommandRun(["ping", "-h"]).output
        for usage in ["  -c, --count N  ", "  -i, --interval SECONDS  ", "  -4, --ipv4  ", "      --config FILE  "] {
            #expect(help.contains(usage), "\(usage) is missing in \(help)")
        }
    }

    @Test func dialIsShortIfItIsToBeQuiet() throws {
        let relay = try RunningRelay()
        let run = try CommandRun(["dial", "-q", relay.address])
        #expect(run.status == 0 && run.output.hasPrefix("connected to ") && run.output.split(separator: "\n").count == 1, "\(run)")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionsHaveLetters(shell: String) throws {
        let output = try CommandRun(["completions", shell]).output
        for letter in ["c", "i", "4", "6", "q", "v", "h", "V"] {
            let form = shell == "fish" ? " -s \(letter) " : shell == "zsh" ? "'-\(letter)[" : "-\(letter) "
            #expect(output.contains(form), "-\(letter)")
        }
    }
}
