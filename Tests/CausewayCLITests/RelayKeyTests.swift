import Foundation
import Testing

@Suite("A relay's key") struct RelayKeyTests {
    private func relay(_ environment: [String: String], _ arguments: [String] = []) throws -> PeerProcess {
        try PeerProcess(
            [], of: CommandRun.executable, ["relay", "--json", "--loops", "1", "--listen", "/ip4/127.0.0.1/tcp/0"] + arguments,
            environment: environment)
    }

    private func mode(_ path: String) throws -> Int? { try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int }

    @Test(arguments: ["XDG_STATE_HOME", "HOME", "STATE_DIRECTORY"]) func isTheSameAfterARestart(variable: String) throws {
        let folder = try ScratchFolder()
        let place = folder.path + "/state"
        let environment = ["XDG_STATE_HOME": "", "STATE_DIRECTORY": ""].merging([variable: place]) { $1 }
        let expected = place + (["XDG_STATE_HOME": "/causeway", "HOME": "/.local/state/causeway"][variable] ?? "")
        var told: [String] = []
        for _ in 0..<2 {
            let relay = try relay(environment)
            let ready = try relay.event("ready")
            #expect(ready["key"] as? String == expected + "/relay.key")
            told.append(try #require(ready["peerId"] as? String))
            relay.stop()
            let end = relay.end()
            #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
        }
        #expect(told[0] == told[1])
        #expect(try mode(expected) == 0o700 && mode(expected + "/relay.key") == 0o600)
    }

    /// Two nodes with one identity could not be told apart.
    @Test func isNotSharedByTwoThatRun() throws {
        let folder = try ScratchFolder()
        let environment = ["XDG_STATE_HOME": folder.path]
        let (one, other) = (try relay(environment), try relay(environment))
        let peers = [try one.event("ready"), try other.event("ready")]
        #expect(peers[0]["peerId"] as? String != peers[1]["peerId"] as? String)
        #expect(peers.filter { $0["key"] == nil }.count == 1)
        let without = peers[0]["key"] == nil ? one : other
        without.stop()
        #expect(without.end().errors.contains("another relay that runs has this key"))
    }

    @Test func isOfThisRunWhereNoneCanBeKept() throws {
        let relay = try relay(["XDG_STATE_HOME": "/dev/null/state"])
        #expect(try relay.event("ready")["key"] == nil)
        relay.stop()
        let end = relay.end()
        #expect(
            end.status == 0 && end.errors.hasPrefix("causeway: warning: ")
                && end.errors.contains("/dev/null/state/causeway: Not a directory"))
        #expect(end.errors.contains("--key FILE"))
    }

    @Test func isOfThisRunIfThatIsWanted() throws {
        let folder = try ScratchFolder()
        let relay = try relay(["XDG_STATE_HOME": folder.path], ["--ephemeral"])
        #expect(try relay.event("ready")["key"] == nil)
        relay.stop()
        #expect(relay.end().errors.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        let both = try CommandRun(["relay", "--ephemeral", "--key", folder.path + "/key"])
        #expect(both.status == 2 && both.isOneClearLine && both.errors.contains("exclude each other"), "\(both)")
    }

    /// Its addresses would change without a word.
    @Test func thatIsBrokenIsNotReplaced() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/causeway/relay.key"
        try FileManager.default.createDirectory(atPath: folder.path + "/causeway", withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: path, contents: Data("x".utf8), attributes: [.posixPermissions: 0o600]))
        let run = try CommandRun(["relay", "--listen", "/ip4/127.0.0.1/tcp/0"], environment: ["XDG_STATE_HOME": folder.path])
        #expect(run.status == 1 && run.isOneClearLine && run.errors.contains("not a libp2p private key"), "\(run)")
    }
}
