import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let relayed = "/ip4/203.0.113.9/tcp/1/p2p/\(peer(9).description)/p2p-circuit"

/// A node with WebRTC and a relayed connection to peer 7, and what it asks of peer connections.
private final class SignallingBench {
    let bench: NodeBench
    let relay: UInt32

    /// - Parameter isSilent: the peer that dialled opens no stream for signalling.
    init(isInbound: Bool, stunServers: [Multiaddr] = [], isSilent: Bool = false) {
        bench = NodeBench {
            $0.webRTC = true
            $0.stunServers = stunServers
        }
        relay = bench.inbound(9)
        bench.node.context.expectLink(
            2000, remoteAddress: address("\(relayed)/p2p/\(peer(7).description)"), localAddress: address("/ip4/10.0.0.1/tcp/2"),
            path: .relayed(by: peer(9), limit: CircuitLimit(bytes: 1000, seconds: nil)), carrier: relay, isInbound: isInbound)
        bench.establish(2000, 7)
        bench.clear()
        if isInbound {
            if !isSilent { bench.feed(.streamOpened(stream: 9, protocolID: Signalling.protocolID), 2000) }
            return
        }
        bench.node.context.peers.describe(PeerDescription(peer: peer(7), protocolIDs: [Signalling.protocolID]))
        bench.node.context.wishes.append(.identified(link: 2000))
        bench.wait(.milliseconds(1))
    }

    var commands: [PeerConnectionCommand] {
        bench.outputs.compactMap { if case .peerConnection(_, let command) = $0 { command } else { nil } }
    }
    var link: UInt32 { bench.outputs.compactMap { if case .peerConnection(let link, _) = $0 { link } else { nil } }.last ?? 0 }
    var sessions: Int { (bench.node.services.signalling as? Signalling)?.sessionCount ?? -1 }
    var outcomes: [DialOutcome] { bench.events.compactMap { if case .dialAttempt(let outcome) = $0 { outcome } else { nil } } }
    var failures: [DialOutcome.Result] { outcomes.map { $0.result } }
    var opened: UInt32? {
        bench.outputs.compactMap {
            if case .link(2000, .openStream(let stream, [Signalling.protocolID], _)) = $0 { stream } else { nil }
        }.last
    }

    func sent(_ stream: UInt32) -> [[UInt8]] {
        bench.outputs.compactMap { if case .link(2000, .send(stream, let bytes, _)) = $0 { bytes } else { nil } }
    }

    func isReset(_ stream: UInt32) -> Bool { bench.outputs.contains(.link(2000, .reset(stream: stream))) }

    func receive(_ kind: SignallingMessage.Kind, _ text: String, _ stream: UInt32 = 9) {
        bench.feed(.data(stream: stream, SignallingMessage(kind, [UInt8](text.utf8)).framed), 2000)
    }

    func described(_ text: String) {
        bench.node.described(link: link, description: [UInt8](text.utf8), now: bench.now)
        bench.drain()
    }
}

@Suite struct SignallingTests {
    private func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

    @Test func messagesAreWrittenWithTheirZeroAndReadInAnyPieces() throws {
        #expect(SignallingMessage(.offer, bytes("ab")).framed == [6, 8, 0, 0x12, 2, 0x61, 0x62])
        let stream = SignallingMessage(.answer, bytes("x")).framed + SignallingMessage(.candidate, bytes("yz")).framed
        var inbox = MessageInbox()
        var seen: [SignallingMessage] = []
        for byte in stream {
            inbox.add([byte])
            while let message = inbox.next(limit: 100) { seen.append(try SignallingMessage(message)) }
        }
        #expect(seen == [SignallingMessage(.answer, bytes("x")), SignallingMessage(.candidate, bytes("yz"))])
        #expect(try SignallingMessage(ProtobufReader([0x12, 1, 0x61])) == SignallingMessage(.offer, bytes("a")))
        #expect(throws: SignallingFault.unexpectedType) { try SignallingMessage(ProtobufReader([8, 9])) }
        #expect(throws: SignallingFault.malformed) { try SignallingMessage(ProtobufReader([0x12, 9])) }
    }

    @Test func anAnswererAnswersAndIsConnected() {
        let bench = SignallingBench(isInbound: true)
        bench.receive(.offer, "offer")
        #expect(bench.commands == [.answer(bytes("offer"), stunServers: [])])
        bench.receive(.candidate, "early")
        bench.described("answer")
        #expect(bench.sent(9) == [SignallingMessage(.answer, bytes("answer")).framed])
        bench.receive(.candidate, "null")
        bench.receive(.candidate, "late")
        #expect(bench.commands.suffix(2) == [.candidate(bytes("early")), .candidate(bytes("late"))])
        let link = bench.link
        bench.bench.node.gathered(link: link, candidate: bytes("ours"), now: bench.bench.now)
        bench.bench.node.peerConnected(link: link, now: bench.bench.now)
        bench.bench.drain()
        #expect(bench.sent(9).last == SignallingMessage(.candidate, bytes("ours")).framed)
        #expect(bench.commands.last == .carry(peer(7), key(7).publicKey))
        #expect(bench.sessions == 0)
        bench.bench.establish(link, 7)
        let connection = bench.bench.node.bestConnection(to: peer(7), allowsLimited: false)
        #expect(connection?.id == link && connection?.isInbound == true && connection?.path == .direct(.webRTC))
        #expect(connection?.remoteAddress == address("/webrtc/p2p/\(peer(7).description)"))
        // The relayed connection is let go.
        bench.bench.wait(.seconds(11))
        #expect(bench.bench.closes(of: 2000) == [.superseded])
    }

    @Test func anOffererOffersAndIsConnected() throws {
        let bench = SignallingBench(isInbound: false)
        let stream = try #require(bench.opened)
        #expect(bench.commands.isEmpty)
        bench.bench.feed(.streamReady(stream: stream, protocolID: Signalling.protocolID), 2000)
        #expect(bench.commands == [.offer(stunServers: [])])
        bench.described("offer")
        #expect(bench.sent(stream) == [SignallingMessage(.offer, bytes("offer")).framed])
        bench.receive(.answer, "answer", stream)
        bench.receive(.candidate, "one", stream)
        #expect(bench.commands.suffix(2) == [.accept(bytes("answer")), .candidate(bytes("one"))])
        // The remote may be done first.
        bench.bench.feed(.finished(stream: stream), 2000)
        let link = bench.link
        bench.bench.node.peerConnected(link: link, now: bench.bench.now)
        bench.bench.drain()
        bench.bench.establish(link, 7)
        let connection = bench.bench.node.bestConnection(to: peer(7), allowsLimited: false)
        #expect(connection?.isInbound == false)
        #expect(connection?.remoteAddress == address("\(relayed)/webrtc/p2p/\(peer(7).description)"))
        #expect(bench.bench.node.nextDeadline < bench.bench.now + .seconds(11))
    }

    @Test(arguments: [true, false]) func theShellIsToldWhomToAskForItsAddress(isInbound: Bool) throws {
        let own = address("/ip4/198.51.100.7/udp/3478")
        let bench = SignallingBench(isInbound: isInbound, stunServers: [own])
        bench.bench.node.context.peers.describe(
            PeerDescription(
                peer: peer(9), protocolIDs: [STUNService.protocolID],
                listenAddresses: [address("/ip4/203.0.113.9/udp/4001/webrtc-direct")]))
        let servers = [own, address("/ip4/203.0.113.9/udp/4001")]
        if isInbound {
            bench.receive(.offer, "offer")
            #expect(bench.commands == [.answer(bytes("offer"), stunServers: servers)])
        } else {
            bench.bench.feed(.streamReady(stream: try #require(bench.opened), protocolID: Signalling.protocolID), 2000)
            #expect(bench.commands == [.offer(stunServers: servers)])
        }
    }

    @Test func badMessagesEndTheTry() {
        let cases: [(String, [[UInt8]])] = [
            ("an answer first", [SignallingMessage(.answer, []).framed]),
            ("a candidate first", [SignallingMessage(.candidate, []).framed]),
            ("two offers", [SignallingMessage(.offer, []).framed, SignallingMessage(.offer, []).framed]),
            ("too long", [[0xff, 0xff, 0x7f]]), ("endless length", [[0xff, 0xff, 0xff, 0xff]]), ("malformed", [[2, 0x12, 9]]),
            ("unknown", [[2, 8, 7]]),
            (
                "candidates",
                [SignallingMessage(.offer, []).framed]
                    + [[UInt8]](repeating: SignallingMessage(.candidate, [1]).framed, count: 65)
            ),
        ]
        for (name, messages) in cases {
            let bench = SignallingBench(isInbound: true)
            for message in messages { bench.bench.feed(.data(stream: 9, message), 2000) }
            #expect(bench.isReset(9) && bench.sessions == 0, "\(name)")
            #expect(bench.outcomes.count == 1 && bench.outcomes.last?.isInbound == true, "\(name)")
            #expect(bench.outcomes.last?.address == address("/webrtc/p2p/\(peer(7).description)"), "\(name)")
            #expect((bench.commands.last == .close) == (messages.count > 1), "\(name)")
            #expect(bench.bench.node.bestLink(for: peer(7), allowsLimited: true) == 2000)
        }
    }

    @Test func anAnswerMayNotComeTwice() throws {
        let bench = SignallingBench(isInbound: false)
        let stream = try #require(bench.opened)
        bench.bench.feed(.streamReady(stream: stream, protocolID: Signalling.protocolID), 2000)
        bench.described("offer")
        bench.receive(.answer, "a", stream)
        bench.receive(.answer, "b", stream)
        #expect(bench.commands.last == .close && bench.isReset(stream))
        #expect(bench.failures == [.failed(.peerFault(.signalling, code: SignallingFault.unexpectedType.rawValue))])
    }

    @Test func anOfferThatIsNeverAnsweredTimesOut() throws {
        let bench = SignallingBench(isInbound: false)
        let stream = try #require(bench.opened)
        bench.bench.feed(.streamReady(stream: stream, protocolID: Signalling.protocolID), 2000)
        bench.described("offer")
        bench.bench.wait(.seconds(31))
        #expect(bench.commands == [.offer(stunServers: []), .close] && bench.isReset(stream))
        #expect(bench.failures == [.failed(.timedOut(.signalling))] && bench.outcomes[0].isInbound == false)
        #expect(bench.bench.node.bestLink(for: peer(7), allowsLimited: true) == 2000)
    }

    @Test(arguments: [true, false]) func aFailedTryTellsHowFarItCame(isInbound: Bool) throws {
        let bench = SignallingBench(isInbound: isInbound)
        if isInbound {
            bench.receive(.offer, "offer")
        } else {
            bench.bench.feed(.streamReady(stream: try #require(bench.opened), protocolID: Signalling.protocolID), 2000)
        }
        bench.described("description")
        for pairs in 1...3 {
            bench.bench.node.peerProgressed(
                link: bench.link, PeerConnectionReport(.checking, checkedPairs: pairs), now: bench.bench.now)
        }
        let report = PeerConnectionReport(.checking, checkedPairs: 3)
        bench.bench.wait(.seconds(31))
        #expect(bench.outcomes.map(\.peerConnection) == [report])
        // Nobody has such a connection any more.
        bench.bench.node.peerProgressed(link: bench.link, report, now: bench.bench.now)
        #expect(bench.sessions == 0)
    }

    @Test func whoIsToOfferLateDoesNotIfTheRemoteHasBegun() {
        let bench = SignallingBench(isInbound: true)
        bench.bench.node.context.peers.describe(PeerDescription(peer: peer(7), protocolIDs: [Signalling.protocolID]))
        bench.bench.node.context.wishes.append(.identified(link: 2000))
        bench.bench.wait(.seconds(1))
        bench.receive(.offer, "offer")
        bench.bench.wait(.seconds(10))
        #expect(bench.opened == nil && bench.sessions == 1)
        #expect(bench.commands == [.answer(bytes("offer"), stunServers: [])])
    }

    @Test func aRemoteThatDoesNotOfferIsOffered() {
        let bench = SignallingBench(isInbound: true, isSilent: true)
        bench.bench.node.context.peers.describe(PeerDescription(peer: peer(7), protocolIDs: [Signalling.protocolID]))
        bench.bench.node.context.wishes.append(.identified(link: 2000))
        bench.bench.wait(.milliseconds(4900))
        #expect(bench.opened == nil)
        bench.bench.wait(.milliseconds(200))
        #expect(bench.opened != nil)
    }

    @Test func aPeerThatHangsUpEndsTheTry() throws {
        let bench = SignallingBench(isInbound: false)
        let stream = try #require(bench.opened)
        bench.bench.feed(.streamReady(stream: stream, protocolID: Signalling.protocolID), 2000)
        bench.bench.feed(.closed(.link(errno: 0)), 2000)
        #expect(bench.commands == [.offer(stunServers: []), .close])
        #expect(bench.sessions == 0)
        bench.bench.wait(.seconds(60))
        #expect(bench.commands.count == 2)
    }

    @Test func aPeerThatOffersAndLeavesEndsTheTry() {
        let bench = SignallingBench(isInbound: true)
        bench.receive(.offer, "offer")
        bench.bench.feed(.closed(.link(errno: 0)), 2000)
        #expect(bench.commands == [.answer(bytes("offer"), stunServers: []), .close])
        #expect(bench.sessions == 0 && bench.failures == [.failed(.link(errno: 0))])
    }

    @Test func onePeerAndAllTogetherHaveTheirBounds() {
        let bench = SignallingBench(isInbound: true)
        bench.bench.feed(.streamOpened(stream: 11, protocolID: Signalling.protocolID), 2000)
        #expect(bench.isReset(11) && bench.sessions == 1)
    }

    @Test func aConnectionThatNobodyWaitsForIsGivenUp() {
        let bench = SignallingBench(isInbound: true)
        bench.bench.node.peerConnected(link: 77, now: bench.bench.now)
        bench.bench.drain()
        #expect(bench.bench.outputs.last == .peerConnection(link: 77, .close))
    }
}

@Suite struct UpgradeTests {
    private func pair() -> (NodeNetwork, Node, Node) {
        let network = NodeNetwork()
        let alice = network.add(1, at: "/ip4/192.0.2.1/tcp/4001") { $0.webRTC = true }
        let bob = network.add(2, at: "/ip4/192.0.2.2/tcp/4001") { $0.webRTC = true }
        return (network, alice, bob)
    }

    @Test func aRelayedConnectionBecomesADirectOne() {
        let (network, alice, bob) = pair()
        network.relay(alice, bob)
        for (node, other) in [(alice, bob), (bob, alice)] {
            #expect(node.bestConnection(to: other.peerID, allowsLimited: false) != nil)
            #expect(node.connectionDescriptions.count == 2)
        }
        #expect(network.offers == 1)
        network.wait(.seconds(30))
        for node in [alice, bob] {
            #expect(node.connectionDescriptions.count == 1)
            #expect(node.connectionDescriptions[0].limit == nil)
            #expect(!network.events(of: node).contains { if case .happened(.peerDisconnected) = $0 { true } else { false } })
        }
        #expect(alice.connectionDescriptions[0].isInbound == false)
        network.wait(.seconds(600))
        #expect(network.offers == 1)
    }

    @Test(arguments: [(2, 10), (60, 1)] as [(UInt64, UInt64)])
    func aDirectConnectionThatIsLostIsMadeAgain(lived: UInt64, pause: UInt64) throws {
        let (network, alice, bob) = pair()
        network.relay(alice, bob)
        for one in alice.connectionDescriptions where one.limit != nil { try network.use(one.id, of: alice) }
        network.wait(.seconds(lived))
        network.cutDirect(bob)
        network.wait(.milliseconds(pause * 1000 - 500))
        #expect(network.offers == 1)
        #expect(alice.connectionDescriptions.count == 1 && bob.connectionDescriptions.count == 1)
        network.wait(.seconds(1))
        #expect(network.offers == 2)
        for node in [alice, bob] { #expect(node.connectionDescriptions.count { $0.limit == nil } == 1) }
        // Without the relayed one there is nothing to make it by.
        network.rest()
        network.wait(.seconds(60))
        network.cutDirect(alice)
        network.wait(.seconds(60))
        #expect(network.offers == 2)
        #expect(alice.connectionDescriptions.isEmpty)
    }

    @Test func whereThereIsNoPathTheRelayedConnectionStays() {
        let (network, alice, bob) = pair()
        network.hasDirectPath = false
        network.relay(alice, bob)
        #expect(network.offers == 1)
        #expect(alice.connectionDescriptions.count == 1 && bob.connectionDescriptions.count == 1)
        // 10, 20, 40 s.
        for (time, offers) in [(9, 1), (2, 2), (18, 2), (3, 3), (37, 3), (4, 4)] as [(UInt64, Int)] {
            network.wait(.seconds(time))
            #expect(network.offers == offers)
        }
        #expect(alice.connectionDescriptions.count == 1 && alice.connectionDescriptions[0].limit != nil)
        // The path comes into being.
        network.hasDirectPath = true
        network.wait(.seconds(120))
        #expect(alice.connectionDescriptions.map { $0.limit } == [nil])
    }
}
