import Foundation
import Testing

@Suite("Where the command listens") struct CommandListenTests {
    private func certificate(of address: String) -> String? {
        let words = address.split(separator: "/").map(String.init)
        return words.firstIndex(of: "certhash").map { words[$0 + 1] }
    }

    @Test func aPeerIsReachedByWebRTC() throws {
        let peer = try RunningRelay(running: ["peer", "--json"])
        #expect(!peer.addresses.isEmpty && peer.addresses.allSatisfy { $0.contains("/webrtc-direct/certhash/") }, "\(peer.ready)")
        let address = try #require(peer.addresses.first { $0.hasPrefix("/ip4/127.0.0.1/") })
        let dial = try CommandRun(["dial", address])
        #expect(dial.status == 0 && dial.output.contains("connected to"), "\(dial)")
    }

    @Test func whatIsGivenTakesThePlaceOfTheDefault() throws {
        let told = try RunningRelay(running: ["peer", "--json", "--listen", "/ip4/127.0.0.1/tcp/0"])
        #expect(told.addresses.count == 1 && told.address.contains("/tcp/"), "\(told.ready)")
        let closed = try RunningRelay(running: ["peer", "--json", "--no-listen"])
        #expect(closed.ready["event"] as? String == "ready" && closed.addresses.isEmpty, "\(closed.ready)")
    }

    @Test func theHashSurvivesARestartWithTheKey() throws {
        let folder = try ScratchFolder()
        let hashes = try (0..<2).map { _ in
            let peer = try RunningRelay(running: ["peer", "--json", "--key", folder.path + "/key"])
            return try #require(certificate(of: peer.address))
        }
        #expect(hashes[0] == hashes[1])
        #expect(try certificate(of: RunningRelay(running: ["peer", "--json"]).address) != hashes[0])
    }

    @Test func whatCannotBeHadIsALineAndNoEnd() throws {
        let folder = try ScratchFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/key.certificates", withIntermediateDirectories: true)
        let peer = try RunningRelay(running: ["peer", "--json", "--key", folder.path + "/key"])
        #expect(peer.ready["event"] as? String == "ready" && peer.addresses.isEmpty, "\(peer.ready)")
        let next = try peer.nextEvent()
        #expect(next["event"] as? String == "not-listening" && next["addr"] as? String == "/ip4/0.0.0.0/udp/0/webrtc-direct", "\(next)")
        #expect((next["error"] as? String)?.contains("key.certificates") == true, "\(next)")
    }

    @Test func theHelpNamesTheRelaysPorts() throws {
        let help = try CommandRun(["relay", "--help"]).output
        for family in ["/ip4/0.0.0.0", "/ip6/::"] {
            for port in ["/tcp/4001", "/tcp/4002/ws", "/udp/4001/webrtc-direct"] { #expect(help.contains(family + port), "\(help)") }
        }
    }

    @Test func aPeerIsReachedByBothFamilies() throws {
        let peer = try RunningRelay(running: ["peer", "--json"])
        for host in ["/ip4/127.0.0.1/", "/ip6/::1/"] {
            let address = try #require(peer.addresses.first { $0.hasPrefix(host) }, "\(peer.ready)")
            let dial = try CommandRun(["dial", address])
            #expect(dial.status == 0 && dial.output.contains("connected to"), "\(dial)")
        }
    }
}
