import CausewayConnection
import CausewayNode
import Synchronization
import Testing

@testable import Causeway

/// What a log has written.
private final class Lines: Sendable {
    private let texts = Mutex<[String]>([])
    var all: [String] { texts.withLock { $0 } }
    func add(_ text: String) { texts.withLock { $0.append(text) } }
}

private func log(_ levels: String, _ lines: Lines) throws -> NodeLog? {
    NodeLog(try LogLevels(levels), of: PrivateKey.random().publicKey.peerID) { lines.add($0) }
}

private func outcome(_ result: DialOutcome.Result, _ address: String = "/ip4/192.0.2.1/tcp/1") throws -> Event {
    .dialAttempt(DialOutcome(peer: nil, address: try Multiaddr(address), result: result, took: .milliseconds(5)))
}

@Suite("The log") struct LogTests {
    @Test func levelsAreReadByArea() throws {
        #expect(try LogLevels("debug") == LogLevels(.debug))
        let some = try LogLevels("info,dial=debug,gossip=off")
        #expect(some[.dial] == .debug && some[.gossip] == .off && some[.connection] == .info && !some.isOff)
        #expect(try LogLevels("").isOff && LogLevels("off").isOff && LogLevels("debug,off").isOff)
        #expect(throws: LogLevelsError(part: "dail=debug", known: LogLevels.Area.allCases.map(\.rawValue))) { try LogLevels("dail=debug") }
        #expect(throws: LogLevelsError(part: "loud", known: LogLevels.Level.allCases.map(\.rawValue))) { try LogLevels("info,loud") }
        #expect(throws: LogLevelsError.self) { try LogLevels("dial=debug=info") }
        #expect(throws: LogLevelsError.self) { try LogLevels("dial=") }
    }

    @Test func aLineSaysWhenHowMuchWhatAndWho() throws {
        let lines = Lines()
        let log = try #require(try log("debug", lines))
        log.note(try outcome(.connected))
        let line = try #require(lines.all.first)
        let form = #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z debug dial \[\w{6}\] (.*)\n/#
        let what = try #require(line.wholeMatch(of: form), "\(line)").1
        #expect(what == "dial addr=/ip4/192.0.2.1/tcp/1 result=connected inbound=false ms=5")
    }

    @Test func theCipherIsNamed() throws {
        let lines = Lines()
        let log = try #require(try log("info", lines))
        log.note(CipherEngine.libgcrypt)
        #expect(try #require(lines.all.first).hasSuffix("] cipher engine=libgcrypt\n"))
        try #require(NodeLog(LogLevels(.warning), of: PrivateKey.random().publicKey.peerID) { lines.add($0) }).note(CipherEngine.libgcrypt)
        #expect(lines.all.count == 1)
    }

    @Test func aPrintedEventIsWhatTheLogHas() throws {
        let event = try outcome(.connected)
        #expect("\(event)" == "dial addr=/ip4/192.0.2.1/tcp/1 result=connected inbound=false ms=5" && "\(event.record)" == "\(event)")
        let change = SubscriptionChange(peer: PrivateKey.random().publicKey.peerID, topic: Array("my\ntopic".utf8), isSubscribed: true)
        #expect("\(Event.subscriptionChanged(change))".contains("my\u{fffd}topic"))
    }

    @Test func aLevelLeavesOutWhatIsAboveIt() throws {
        let lines = Lines()
        let log = try #require(try log("dial=warning", lines))
        log.note(try outcome(.connected))
        log.note(.addressesChanged([]))
        #expect(lines.all.isEmpty)
        log.note(try outcome(.failed(.timedOut(.noise))))
        #expect(lines.all.count == 1 && lines.all[0].contains(" warning dial "))
        #expect(NodeLog(LogLevels(), of: PrivateKey.random().publicKey.peerID) == nil)
    }

    /// A remote chooses the names of its software, its protocols and its topics.
    @Test func whatARemoteSendsStaysOnItsLine() throws {
        let lines = Lines()
        let log = try #require(try log("debug", lines))
        let peer = PrivateKey.random().publicKey.peerID
        let nasty = Array("a\u{1b}[31m\nb\u{202e}c".utf8)
        log.note(.identified(PeerDescription(peer: peer, agent: nasty, protocolIDs: [nasty])))
        log.note(.subscriptionChanged(SubscriptionChange(peer: peer, topic: nasty, isSubscribed: true)))
        #expect(lines.all.count == 2)
        for line in lines.all {
            #expect(line.hasSuffix("\n") && !line.dropLast().contains { $0.isNewline || $0 == "\u{1b}" || $0 == "\u{202e}" }, "\(line)")
        }
    }

    /// One line for each kind and limit, which it names with its value.
    @Test func aFloodOfRefusalsIsAFewLines() throws {
        let lines = Lines()
        let log = try #require(try log("warning", lines))
        let peer = PrivateKey.random().publicKey.peerID
        for number in 1...396 { log.note(.refused(try Multiaddr("/ip4/192.0.2.1/tcp/\(number)"), .connections, value: 100)) }
        for _ in 0..<2 {
            log.note(.relay(.reservationRefused(peer, status: 200, limit: ReachedLimit(.reservations, 512))))
            log.note(.relay(.circuitRefused(source: peer, target: nil, status: 201, limit: ReachedLimit(.circuits, 1024))))
            log.note(.relay(.circuitRefused(source: peer, target: nil, status: 400, limit: nil)))
        }
        #expect(lines.all.isEmpty)
        log.refusals.tellAll()
        let told = lines.all.map { String($0.split(separator: "] ")[1].dropLast()) }
        #expect(
            told == [
                "refused addr=/ip4/192.0.2.1/tcp/396 reason=connections limit=100 count=396",
                "reservation-refused peerId=\(peer) status=200 reason=reservations limit=512 count=2",
                "circuit-refused source=\(peer) status=201 reason=circuits limit=1024 count=2",
                "circuit-refused source=\(peer) status=400 count=2",
            ])
        log.refusals.tellAll()
        #expect(lines.all.count == 4)
    }

    @Test func meshesAreToldByWhoCameAndWhoLeft() throws {
        let lines = Lines()
        var meshes = MeshLog(try #require(try log("gossip=debug", lines)))
        let (one, two) = (PrivateKey.random().publicKey.peerID, PrivateKey.random().publicKey.peerID)
        let topic = Array("t".utf8)
        for mesh in [[one], [one, two], [two], [two]] { meshes.note([(topic, mesh)]) }
        meshes.note([])
        let told = lines.all.map { $0.split(separator: "] ").last!.trimmingPrefix { $0 == " " } }
        #expect(
            told.map(String.init) == [
                "\(one) came into the mesh of t\n", "\(two) came into the mesh of t\n", "\(one) left the mesh of t\n",
                "\(two) left the mesh of t\n",
            ])
    }
}
