import Causeway
import Foundation
import Testing

@testable import CausewayCLI

private let somebody = "12D3KooWGBfKqTqgKTnf9pBcvLKMFZGNzgzSvR1pkNmH5QhxLNhL"

@Suite("The command check") struct CheckTests {
    private func relay() throws -> RunningRelay {
        try RunningRelay(["--listen", "/ip4/127.0.0.1/tcp/0", "--listen", "/ip4/127.0.0.1/udp/0/webrtc-direct"])
    }

    @Test func saysWhatItNeeds() throws {
        for words in [[], ["--json"]] {
            let run = try CommandRun(["check"] + words)
            #expect(run.status == 2 && run.isOneClearLine && run.errors.contains("--relay"), "\(run)")
        }
        for words in [
            [somebody], ["nobody", "--relay", "/ip4/127.0.0.1/tcp/1/p2p/\(somebody)"], ["/ip4/127.0.0.1/tcp/1"],
            ["--relay", "/ip4/127.0.0.1/tcp/1"], ["--relay", "nowhere"], ["--stun", "/ip4/127.0.0.1/tcp/1"], [somebody, somebody],
        ] {
            let run = try CommandRun(["check"] + words)
            #expect(run.status != 0 && run.isOneClearLine && run.output.isEmpty, "\(words): \(run)")
        }
    }

    @Test func aRelayThatWorks() throws {
        let relay = try relay()
        let run = try CommandRun(["check", "--relay", relay.address])
        #expect(run.status == 0 && run.errors.isEmpty && run.output.contains("own network"), "\(run)")
        #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 } && !run.output.contains("\u{1b}"))
        let json = try CommandRun(["check", "--relay", relay.address, "--json"])
        let lines = json.output.split(separator: "\n")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
        #expect(json.status == 0 && lines.count == 1 && object["event"] as? String == "check" && object["summary"] as? String == "orange")
        let ipv4 = try #require(object["ipv4"] as? [String: Any])
        #expect(ipv4["nat"] as? Bool == false && ipv4["mapping"] as? String == "none" && ipv4["source"] as? String == "127.0.0.1")
        #expect((object["relays"] as? [[String: Any]])?.first?["reached"] as? Bool == true)
        #expect(object["ownAddresses"] is [[String: Any]])
    }

    @Test func redIsAFailure() throws {
        let run = try CommandRun(["check", "--relay", "/ip4/127.0.0.1/tcp/1/p2p/\(somebody)"])
        #expect(run.status == 1 && run.errors.isEmpty && run.output.hasPrefix("● red"), "\(run)")
        let json = try CommandRun(["check", "--relay", "/ip4/127.0.0.1/tcp/1/p2p/\(somebody)", "--json"])
        #expect(json.status == 1 && json.output.contains("\"cause\":\"refused\""), "\(json)")
    }

    @Test func aPeerIsReachedThroughTheRelayOfItsAddress() throws {
        let relay = try relay()
        let peer = try RunningRelay(running: ["peer", "--json", "--no-listen", "--relay", relay.address])
        while try peer.nextEvent()["event"] as? String != "reservation" {}
        let id = try #require(peer.ready["peerId"] as? String)
        let run = try CommandRun(["check", "\(relay.address)/p2p-circuit/p2p/\(id)"])
        #expect(run.status == 0 && run.output.hasPrefix("● green") && run.output.contains("direct by WebRTC"), "\(run)")
        let dial = try CommandRun(["check", somebody, "--relay", relay.address])
        #expect(dial.status == 1 && dial.output.contains("holds no reservation"), "\(dial)")
        // The peer tells how many became direct.
        var event = try peer.nextEvent()
        while event["event"] as? String != "direct-share" || event["becameDirect"] as? Int != 1 { event = try peer.nextEvent() }
        #expect(event["relayedPeers"] as? Int == 1 && event["shareOfPeers"] as? Double == 1, "\(event)")
    }

    @Test func theManualSaysWhatTheStatusMeans() throws {
        #expect(try CommandRun(["manual"]).output.contains("check"))
        #expect(try CommandRun(["check", "--help"]).output.contains("--stun"))
    }
}

@Suite("How a check is shown") struct CheckPrinterTests {
    private static let facts: CheckFacts = {
        var facts = CheckFacts()
        guard let peer = try? PeerID(text: somebody), let server = Endpoint(ip: [198, 51, 100, 1], port: 4001),
            let mapped = Endpoint(ip: [203, 0, 113, 77], port: 40_213),
            let circuit = try? Multiaddr("/ip4/198.51.100.1/tcp/4001/p2p-circuit"),
            let address = try? Multiaddr("/dns4/relay.with-a-rather-long-name.example.org/tcp/443/tls/ws/p2p/\(somebody)")
        else { return facts }
        facts.ipv4.source = [192, 168, 1, 2]
        facts.ipv4.socket = Endpoint(ip: [192, 168, 1, 2], port: 5001)
        facts.ipv4.answers = [STUNAnswer(server: server, outcome: .mapped(mapped), roundTrip: .milliseconds(12))]
        facts.gateway = GatewayFacts(address: [192, 168, 1, 1], mapsBy: ["PCP", "NAT-PMP", "UPnP"], external: [100, 64, 3, 104])
        facts.relays = [RelayFacts(address)]
        var asked = PeerFacts(peer)
        let report = PeerConnectionReport(.checking, localCandidates: 4, remoteCandidates: 2, usableCandidates: 2, checkedPairs: 8)
        asked.attempts = [
            DialOutcome(peer: peer, address: circuit, result: .refusedByRelay(status: 204), took: .milliseconds(38)),
            DialOutcome(
                peer: peer, address: circuit.appending(.webRTC), result: .failed(.timedOut(.signalling)), took: .seconds(4),
                isInbound: true, peerConnection: report),
        ]
        asked.pending = report
        facts.peer = asked
        return facts
    }()

    @Test(arguments: [60, 80, 100, 200]) func linesFitTheTerminal(_ width: Int) {
        let lines = CheckPrinter(width: width).lines(CheckReport(Self.facts, unixSeconds: 0)).map { $0.text(isColoured: false) }
        // A word that is longer than the line is not cut, so that it can be copied.
        let long = lines.filter { line in line.count > width && line.split(separator: " ").allSatisfy { $0.count < width - 12 } }
        #expect(long.isEmpty, "\(long)")
        #expect(lines[0].hasPrefix("● red") && lines.contains { $0.hasPrefix("provider  a NAT of the provider's: the router's") })
    }

    @Test func aParagraphIsBrokenBetweenWords() {
        #expect(Paragraph.lines("one two three", width: 7) == ["one two", "three"])
        #expect(Paragraph.lines("one incomprehensible two", width: 5) == ["one", "incomprehensible", "two"])
        #expect(Paragraph.lines("", width: 5) == [])
    }

    @Test func aShareIsRoundedDown() {
        var share = DirectShare()
        #expect(ShareText.line(3, share).text(isColoured: false) == "● peers 3")
        (share.relayedPeers, share.becameDirect, share.directBytes, share.relayedBytes) = (3, 2, 999, 1)
        #expect(
            ShareText.line(3, share).text(isColoured: false)
                == "● peers 3  became direct 2 of 3 relayed (66 %)  bytes direct 99 % of 1000 B")
    }
}
