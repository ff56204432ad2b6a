import Foundation
import Testing

/// Nobody reads what a program writes, until a test asks for it: that holds no node up, and loses nothing.
@Suite("A slow reader") struct SlowReaderTests {
    private static let tcp = "\"listen\":[\"/ip4/127.0.0.1/tcp/0\"]"

    private func address(_ ready: [String: Any]) throws -> String { try #require((ready["addrs"] as? [String])?.first) }

    @Test(arguments: PeerProcess.Kind.allCases) func holdsNoTestPeerUp(pipe: PeerProcess.Kind) throws {
        let gossip = "\"pubsub\":{\"enabled\":true}"
        let slow = try PeerProcess(["{\(Self.tcp),\(gossip)}"], pipe: pipe)
        let ready = try slow.event("ready")
        try slow.ask("subscribe", "\"topic\":\"news\"")
        let other = try PeerProcess(["{\(gossip)}"])
        _ = try other.event("ready")
        try other.ask("subscribe", "\"topic\":\"news\"")
        try other.ask("dial", "\"addr\":\"\(try address(ready))\"")
        let peer = try #require(ready["peerId"] as? String)
        while try (other.ask("mesh", "\"topic\":\"news\"")["mesh"] as? [String])?.isEmpty ?? true {}
        // More than any pipe holds.
        let count = 1500
        let text = String(repeating: "x", count: 400)
        let sent = try other.ask("publish", "\"topic\":\"news\",\"text\":\"\(text)\",\"count\":\(count)")
        #expect(sent["ok"] as? Bool == true)
        #expect(try other.ask("echo", "\"peerId\":\"\(peer)\",\"bytes\":1000,\"timeoutMs\":20000")["matched"] as? Bool == true)
        for _ in 0..<count { #expect(try slow.event("message")["topic"] as? String == "news") }
    }

    @Test(arguments: PeerProcess.Kind.allCases) func holdsNoRelayUp(pipe: PeerProcess.Kind) throws {
        let relay = try relay(pipe)
        try comeAndGo(count: 300, at: relay)
        for _ in 0..<300 { _ = try relay.event("connected") }
        relay.stop()
        while try relay.next() != nil {}
        let end = relay.end()
        #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
    }

    /// The relay ends in time all the same, and says how much nobody has read.
    @Test(arguments: PeerProcess.Kind.allCases) func isToldWhatItMissed(pipe: PeerProcess.Kind) throws {
        let relay = try relay(pipe)
        try comeAndGo(count: 300, at: relay)
        relay.stop()
        let end = relay.end()
        #expect(end.status == 0 && end.errors.contains(#/causeway: the last [0-9]+ lines were not read in time/#), "\(end)")
    }

    private func relay(_ pipe: PeerProcess.Kind) throws -> PeerProcess {
        try PeerProcess([], of: CommandRun.executable, ["relay", "--json", "--loops", "1", "--listen", "/ip4/127.0.0.1/tcp/0"], pipe: pipe)
    }

    /// So many connections fill any pipe with what is told of them.
    private func comeAndGo(count: Int, at relay: PeerProcess) throws {
        let address = try address(try relay.event("ready"))
        let peer = try PeerProcess(["{}"])
        _ = try peer.event("ready")
        #expect(try peer.ask("churn", "\"addr\":\"\(address)\",\"count\":\(count)")["failed"] as? Int == 0)
    }
}
