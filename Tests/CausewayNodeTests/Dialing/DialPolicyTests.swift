import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let first = "/ip4/203.0.113.1/tcp/4001"
private let second = "/ip4/203.0.113.2/tcp/4001"

/// A protocol that asks for connections.
private final class Asker: NodeProtocol {
    var answers: [UInt32: (link: UInt32?, outcomes: [DialOutcome])] = [:]
    var closedStreams = 0

    func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeContext) {
        #expect(answers[request] == nil, "one answer to each request")
        answers[request] = (link?.id, outcomes)
    }

    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) { closedStreams += 1 }
}

private final class PolicyBench {
    let asker = Asker()
    let bench: NodeBench

    init() {
        let asker = self.asker
        bench = NodeBench(adding: { $0.add(asker) })
    }

    /// Asks for a connection to peer 7.
    func ask(_ policy: DialPolicy) -> UInt32 {
        let request = bench.node.context.requestConnection(to: peer(7), policy, for: asker)
        bench.node.advance(to: bench.now)
        bench.drain()
        return request
    }

    func isAnswered(_ request: UInt32) -> Bool { asker.answers[request] != nil }
    func link(of request: UInt32) -> UInt32? { asker.answers[request]?.link }
    func results(of request: UInt32) -> [DialOutcome.Result] { asker.answers[request]?.outcomes.map { $0.result } ?? [] }
    var dialled: [String] { bench.dials.map { $0.address } }
}

private func known(_ addresses: [String] = [], path: DialPolicy.Path = .direct, reuses: Bool = true) -> DialPolicy {
    DialPolicy(addresses.map { address($0) }, origin: .named, path: path, reuses: reuses)
}

@Suite struct DialPolicyTests {
    @Test func addressesThatAreKnownAreTriedUnlessTheRequestNamesAll() {
        let all = PolicyBench()
        all.bench.node.addAddresses([address(second)], of: peer(7), now: all.bench.now)
        _ = all.ask(known([first]))
        all.bench.wait(.seconds(1))
        #expect(all.dialled == [first, second])
        let some = PolicyBench()
        some.bench.node.addAddresses([address(second)], of: peer(7), now: some.bench.now)
        _ = some.ask(DialPolicy([address(first)], .only, origin: .named, path: .direct))
        some.bench.wait(.seconds(1))
        #expect(some.dialled == [first])
    }

    @Test(arguments: [
        (DialPolicy.Path.any, [true, true, true]), (.unlimited, [false, true, true]), (.direct, [false, false, true]),
    ])
    func aConnectionHasToBeGoodEnough(path: DialPolicy.Path, fits: [Bool]) {
        let limit = CircuitLimit(bytes: 1000, seconds: nil)
        let paths = [ConnectionPath.relayed(by: peer(9), limit: limit), .relayed(by: peer(9), limit: nil), .direct(.tcp)]
        for (standing, fits) in zip(paths, fits) {
            let one = PolicyBench()
            one.bench.node.context.expectLink(
                2000, remoteAddress: address(first), localAddress: address(second), path: standing, carrier: nil, isInbound: false)
            one.bench.establish(2000, 7)
            #expect(one.link(of: one.ask(known(path: path))) == (fits ? 2000 : nil), "\(path) \(standing)")
        }
    }

    @Test func aRequestMayWantAConnectionOfItsOwn() {
        let one = PolicyBench()
        let standing = one.bench.inbound(7)
        #expect(one.link(of: one.ask(known([first]))) == standing)
        let own = known([first], reuses: false)
        let requests = [one.ask(own), one.ask(own)]
        #expect(one.dialled == [first, first], "not even a dial is shared")
        one.bench.inbound(7)
        #expect(!one.isAnswered(requests[0]) && !one.isAnswered(requests[1]))
        one.bench.establish(one.bench.dials[1].link, 7)
        #expect(!one.isAnswered(requests[0]) && one.link(of: requests[1]) == one.bench.dials[1].link)
        one.bench.feed(.closed(.link(errno: 111)), one.bench.dials[0].link)
        #expect(one.results(of: requests[0]) == [.failed(.link(errno: 111))])
        #expect(one.bench.node.services.dialer.order.isEmpty && one.bench.node.context.expectedLinks.isEmpty)
    }

    @Test func aConnectionOfItsOwnServesOthersThatWait() {
        let one = PolicyBench()
        let own = known([first], reuses: false)
        let (shared, alone) = (one.ask(known([second])), one.ask(own))
        one.bench.establish(one.bench.link(to: first), 7)
        #expect(one.link(of: alone) == one.bench.link(to: first) && one.link(of: shared) == one.bench.link(to: first))
    }

    @Test func backOffCanBeIgnored() {
        let one = PolicyBench()
        one.bench.connect(1, 7, [first])
        one.bench.feed(.closed(.link(errno: 111)), one.bench.link(to: first))
        one.bench.clear()
        func heard(_ backoff: DialPolicy.Backoff) -> DialPolicy {
            DialPolicy([address(first)], .only, origin: .heard, path: .direct, backoff: backoff)
        }
        #expect(one.results(of: one.ask(heard(.kept))) == [.backedOff])
        for _ in 0..<3 {
            _ = one.ask(heard(.ignored))
            one.bench.feed(.closed(.link(errno: 111)), one.bench.link(to: first))
        }
        #expect(one.dialled == [first, first, first])
        // Failures that nobody minded did not add to the 6 s of the first one.
        one.bench.wait(.seconds(6))
        _ = one.ask(heard(.kept))
        #expect(one.dialled.count == 4)
    }

    @Test func whatRemotesNameIsCheckedWhateverItIsFor() {
        let one = PolicyBench()
        #expect(one.results(of: one.ask(.probe(address("/ip4/127.0.0.1/tcp/1"), origin: .heard))) == [.hearsay])
        #expect(one.dialled.isEmpty)
    }

    @Test func aRequestHasItsOwnTime() {
        let one = PolicyBench()
        let request = one.bench.node.context.requestConnection(to: peer(7), known([first]), within: .seconds(3), for: one.asker)
        one.bench.wait(.milliseconds(2999))
        #expect(!one.isAnswered(request))
        one.bench.wait(.milliseconds(1))
        #expect(one.isAnswered(request))
    }

    // MARK: Probes

    @Test func aProbeIsNobodysPath() {
        let one = PolicyBench()
        let request = one.ask(.probe(address(first), origin: .named))
        let link = one.bench.link(to: first)
        one.bench.clear()
        one.bench.establish(link, 7)
        #expect(one.link(of: request) == link)
        #expect(!one.bench.node.isConnected(peer(7)) && one.bench.node.bestLink(for: peer(7), allowsLimited: true) == nil)
        #expect(one.bench.node.connectionDescriptions.isEmpty)
        #expect(one.bench.events.allSatisfy { if case .dialAttempt = $0 { true } else { false } })
        #expect(one.bench.opened(Identify.protocolID).isEmpty)
        // A request of the application is not answered by it.
        one.bench.connect(5, 7, [])
        #expect(one.bench.answers(to: 5) == [.notConnected([])])
        // Nothing is served on it, and nobody hears of its end before the connection's.
        one.bench.feed(.streamOpened(stream: 9, protocolID: Ping.protocolID), link)
        one.bench.feed(.data(stream: 9, [UInt8](repeating: 1, count: Ping.size)), link)
        #expect(one.bench.sent(on: StreamKey(link: link, stream: 9)).isEmpty && !one.bench.wasReset(StreamKey(link: link, stream: 9)))
    }

    @Test func aProbeLeavesNothing() {
        let one = PolicyBench()
        _ = one.ask(.probe(address(first), origin: .named))
        let link = one.bench.link(to: first)
        one.bench.establish(link, 7)
        _ = one.bench.node.context.openStream(on: link, [[1]], for: one.asker)
        one.bench.feed(.held(1 << 20), link)
        // A connection like any other comes while it stands.
        one.bench.clear()
        let used = one.bench.inbound(7)
        #expect(one.bench.events.contains(.peerConnected(peer(7))))
        one.bench.clear()
        one.bench.feed(.closed(.closed(.application)), link)
        #expect(one.bench.events.isEmpty && one.asker.closedStreams == 1)
        #expect(one.bench.node.context.connections[link] == nil && one.bench.node.part(Ledger.self)?.total == 0)
        #expect(one.bench.node.bestLink(for: peer(7), allowsLimited: true) == used)
    }

    /// A relay sees the address under which a NAT leads others to the listener. Nobody else is dialled so.
    @Test func relaysAreDialledFromTheListenersPort() {
        let bench = NodeBench()
        let own = ["/ip4/192.168.1.2/tcp/4001/ws", "/ip4/127.0.0.1/tcp/4002", "/ip4/192.168.1.2/tcp/4003"]
        bench.node.listening(own.map { address($0) }, now: bench.now)
        let relays: [(String, UInt16?)] = [
            ("/ip4/203.0.113.1/tcp/1", 4003), ("/ip4/127.0.0.1/tcp/1/ws", 4002), ("/ip6/2001:db8::1/tcp/1", nil),
        ]
        for (index, (relay, port)) in relays.enumerated() {
            bench.connect(UInt32(index), 7, ["\(relay)/p2p/\(peer(UInt8(9 + index)).description)/p2p-circuit"], limited: true)
            #expect(bench.targets.last?.target.address == address(relay) && bench.targets.last?.target.localPort == port)
            bench.node.cancel(request: UInt32(index), now: bench.now)
            bench.drain()
        }
        bench.connect(9, 8, ["/ip4/203.0.113.2/tcp/1"])
        #expect(bench.targets.count == 4 && bench.targets[3].target.localPort == nil)
    }
}
