import Causeway
import Foundation
import Testing

@Suite("The command") struct CommandTests {
    @Test func keysAndIDs() throws {
        let folder = try ScratchFolder()
        for type in ["ed25519", "p256", "secp256k1", "rsa"] {
            let path = folder.path + "/" + type
            let made = try CommandRun(["keygen", "--type", type, path])
            #expect(made.status == 0, "\(made)")
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try CommandRun(["id", path]).output == made.output)
            // A key is never overwritten.
            let again = try CommandRun(["keygen", path])
            #expect(again.status == 1 && again.isOneClearLine, "\(again)")
        }
    }

    @Test func peerIDInBothForms() throws {
        let text = "12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr"
        let lines = try CommandRun(["id", text]).output.split(separator: "\n").map(String.init)
        #expect(lines.count == 2 && lines[0] == text)
        #expect(try CommandRun(["id", lines[1]]).output.hasPrefix(text))
    }

    @Test func dialAndPing() throws {
        let relay = try RunningRelay()
        let dial = try CommandRun(["dial", relay.address])
        #expect(
            dial.status == 0 && dial.output.contains("connected to") && dial.output.contains("/libp2p/circuit/relay/0.2.0/hop"), "\(dial)")
        let ping = try CommandRun(["ping", relay.address, "--count", "2", "--json"])
        #expect(ping.status == 0 && ping.output.split(separator: "\n").filter { $0.contains("\"pong\"") }.count == 2, "\(ping)")
    }

    @Test func optionsFromEnvironmentAndFile() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/ping.json"
        try Data("{\"count\": 3, \"json\": true}".utf8).write(to: URL(fileURLWithPath: path))
        let relay = try RunningRelay()
        let fromFile = try CommandRun(["ping", relay.address, "--config", path])
        #expect(fromFile.output.split(separator: "\n").filter { $0.contains("\"pong\"") }.count == 3, "\(fromFile)")
        // The environment goes before the file, the command line before both.
        let fromEnvironment = try CommandRun(["ping", relay.address, "--config", path], environment: ["CAUSEWAY_COUNT": "1"])
        #expect(fromEnvironment.output.split(separator: "\n").filter { $0.contains("\"pong\"") }.count == 1)
    }

    @Test(arguments: [("true", true), ("1", true), ("false", false), ("0", false), ("", false)])
    func switchInTheEnvironment(_ word: String, _ isOn: Bool) throws {
        let peer = "12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr"
        let run = try CommandRun(["id", peer], environment: ["CAUSEWAY_JSON": word])
        #expect(run.status == 0 && run.output.contains("\"event\"") == isOn, "\(run)")
        let folder = try ScratchFolder()
        let path = folder.path + "/id.json"
        for value in word.isEmpty ? [] : [word, "\"\(word)\""] {
            try Data("{\"json\": \(value)}".utf8).write(to: URL(fileURLWithPath: path))
            let run = try CommandRun(["id", peer, "--config", path])
            #expect(run.status == 0 && run.output.contains("\"event\"") == isOn, "\(run)")
        }
    }

    @Test(arguments: ["relay", "peer", "dial", "ping", "perf", "id", "keygen", "completions", "manual"])
    func help(_ command: String) throws {
        let run = try CommandRun([command, "--help"])
        #expect(run.status == 0 && run.output.contains("examples:") && run.output.contains("causeway \(command)"))
    }

    /// What the help says is what the API does.
    @Test func helpTellsTheDefaultsOfTheAPI() throws {
        let help = try CommandRun(["relay", "--help"]).output.split(separator: "\n").map { $0.drop { $0 == " " } }
        let (service, limits) = (Configuration.RelayService(), NodeLimits())
        let expected = [
            "reservations": "\(service.reservations)", "reservations-per-ip": "\(service.reservationsPerAddress)",
            "reservation-time": "1h", "circuits": "\(service.circuits)", "circuits-per-peer": "\(service.circuitsPerPeer)",
            "circuits-per-ip": "\(service.circuitsPerAddress)", "circuits-per-source": "\(service.circuitsPerSource)",
            "circuit-data": "128KiB", "circuit-time": "2m", "connections": "\(limits.connections)",
            "connections-per-ip": "\(limits.connectionsPerAddress)",
        ]
        // The three that are written with a unit.
        #expect(service.lifetime == .seconds(3600) && service.circuitLimit == CircuitLimit(bytes: 128 << 10, seconds: 120))
        for (option, value) in expected {
            let line = try #require(help.first { $0.hasPrefix("--\(option) ") }, "--\(option)")
            #expect(line.hasSuffix("(default: \(value))"), "\(line)")
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completions(_ shell: String) throws {
        let run = try CommandRun(["completions", shell])
        #expect(run.status == 0 && run.output.contains("circuit-data") && run.output.contains("keygen"))
    }
}

@Suite("The command at its end") struct EndTests {
    /// Whatever the system refuses, the command says so and ends by itself. With fewer Swift's own Dispatch ends the process.
    @Test(arguments: 12...32) func withoutDescriptors(limit: Int) throws {
        let address = "/ip4/127.0.0.1/tcp/9/p2p/12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr"
        let run = try CommandRun(
            ["-c", "ulimit -n \(limit); exec \"$0\" ping \(address)", CommandRun.executable.path], of: URL(fileURLWithPath: "/bin/sh"))
        #expect(run.status == 1 && run.isOneClearLine, "\(run)")
        if limit < 14 { #expect(run.errors.contains("event loop"), "\(run)") }
    }
}
