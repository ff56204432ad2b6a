import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite struct HolePunchingTests {
    @Test func theInitiatorDialsHalfARoundTripAfterItsSYNC() throws {
        let punch = PunchBench(isInitiator: true)
        let stream = try #require(punch.opened.first)
        // The relay's view of the listener's port; the private address is what hosts of the same network dial.
        let offer = HolePunchMessage(.connect, [address(observedAddress), address("/ip4/192.168.1.2/tcp/4001")])
        #expect(punch.bench.sent(on: stream) == offer.framed)
        punch.bench.wait(.milliseconds(79))
        punch.receive(.connect, [punchedAddress], on: stream)
        #expect(punch.bench.sent(on: stream) == offer.framed + HolePunchMessage(.sync).framed)
        #expect(punch.bench.wasFinished(stream) && punch.dials.isEmpty)
        punch.bench.wait(.milliseconds(39))
        #expect(punch.dials.isEmpty)
        punch.bench.wait(.milliseconds(1))
        // The second one may take any port, and reaches a listener that lets it in.
        #expect(
            punch.dials == [
                DialTarget(address(punchedAddress), expecting: peer(7), from: 4001, as: .simultaneousServer),
                DialTarget(address(punchedAddress), expecting: peer(7)),
            ])
    }

    @Test func theOtherSideDialsWhenSYNCComes() {
        let punch = PunchBench(isInitiator: false)
        let stream = punch.open()
        punch.receive(.connect, [punchedAddress], on: stream)
        #expect(
            punch.bench.sent(on: stream)
                == HolePunchMessage(.connect, [address(observedAddress), address("/ip4/192.168.1.2/tcp/4001")]).framed)
        #expect(punch.dials.isEmpty && punch.opened.isEmpty)
        punch.receive(.sync, on: stream)
        #expect(
            punch.dials == [
                DialTarget(address(punchedAddress), expecting: peer(7), from: 4001, as: .simultaneousClient),
                DialTarget(address(punchedAddress), expecting: peer(7)),
            ])
        #expect(punch.bench.wasFinished(stream))
    }

    @Test func theServerOfACrossedConnectionCountsItAsInbound() throws {
        let punch = PunchBench(isInitiator: true)
        try punch.dial()
        let (server, dialler) = (punch.link(as: .simultaneousServer), punch.link(as: .dialler))
        punch.bench.establish(server, 7)
        let best = punch.bench.node.bestConnection(to: peer(7), allowsLimited: false)
        #expect(best?.id == server && best?.isInbound == true && best?.path == .direct(.tcp))
        // The other dial goes on if the remote may count on it.
        #expect(punch.bench.outputs.contains(.link(dialler, .cancelDial)) && punch.bench.closes(of: dialler).isEmpty)
        #expect(punch.outcomes.map(\.result) == [.connected] && punch.punches == 0)
        punch.bench.wait(.seconds(100))
        #expect(punch.opened.count == 1)
        #expect(punch.bench.closes(of: punch.circuit).first == .superseded)
    }

    @Test func theClientOfACrossedConnectionHasDialledIt() {
        let punch = PunchBench(isInitiator: false)
        let stream = punch.open()
        punch.receive(.connect, [punchedAddress], on: stream)
        punch.receive(.sync, on: stream)
        punch.bench.establish(punch.link(as: .simultaneousClient), 7)
        #expect(punch.bench.node.bestConnection(to: peer(7), allowsLimited: false)?.isInbound == false)
        #expect(punch.outcomes.map(\.result) == [.connected] && punch.outcomes.map(\.isInbound) == [true])
    }

    @Test func whatTheRemoteAdvertisesIsDialledAtOnce() {
        let punch = PunchBench(
            isInitiator: true, known: [punchedAddress, "/ip4/203.0.113.50/tcp/443/ws", relayedAddress, "/ip4/10.0.0.9/tcp/1"])
        // Before anything has come back.
        #expect(punch.dials == [DialTarget(address(punchedAddress), expecting: peer(7))] && punch.opened.count == 1)
        punch.bench.establish(punch.link(as: .dialler), 7)
        #expect(punch.punches == 0 && punch.bench.wasReset(punch.opened[0]))
        punch.bench.wait(.seconds(100))
        #expect(punch.opened.count == 1)
    }

    @Test func withoutAnAddressOfItsOwnItOnlyDials() {
        let punch = PunchBench(isInitiator: true, seen: nil, listens: false, known: [punchedAddress])
        #expect(punch.dials.count == 1 && punch.opened.isEmpty && punch.punches == 1)
        punch.bench.feed(.closed(.link(errno: 111)), punch.link(as: .dialler))
        punch.bench.wait(.milliseconds(1))
        #expect(punch.punches == 0)
        let mute = PunchBench(isInitiator: true, seen: nil, listens: false)
        #expect(mute.punches == 0 && mute.opened.isEmpty)
        // The relay says it later, and the next round finds it.
        mute.bench.node.context.peers.describe(PeerDescription(peer: peer(9), observedAddress: address(observedAddress)))
        mute.bench.wait(.seconds(11))
        #expect(mute.opened.count == 1)
    }

    /// A node that does not listen, or whose listener has had no part in the connection to the relay.
    @Test func itDialsFromThePortThatTheRelayHasSeen() throws {
        for listens in [false, true] {
            let punch = PunchBench(isInitiator: true, port: 50_000, listens: listens)
            try punch.dial()
            #expect(punch.dials.first?.localPort == 50_000)
        }
        let unseen = PunchBench(isInitiator: true, seen: nil)
        try unseen.dial()
        #expect(unseen.dials.first?.localPort == 4001)
    }

    @Test func theListenersPortIsPreferred() throws {
        let punch = PunchBench(isInitiator: false, port: 50_000)
        let context = punch.bench.node.context
        for (index, port) in [4001, 4001, 4001, 4001, 4002].enumerated() {
            let link = UInt32(3000 + 2 * index)
            context.expectLink(
                link, remoteAddress: address("/ip4/203.0.113.\(20 + index)/tcp/1/ws"),
                localAddress: address("/ip4/192.168.1.2/tcp/\(port)/ws"),
                path: .direct(.webSocket), carrier: nil, isInbound: false)
            punch.bench.establish(link, UInt8(20 + index))
            context.peers.describe(
                PeerDescription(peer: peer(UInt8(20 + index)), observedAddress: address("/ip4/198.51.100.7/tcp/\(9000 + index)/ws")))
        }
        let stream = punch.open()
        punch.receive(.connect, [punchedAddress], on: stream)
        let expected = (0..<HolePunchOffer.views).map { "/ip4/198.51.100.7/tcp/\(9000 + $0)" } + ["/ip4/192.168.1.2/tcp/4001"]
        #expect(punch.bench.sent(on: stream) == HolePunchMessage(.connect, expected.map { address($0) }).framed)
        punch.receive(.sync, on: stream)
        #expect(punch.dials.map(\.localPort) == [4001, nil])
    }

    /// The oldest of many connections are asked.
    @Test func itAsksOnlySoManyConnections() throws {
        let punch = PunchBench(isInitiator: false, seen: nil)
        for index in 0..<HolePunchOffer.connections {
            let number = UInt8(110 + index)
            punch.bench.node.context.expectLink(
                UInt32(3000 + 2 * index), remoteAddress: address("/ip4/203.0.113.20/tcp/1"),
                localAddress: address("/ip4/192.168.1.2/tcp/4001"), path: .direct(.tcp), carrier: nil, isInbound: false)
            punch.bench.establish(UInt32(3000 + 2 * index), number)
            let isLast = index == HolePunchOffer.connections - 1
            if isLast {
                punch.bench.node.context.peers.describe(PeerDescription(peer: peer(number), observedAddress: address(observedAddress)))
            }
        }
        let stream = punch.open()
        punch.receive(.connect, [punchedAddress], on: stream)
        #expect(punch.bench.sent(on: stream) == HolePunchMessage(.connect, [address("/ip4/192.168.1.2/tcp/4001")]).framed)
    }

    // MARK: Failure

    @Test func threeAttemptsAndTheLastWithTheRolesOfOldPeers() throws {
        let punch = PunchBench(isInitiator: true)
        var roles: [DialTarget.Role] = []
        for attempt in 1...3 {
            #expect(punch.opened.count == attempt)
            let before = punch.dials.count
            try punch.dial()
            #expect(punch.dials.count == before + 2)
            roles.append(punch.dials[before].role)
            punch.bench.wait(.seconds(4))
        }
        #expect(roles == [.simultaneousServer, .simultaneousServer, .simultaneousClient])
        #expect(punch.punches == 0 && punch.outcomes.map(\.result) == Array(repeating: .failed(.timedOut(.holePunching)), count: 3))
        // All dials have ended.
        for (link, _) in punch.bench.targets { #expect(punch.bench.closes(of: link) == [.cancelled]) }
        punch.bench.wait(.milliseconds(9990))
        #expect(punch.opened.count == 3)
        punch.bench.wait(.milliseconds(10))
        #expect(punch.opened.count == 4, "the coordinator begins again")
    }

    @Test func whatIsRefusedIsDialledAgainAFewTimes() throws {
        var limits = HolePunchLimits()
        limits.redials = 2
        let punch = PunchBench(isInitiator: false, limits: limits)
        let stream = punch.open()
        punch.receive(.connect, [punchedAddress], on: stream)
        punch.receive(.sync, on: stream)
        for count in 1...3 {
            #expect(punch.dials.count == 2 * count && punch.punches == 1)
            for (link, _) in punch.bench.targets.suffix(2) { punch.bench.feed(.closed(.link(errno: 111)), link) }
            punch.bench.wait(.milliseconds(199))
            #expect(punch.dials.count == 2 * count)
            punch.bench.wait(.milliseconds(1))
        }
        #expect(punch.dials.count == 6 && punch.punches == 0 && punch.outcomes.map(\.result) == [.failed(.link(errno: 111))])
    }

    @Test func anotherPeerThereIsNotDialledAgain() throws {
        let punch = PunchBench(isInitiator: true)
        try punch.dial()
        for (link, _) in punch.bench.targets { punch.bench.feed(.closed(.wrongPeer(expected: peer(7), actual: peer(8))), link) }
        punch.bench.wait(.milliseconds(1))
        #expect(punch.opened.count == 2, "the next attempt begins at once")
    }

    @Test func theNextAttemptEndsTheOneBefore() {
        let punch = PunchBench(isInitiator: false)
        for stream in [UInt32(9), 11] {
            let key = punch.open(stream)
            punch.receive(.connect, [punchedAddress], on: key)
            punch.receive(.sync, on: key)
        }
        #expect(punch.punches == 1 && punch.dials.count == 4)
        let links = punch.bench.targets.map(\.link)
        #expect(links.map { punch.bench.closes(of: $0) } == [[.cancelled], [.cancelled], [], []])
        punch.bench.wait(.seconds(6))
        #expect(punch.punches == 0 && links.allSatisfy { punch.bench.closes(of: $0) == [.cancelled] })
    }

    @Test func aPeerThatDoesNotSpeakItIsLeftAlone() {
        let punch = PunchBench(isInitiator: false)
        punch.identify()
        let mute = PunchBench(isInitiator: true)
        #expect(punch.opened.isEmpty && punch.punches == 0 && mute.punches == 1)
        mute.bench.feed(.streamFailed(stream: mute.opened[0].stream, .unsupportedProtocol), mute.circuit)
        #expect(mute.outcomes.map(\.result) == [.failed(.noCommonProtocol(.holePunching))] && mute.punches == 0)
    }
}
