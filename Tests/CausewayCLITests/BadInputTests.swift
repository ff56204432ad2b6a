import Foundation
import Testing

@Suite("The command, used wrongly") struct BadInputTests {
    @Test func wrongMultiaddr() throws {
        let run = try CommandRun(["dial", "/ip4/1.2.3/tcp/1"])
        #expect(run.status == 2 && run.isOneClearLine, "\(run)")
        #expect(run.errors.contains("/ip4/1.2.3/tcp/1"))
    }

    @Test func addressWithoutPeer() throws {
        let run = try CommandRun(["dial", "/ip4/127.0.0.1/tcp/1"])
        #expect(run.status == 2 && run.isOneClearLine && run.errors.contains("/p2p/"), "\(run)")
    }

    @Test func takenPort() throws {
        let relay = try RunningRelay()
        let run = try CommandRun(["relay", "--listen", "/ip4/127.0.0.1/tcp/\(relay.port)"])
        #expect(run.status == 1 && run.isOneClearLine && run.errors.contains("in use"), "\(run)")
        #expect(run.errors.contains(relay.port))
    }

    @Test func unreadableKey() throws {
        let folder = try ScratchFolder()
        let run = try CommandRun(["relay", "--listen", "/ip4/127.0.0.1/tcp/0", "--key", folder.path])
        #expect(run.status == 1 && run.isOneClearLine && run.errors.contains(folder.path), "\(run)")
    }

    @Test func keyThatOthersMayRead() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/key"
        #expect(try CommandRun(["keygen", path]).status == 0)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let run = try CommandRun(["id", path])
        #expect(run.status == 1 && run.isOneClearLine && run.errors.contains("chmod 600"), "\(run)")
    }

    @Test func wrongKey() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/key"
        _ = FileManager.default.createFile(atPath: path, contents: Data("not a key".utf8), attributes: [.posixPermissions: 0o600])
        let run = try CommandRun(["id", path])
        #expect(run.status == 1 && run.isOneClearLine && run.errors.contains(path), "\(run)")
    }

    @Test(arguments: ["12 parsecs", "128KB", "-1", "", "0", "99999999999999999999GiB"])
    func limitWithAWrongUnit(_ size: String) throws {
        let run = try CommandRun(["relay", "--circuit-data=\(size)"])
        #expect(run.status == 2 && run.isOneClearLine && run.errors.contains("--circuit-data"), "\(run)")
    }

    @Test(arguments: [
        ("--gossip=mesh-sise=4", "mesh-size"), ("--gossip=mesh-size", "whole number"), ("--gossip=mesh-size=many", "whole number"),
        ("--gossip=history=99999999999999999999", "whole number"), ("--message-ids=ethereum", "sequence-sha256"),
        ("--topic=a*b", "at the end"), ("--topic=", "missing"),
    ])
    func gossipThatDoesNotExist(_ option: String, _ word: String) throws {
        let run = try CommandRun(["relay", option])
        #expect(run.status == 2 && run.isOneClearLine && run.errors.contains(word), "\(run)")
    }

    @Test(arguments: [
        ("mesh-low=9", "meshLow is 9: expected 0 to 6 (meshSize)"), ("message-size=0", "message is 0: expected 1 to 16777216"),
        ("heartbeat-ms=-1", "heartbeatInterval is 0: expected 10 to 60000"),
    ])
    func gossipThatDoesNotWork(_ number: String, _ words: String) throws {
        let run = try CommandRun(["peer", "--no-listen", "--gossip", number])
        #expect(run.status == 1 && run.isOneClearLine && run.errors.contains(words), "\(run)")
    }

    @Test func unknownOptionsAndCommands() throws {
        let option = try CommandRun(["relay", "--circuit-dat", "1MiB"])
        #expect(option.status == 2 && option.isOneClearLine && option.errors.contains("--circuit-data"), "\(option)")
        let command = try CommandRun(["reley"])
        #expect(command.status == 2 && command.isOneClearLine && command.errors.contains("relay"), "\(command)")
    }

    @Test func wrongFile() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/relay.json"
        for (text, word) in [("{", "JSON"), ("[]", "object"), ("{\"lisen\": 1}", "lisen"), ("{\"listen\": true}", "wrong type")] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let run = try CommandRun(["relay", "--config", path])
            #expect(run.status == 2 && run.isOneClearLine && run.errors.contains(word) && run.errors.contains(path), "\(run)")
        }
    }

    @Test(arguments: ["no", "yes", "TRUE", "2", "off", " "])
    func switchThatSaysNeitherYesNorNo(_ word: String) throws {
        let peer = "12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr"
        let run = try CommandRun(["id", peer], environment: ["CAUSEWAY_JSON": word])
        #expect(run.status == 2 && run.isOneClearLine && run.errors.contains("CAUSEWAY_JSON is '\(word)'"), "\(run)")
        #expect(run.errors.contains("true or 1, false or 0"))
        let folder = try ScratchFolder()
        let path = folder.path + "/dial.json"
        try Data("{\"insecure\": \"\(word)\"}".utf8).write(to: URL(fileURLWithPath: path))
        let dial = try CommandRun(["dial", "/ip4/127.0.0.1/tcp/1/p2p/" + peer, "--config", path])
        #expect(dial.status == 2 && dial.isOneClearLine && dial.errors.contains("'insecure' is '\(word)'"), "\(dial)")
    }

    @Test func relayThatIsAway() throws {
        let run = try CommandRun(["dial", "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr"])
        #expect(run.status == 1 && run.isOneClearLine && run.errors.contains("refused"), "\(run)")
    }

    @Test func relayThatRefuses() throws {
        let relay = try RunningRelay()
        let circuit = relay.address + "/p2p-circuit/p2p/12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr"
        let run = try CommandRun(["dial", circuit])
        #expect(run.status == 1 && run.isOneClearLine && run.errors.contains("204"), "\(run)")
    }

    @Test func anotherPeerAnswers() throws {
        let relay = try RunningRelay()
        let address = "/ip4/127.0.0.1/tcp/\(relay.port)/p2p/12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr"
        let run = try CommandRun(["ping", address])
        #expect(run.status == 1 && run.isOneClearLine && run.errors.contains("expected peer"), "\(run)")
    }
}
