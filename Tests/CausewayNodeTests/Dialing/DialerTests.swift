import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let first = "/ip4/203.0.113.1/tcp/4001"
private let second = "/ip4/203.0.113.2/tcp/4001"

private func circuit(over relay: String, _ relayNumber: UInt8) -> String { "\(relay)/p2p/\(peer(relayNumber).description)/p2p-circuit" }

extension NodeBench {
    /// The connections that answer a request: one, or none if it failed or waits.
    func connected(by request: UInt32) -> [UInt32] {
        answers(to: request).compactMap { if case .connected(let connection) = $0 { connection.id } else { nil } }
    }
}

@Test func dialAnswersOnceTheConnectionStands() {
    let bench = NodeBench()
    bench.connect(1, 7, [first + "/p2p/" + peer(7).description])
    let link = bench.link(to: first)
    #expect(link != 0 && link % 2 == 0)
    #expect(bench.answers(to: 1).isEmpty)
    bench.stand(link)
    bench.establish(link, 7)
    #expect(bench.connected(by: 1) == [link])
    bench.connect(2, 7, [second])
    #expect(bench.connected(by: 2) == [link])
    #expect(bench.dials.count == 1)
    #expect(bench.node.bestLink(for: peer(7), allowsLimited: false) == link)
}

@Test func addressesAreRankedAndStaggered() {
    let bench = NodeBench()
    bench.connect(
        1, 7,
        [
            "/ip4/203.0.113.1/tcp/443/tls/ws", "/ip4/203.0.113.1/tcp/80/ws", first, "/ip6/2001:db8::1/tcp/4001", "/ip4/10.0.0.5/tcp/1",
            "/ip4/10.0.0.6/tcp/1",
        ])
    #expect(bench.dials.map { $0.address } == ["/ip4/10.0.0.5/tcp/1", "/ip6/2001:db8::1/tcp/4001"])
    bench.wait(.milliseconds(30))
    #expect(bench.dials.count == 3)
    bench.wait(.milliseconds(220))
    #expect(bench.dials.last?.address == first)
    // A failure does not wait for the next one's turn.
    bench.feed(.closed(.link(errno: 111)), bench.link(to: first))
    #expect(bench.dials.last?.address == "/ip4/203.0.113.1/tcp/80/ws")
    bench.wait(.milliseconds(250))
    #expect(bench.dials.last?.address == "/ip4/203.0.113.1/tcp/443/tls/ws")
}

/// TCP is the cheapest, and has a head start of everything else.
@Test func webRTCIsTriedLast() throws {
    let bench = NodeBench()
    let direct = try Multiaddr("/ip4/203.0.113.1/udp/4001/webrtc-direct")
        .naming(certificates: [[0x12, 0x20] + [UInt8](repeating: 1, count: 32)]).description
    let local = "/ip4/10.0.0.5/tcp/1"
    let localDirect = direct.replacing("203.0.113.1", with: "10.0.0.5")
    bench.connect(1, 7, [direct, localDirect, "/ip4/203.0.113.1/tcp/4002/ws", first, local])
    #expect(bench.dials.map { $0.address } == [local, first])
    bench.wait(.milliseconds(30))
    #expect(bench.dials.map { $0.address } == [local, first, localDirect])
    bench.wait(.milliseconds(220))
    #expect(bench.dials.last?.address == "/ip4/203.0.113.1/tcp/4002/ws")
    bench.wait(.milliseconds(250))
    #expect(bench.dials.last?.address == direct)
}

@Test func losersAreCancelledAndEveryAddressIsExplained() {
    let bench = NodeBench()
    bench.connect(1, 7, ["/ip4/10.0.0.5/tcp/1", first, second])
    let link = bench.link(to: first)
    bench.establish(link, 7)
    #expect(bench.connected(by: 1) == [link])
    #expect(bench.closes(of: bench.link(to: "/ip4/10.0.0.5/tcp/1")) == [.cancelled])
    let attempts = bench.events.compactMap { if case .dialAttempt(let outcome) = $0 { outcome } else { nil } }
    #expect(attempts.map { $0.result } == [.connected, .cancelled, .cancelled])
    // Late news of a loser is nobody's.
    bench.clear()
    bench.establish(bench.link(to: "/ip4/10.0.0.5/tcp/1"), 7)
    #expect(bench.node.connectionDescriptions.count == 1)
}

@Test func aDialThatHasComeFurtherThanTheNodeKnowsOutlivesTheOthers() {
    let bench = NodeBench()
    bench.connect(1, 7, [first])
    let link = bench.link(to: first)
    let other = bench.inbound(7)
    #expect(bench.connected(by: 1) == [other])
    #expect(bench.outputs.contains(.link(link, .cancelDial)) && bench.closes(of: link).isEmpty)
    bench.establish(link, 7)
    #expect(bench.node.connectionDescriptions.map { $0.id } == [other, link])
    #expect(bench.node.services.dialer.nextDeadline == .distantFuture)
}

@Test func aDialThatIsGivenUpForTheOthersIsNotHeldAgainstItsAddress() {
    let bench = NodeBench()
    bench.connect(1, 7, [first])
    let link = bench.link(to: first)
    let other = bench.inbound(7)
    bench.feed(.closed(.closed(.application)), other)
    // Whoever asks meanwhile gets a dial of its own.
    bench.connect(2, 7, [first])
    bench.wait(.milliseconds(250))
    let anew = bench.link(to: first)
    #expect(anew != link)
    bench.feed(.closed(.closed(.cancelled)), link)
    let attempts = bench.events.compactMap { if case .dialAttempt(let outcome) = $0 { outcome.result } else { nil } }
    #expect(attempts == [.cancelled] && bench.answers(to: 2).isEmpty)
    bench.establish(anew, 7)
    #expect(bench.connected(by: 2) == [anew])
}

@Test func failureTellsEachAddress() {
    let bench = NodeBench()
    let quic = "/ip4/203.0.113.1/udp/4001/quic-v1"
    bench.connect(1, 7, [first, second, quic, "/ip4/203.0.113.3/tcp/1/p2p/\(peer(8).description)"])
    bench.feed(.closed(.wrongPeer(expected: peer(7), actual: peer(9))), bench.link(to: first))
    bench.feed(.closed(.timedOut(.noise)), bench.link(to: second))
    #expect(
        bench.failures(of: 1) == [
            first: .failed(.wrongPeer(expected: peer(7), actual: peer(9))), second: .failed(.timedOut(.noise)), quic: .unsupported,
            "/ip4/203.0.113.3/tcp/1": .failed(.wrongPeer(expected: peer(7), actual: peer(8))),
        ])
    #expect(bench.answers(to: 1).count == 1)
}

@Test func unknownPeerAndOwnPeer() {
    let bench = NodeBench()
    bench.node.listening([address(second)], now: bench.now)
    bench.connect(1, 7, [])
    #expect(bench.answers(to: 1) == [.notConnected([])])
    bench.connect(2, 100, [first])
    #expect(bench.failures(of: 2) == [first: .ownPeer])
    bench.connect(3, 7, [second])
    #expect(bench.failures(of: 3) == [second: .ownPeer])
    #expect(bench.dials.count == 0)
}

@Test func dialsOfOnePeerAreJoined() {
    let bench = NodeBench()
    bench.connect(1, 7, [first])
    bench.connect(2, 7, [first, second])
    bench.node.cancel(request: 1, now: bench.now)
    bench.drain()
    #expect(bench.answers(to: 1) == [.cancelled])
    #expect(bench.dials.map { $0.address } == [first])
    bench.feed(.closed(.link(errno: 111)), bench.link(to: first))
    #expect(bench.dials.last?.address == second)
    bench.establish(bench.link(to: second), 7)
    #expect(bench.connected(by: 2) == [bench.link(to: second)])
}

@Test func cancellationClosesWhatIsUnderWay() {
    let bench = NodeBench()
    bench.connect(1, 7, [first, "/dns4/example.com/tcp/1"])
    bench.node.cancel(request: 1, now: bench.now)
    bench.drain()
    #expect(bench.answers(to: 1) == [.cancelled])
    #expect(bench.closes(of: bench.link(to: first)) == [.cancelled])
    bench.resolve(bench.lookUps[0].request, [second])
    #expect(bench.dials.count == 1)
    bench.node.cancel(request: 1, now: bench.now)
    bench.drain()
    #expect(bench.answers(to: 1).count == 1)
    #expect(bench.node.services.dialer.nextDeadline == .distantFuture)
}

@Test func deadlinesOfAttemptAndRequest() {
    let bench = NodeBench { $0.limits.dialsPerPeer = 1 }
    bench.connect(1, 7, [first, second])
    bench.wait(.milliseconds(9999))
    #expect(bench.dials.count == 1)
    bench.wait(.milliseconds(1))
    #expect(bench.dials.count == 2)
    bench.wait(.seconds(5))
    #expect(bench.failures(of: 1) == [first: .failed(.timedOut(.transport)), second: .failed(.timedOut(.transport))])
    #expect(bench.closes(of: bench.link(to: second)) == [.cancelled])
}

@Test func dialsAreLimitedPerPeerAndInAll() {
    let bench = NodeBench {
        $0.limits.dials = 3
        $0.limits.dialsPerPeer = 2
    }
    let many = (1...4).map { "/ip4/10.0.0.\($0)/tcp/1" }
    bench.connect(1, 7, many)
    bench.connect(2, 8, (1...4).map { "/ip4/10.0.1.\($0)/tcp/1" })
    bench.wait(.seconds(1))
    #expect(bench.dials.count == 3)
    bench.feed(.closed(.link(errno: 111)), bench.dials[0].link)
    #expect(bench.dials.count == 4)
    bench.wait(.seconds(20))
    #expect(bench.answers(to: 1).count == 1 && bench.answers(to: 2).count == 1)
}

@Test func failedAddressesAreHeldBackUntilTheUserNamesThem() {
    let bench = NodeBench()
    bench.node.addAddresses([address(first)], of: peer(7), now: bench.now)
    bench.connect(1, 7, [])
    bench.feed(.closed(.link(errno: 111)), bench.link(to: first))
    bench.connect(2, 7, [])
    #expect(bench.failures(of: 2) == [first: .backedOff])
    bench.connect(3, 7, [first])
    #expect(bench.dials.count == 2)
    bench.feed(.closed(.link(errno: 111)), bench.link(to: first))
    bench.wait(.milliseconds(5999))
    bench.connect(4, 7, [])
    #expect(bench.failures(of: 4) == [first: .backedOff])
    bench.wait(.milliseconds(1))
    bench.connect(5, 7, [])
    #expect(bench.dials.count == 3)
}

@Test func backoffGrowsAndStaysBounded() {
    var backoff = DialBackoff()
    var now = Instant(nanoseconds: 0)
    for failures in UInt64(1)...30 {
        backoff.failed(peer(7), address(first), at: now)
        let hold = min(5 + min(failures, 17) * min(failures, 17), 300)
        let holdsUntilThen = backoff.holds(peer(7), address(first), at: now + .milliseconds(hold * 1000 - 1))
        now = now + .seconds(hold)
        let holdsThen = backoff.holds(peer(7), address(first), at: now)
        #expect(holdsUntilThen && !holdsThen)
    }
    for port in 0..<10_000 { backoff.failed(peer(7), .tcp(ip: [10, 0, 0, 1], port: UInt16(port)), at: now) }
    #expect(backoff.count <= DialBackoff.capacity)
}

// MARK: Names

@Test func namesAreLookedUpAndKeepTheirNameForTLS() {
    let bench = NodeBench()
    bench.connect(1, 7, ["/dns4/example.com/tcp/443/wss", "/dns/example.org/tcp/1"])
    #expect(bench.lookUps.map { $0.address } == ["/dns/example.org/tcp/1", "/dns4/example.com/tcp/443/wss"])
    bench.resolve(bench.lookUps[1].request, ["/ip4/203.0.113.1/tcp/443/wss"])
    #expect(bench.dials.map { $0.address } == ["/ip4/203.0.113.1/tcp/443/tls/sni/example.com/ws"])
    bench.resolve(bench.lookUps[0].request, [], code: 8)
    bench.feed(.closed(.link(errno: 111)), bench.dials[0].link)
    #expect(
        bench.failures(of: 1) == [
            "/dns/example.org/tcp/1": .unresolved(code: 8),
            "/ip4/203.0.113.1/tcp/443/tls/sni/example.com/ws": .failed(.link(errno: 111)),
        ])
}

@Test func aDialKnowsTheNameOfItsHost() {
    let cases: [(address: String, found: String?, hostName: String?)] = [
        ("/dns4/example.com/tcp/80/ws", "/ip4/203.0.113.1/tcp/80/ws", "example.com"),
        ("/dns4/example.com/tcp/443/wss", "/ip4/203.0.113.1/tcp/443/wss", "example.com"),
        ("/dns/example.com/tcp/443/tls/sni/other.example/ws", "/ip4/203.0.113.1/tcp/443/tls/sni/other.example/ws", "other.example"),
        ("/ip4/203.0.113.1/tcp/443/tls/sni/other.example/ws", nil, "other.example"), ("/ip4/203.0.113.1/tcp/80/ws", nil, nil),
        ("/dnsaddr/example.com", "/ip4/203.0.113.1/tcp/80/ws", nil),
    ]
    for one in cases {
        let bench = NodeBench()
        bench.connect(1, 7, [one.address])
        if let found = one.found { bench.resolve(bench.lookUps[0].request, [found]) }
        #expect(bench.targets.map { $0.target.hostName } == [one.hostName.map { [UInt8]($0.utf8) }], "\(one.address)")
        #expect(bench.targets.map { $0.target.expecting } == [peer(7)])
    }
}

@Test func aPlatformThatLooksNamesUpGetsThemAsTheyAre() {
    let bench = NodeBench { $0.transports = .browser }
    bench.connect(1, 7, ["/dns4/example.com/tcp/443/wss", "/dnsaddr/example.com"])
    #expect(bench.lookUps.isEmpty)
    #expect(bench.dials.map { $0.address } == ["/dns4/example.com/tcp/443/wss"])
    bench.feed(.closed(.link(errno: 111)), bench.dials[0].link)
    #expect(
        bench.failures(of: 1) == [
            "/dns4/example.com/tcp/443/wss": .failed(.link(errno: 111)), "/dnsaddr/example.com": .unresolved(code: 0),
        ])
}

@Test func namesOfManyPeersGiveOnlyTheOnesMeant() {
    let bench = NodeBench()
    bench.connect(1, 7, ["/dnsaddr/example.com"])
    bench.resolve(bench.lookUps[0].request, [first + "/p2p/" + peer(8).description, second + "/p2p/" + peer(7).description])
    #expect(bench.dials.map { $0.address } == [second])
}

@Test func endlessNamesEnd() {
    let bench = NodeBench()
    bench.connect(1, 7, ["/dnsaddr/0.example"])
    for level in 0..<8 where level < bench.lookUps.count {
        bench.resolve(bench.lookUps[level].request, ["/dnsaddr/\(level + 1).example"])
    }
    #expect(bench.lookUps.count == Dialer.nameLevels)
    #expect(bench.failures(of: 1) == ["/dnsaddr/4.example": .failed(.peerFault(.dns, code: 1))])
    // A record of thousands of addresses.
    bench.connect(2, 8, ["/dnsaddr/many.example"])
    bench.resolve(bench.lookUps[4].request, (0..<1000).map { "/ip4/203.0.113.1/tcp/\($0 + 1)" })
    bench.wait(.seconds(20))
    #expect(bench.dials.count < Dialer.addressLimit)
    #expect(bench.failures(of: 2).count <= Dialer.addressLimit + 1)
    #expect(bench.failures(of: 2).values.contains(.limit(.addressesPerPeer, value: UInt64(Dialer.addressLimit))))
}

// MARK: Circuits

@Test func circuitIsDialledOverItsRelay() {
    let bench = NodeBench()
    let address = circuit(over: first, 9)
    bench.connect(1, 7, [address + "/p2p/" + peer(7).description])
    // The relay first.
    let relayLink = bench.link(to: first)
    bench.establish(relayLink, 9)
    let hop = bench.opened(HopCodec.hopID)
    #expect(hop.count == 1 && hop[0].link == relayLink)
    bench.feed(.streamReady(stream: hop[0].stream, protocolID: HopCodec.hopID), relayLink)
    let limit = CircuitLimit(bytes: 1 << 17, seconds: 120)
    bench.feed(.data(stream: hop[0].stream, HopCodec.encode(.status(HopStatus.ok, reservation: nil, limit: limit))), relayLink)
    let link = bench.outputs.compactMap { if case .circuit(let link, hop[0], true, peer(7), limit) = $0 { link } else { nil } }
    #expect(link.count == 1)
    bench.establish(link[0], 7)
    #expect(bench.connected(by: 1) == [link[0]])
    let description = bench.node.connectionDescription(link[0])
    #expect(description?.path == .relayed(by: peer(9), limit: limit) && description?.isInbound == false)
    #expect(bench.node.bestLink(for: peer(7), allowsLimited: false) == nil)
    // One explicit circuit is taken as consent; a request that says nothing is not.
    bench.connect(2, 7, [])
    #expect(bench.answers(to: 2) == [.notConnected([])])
}

@Test func refusalByTheRelayIsTold() {
    let bench = NodeBench()
    bench.inbound(9)
    let address = circuit(over: first, 9)
    bench.connect(1, 7, [address])
    let hop = bench.opened(HopCodec.hopID)[0]
    bench.feed(.data(stream: hop.stream, HopCodec.encode(.status(HopStatus.noReservation, reservation: nil, limit: nil))), hop.link)
    #expect(bench.failures(of: 1) == [address: .refusedByRelay(status: HopStatus.noReservation)])
    #expect(bench.dials.count == 0)
}

@Test func unreachableRelayFailsItsCircuit() {
    let bench = NodeBench()
    let address = circuit(over: first, 9)
    bench.connect(1, 7, [address])
    bench.connect(2, 8, [address])
    #expect(bench.dials.count == 1)
    bench.feed(.closed(.link(errno: 111)), bench.link(to: first))
    #expect(bench.failures(of: 1) == [address: .failed(.link(errno: 111))])
    #expect(bench.failures(of: 2) == [address: .failed(.link(errno: 111))])
}

@Test func badCircuitAddressesAreRefused() {
    let bench = NodeBench()
    let nameless = first + "/p2p-circuit"
    let twofold = circuit(over: circuit(over: first, 9) + "/p2p/" + peer(10).description, 10)
    let ours = circuit(over: first, 100)
    let targets = circuit(over: first, 7)
    bench.connect(1, 7, [nameless, ours, targets])
    #expect(bench.failures(of: 1) == [nameless: .unsupported, ours: .unsupported, targets: .unsupported])
    bench.connect(2, 7, [twofold])
    #expect(bench.failures(of: 2).values.allSatisfy { $0 == .unsupported } && bench.failures(of: 2).count == 1)
    #expect(bench.dials.count == 0)
}

@Test func relayedAddressesWaitForDirectOnes() {
    let bench = NodeBench()
    bench.connect(1, 7, [circuit(over: first, 9), second], limited: true)
    #expect(bench.dials.map { $0.address } == [second])
    bench.wait(.milliseconds(499))
    #expect(bench.dials.count == 1)
    bench.wait(.milliseconds(1))
    #expect(bench.dials.map { $0.address } == [second, first])
}

@Test func cancelledCircuitsLeaveNothing() {
    let bench = NodeBench()
    bench.connect(1, 7, [circuit(over: first, 9)])
    bench.node.cancel(request: 1, now: bench.now)
    bench.drain()
    #expect(bench.closes(of: bench.link(to: first)) == [.cancelled])
    bench.inbound(9)
    bench.connect(2, 7, [circuit(over: first, 9)])
    let hop = bench.opened(HopCodec.hopID)[0]
    bench.node.cancel(request: 2, now: bench.now)
    bench.drain()
    #expect(bench.wasReset(hop))
    #expect(
        bench.node.services.dialer.byLink.isEmpty && bench.node.services.dialer.dials.isEmpty && bench.node.context.expectedLinks.isEmpty)
}
