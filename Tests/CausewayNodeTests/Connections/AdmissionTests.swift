import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private func refusals(_ bench: NodeBench) -> [LimitName] {
    bench.events.compactMap { if case .refused(_, let limit, _) = $0 { limit } else { nil } }
}

@Test func strangersWithoutHandshakeAreLimited() {
    let bench = NodeBench { $0.limits.pendingConnections = 10 }
    var links = (0..<10).map { bench.accept(from: "/ip4/203.0.113.\($0)/tcp/1") }
    bench.wait(.seconds(2))
    // The oldest ones go: they had time for their handshake.
    links += (10..<20).map { bench.accept(from: "/ip4/203.0.113.\($0)/tcp/1") }
    #expect(refusals(bench) == [LimitName](repeating: .pendingConnections, count: 10) && bench.node.connectionsRefused == 10)
    #expect(bench.closes(of: links[9]) == [.pruned] && bench.closes(of: links[10]).isEmpty)
    for link in links { bench.feed(.closed(.timedOut(.noise)), link) }
    #expect(bench.node.services.admission?.pendingCount == 0 && bench.node.services.admission?.placeCount == 0)
}

/// When everybody comes at once, those who have begun their handshake finish it. If each newcomer took the place of one of them, nobody
/// would get through.
@Test func aCrowdPushesNobodyOutOfItsHandshake() {
    let bench = NodeBench { $0.limits.pendingConnections = 10 }
    let first = (0..<10).map { bench.accept(from: "/ip4/203.0.113.\($0)/tcp/1") }
    let late = (10..<40).map { bench.accept(from: "/ip4/203.0.113.\($0)/tcp/1") }
    #expect(first.allSatisfy { bench.closes(of: $0).isEmpty } && late.allSatisfy { bench.closes(of: $0) == [.pruned] })
    for (number, link) in first.enumerated() { bench.establish(link, UInt8(number + 1)) }
    #expect(bench.node.connectionDescriptions.count == 10)
    // There is room again.
    #expect(bench.closes(of: bench.accept(from: "/ip4/198.51.100.1/tcp/1")).isEmpty)
}

@Test func onePlaceIsLimitedAndLoopbackIsNot() {
    let bench = NodeBench { $0.limits.connectionsPerAddress = 2 }
    bench.inbound(1, from: "/ip4/203.0.113.1/tcp/1")
    bench.accept(from: "/ip4/203.0.113.1/tcp/2")
    #expect(bench.closes(of: bench.accept(from: "/ip4/203.0.113.1/tcp/3")) == [.pruned])
    #expect(bench.closes(of: bench.accept(from: "/ip4/203.0.113.2/tcp/3")).isEmpty)
    // One /56.
    bench.accept(from: "/ip6/2001:db8:0:1200::1/tcp/1")
    bench.accept(from: "/ip6/2001:db8:0:12ff::1/tcp/1")
    #expect(bench.closes(of: bench.accept(from: "/ip6/2001:db8:0:1234::9/tcp/1")) == [.pruned])
    #expect(bench.closes(of: bench.accept(from: "/ip6/2001:db8:0:1300::9/tcp/1")).isEmpty)
    for port in 1...20 { bench.accept(from: "/ip4/127.0.0.1/tcp/\(port)") }
    #expect(refusals(bench).count == 2)
}

@Test func oneTooManyOfAPlaceIsTurnedAwayAtTheDoor() throws {
    let bench = NodeBench { $0.limits.connectionsPerAddress = 1 }
    let full = try Multiaddr("/ip4/203.0.113.1/tcp/2")
    #expect(!bench.node.turnsAway(full, now: bench.now))
    bench.inbound(1, from: "/ip4/203.0.113.1/tcp/1")
    #expect(bench.node.turnsAway(full, now: bench.now))
    bench.drain()
    #expect(refusals(bench) == [.connectionsPerAddress] && bench.node.connectionsRefused == 1)
    #expect(try !bench.node.turnsAway(Multiaddr("/ip4/203.0.113.2/tcp/2"), now: bench.now))
}

@Test func fourAddressesDoNotCloseTheDoor() {
    let bench = NodeBench()
    let halfOpen = (0..<1024).map { bench.accept(from: "/ip4/203.0.113.\($0 % 4)/tcp/\($0 + 1)") }
    #expect(refusals(bench).isEmpty)
    for number in 1...5 as ClosedRange<UInt8> {
        let link = bench.accept(from: "/ip4/198.51.100.\(number)/tcp/1")
        bench.establish(link, number)
        #expect(bench.closes(of: link).isEmpty && bench.node.isConnected(peer(number)))
        // While one that is not authenticated makes room, others come to take it.
        bench.accept(from: "/ip4/203.0.113.\(number % 4)/tcp/1")
    }
    #expect(halfOpen.filter { !bench.closes(of: $0).isEmpty }.count >= 1)
    #expect(halfOpen.prefix(4).contains { bench.closes(of: $0) == [.pruned] })
    // What was told to go and got through all the same is nobody's.
    bench.establish(halfOpen.first { !bench.closes(of: $0).isEmpty } ?? 0, 99)
    #expect(!bench.node.isConnected(peer(99)))
    for link in halfOpen { bench.feed(.closed(.closed(.pruned)), link) }
}

@Test func oneIPv6CustomerIsOnePlace() {
    let bench = NodeBench { $0.limits.connectionsPerNetwork = 8 }
    for number in 0..<8 { bench.accept(from: "/ip6/2001:db8:0:\(number)00::1/tcp/1") }
    #expect(bench.closes(of: bench.accept(from: "/ip6/2001:db8:0:900::1/tcp/1")) == [.pruned])
    #expect(bench.closes(of: bench.accept(from: "/ip6/2001:db8:1::1/tcp/1")).isEmpty)
    #expect(refusals(bench) == [.connectionsPerNetwork])
    // Nor do its many /56 get more of what is pending.
    let full = NodeBench { $0.limits.pendingConnections = 8 }
    let old = full.accept(from: "/ip4/203.0.113.1/tcp/1")
    for number in 0..<10 { full.accept(from: "/ip6/2001:db8:0:\(number)00::1/tcp/1") }
    #expect(full.closes(of: old).isEmpty)
}

@Test func whoHoldsMostIsPrunedFirst() {
    let bench = NodeBench { $0.limits.connections = 44 }
    let single = bench.inbound(200, from: "/ip4/198.51.100.9/tcp/1")
    let household = (0..<8).map { bench.inbound(UInt8(150 + $0), from: "/ip4/198.51.100.1/tcp/\($0 + 1)") }
    bench.wait(.seconds(60))
    // Young as they are, and busy: those of the place that has most go.
    let greedy = (0..<35).map { bench.inbound(UInt8($0), from: "/ip4/203.0.113.\($0 % 2)/tcp/\($0 + 1)") }
    for number in 0..<10 {
        let link = bench.inbound(UInt8(210 + number), from: "/ip4/192.0.2.\(number)/tcp/1")
        #expect(bench.closes(of: link).isEmpty)
        for link in greedy where !bench.closes(of: link).isEmpty { bench.feed(.closed(.closed(.pruned)), link) }
    }
    #expect(refusals(bench).isEmpty)
    #expect((household + [single]).allSatisfy { bench.closes(of: $0).isEmpty })
    let left = [0, 1].map { place in greedy.indices.filter { $0 % 2 == place && bench.closes(of: greedy[$0]).isEmpty }.count }
    #expect(abs(left[0] - left[1]) <= 1 && left[0] + left[1] == 25)
}

@Test func halfOpenConnectionsDoNotFillTheNode() {
    let bench = NodeBench { $0.limits.connections = 40 }
    for port in 1...40 { bench.accept(from: "/ip4/203.0.113.1/tcp/\(port)") }
    for number in 1...5 as ClosedRange<UInt8> {
        let link = bench.inbound(number, from: "/ip4/198.51.100.\(number)/tcp/1")
        #expect(bench.closes(of: link).isEmpty)
    }
    #expect(refusals(bench) == [LimitName](repeating: .connections, count: 5))
}

@Test func onePeerKeepsItsNewestConnections() {
    let bench = NodeBench { $0.limits.connectionsPerPeer = 3 }
    let links = (0..<5).map { _ in bench.inbound(7) }
    #expect(links.map { bench.closes(of: $0) } == [[.superseded], [.superseded], [], [], []])
    #expect(bench.node.context.connections.links(of: peer(7)).count == 3)
}

@Test func pruningSparesWhomItMust() {
    let bench = NodeBench { $0.limits.connections = 4 }
    let protected = bench.inbound(1, from: "/ip4/203.0.113.1/tcp/1")
    bench.node.protect(peer(1), tag: [1])
    bench.node.protect(peer(1), tag: [2])
    bench.node.unprotect(peer(1), tag: [1])
    let reserved = bench.inbound(2, from: "/ip4/203.0.113.2/tcp/1")
    bench.node.context.connections.protect(peer(2), tag: RelayServer.protection)
    let old = bench.inbound(3, from: "/ip4/203.0.113.3/tcp/1")
    bench.wait(.seconds(30))
    let young = bench.inbound(4, from: "/ip4/203.0.113.4/tcp/1")
    #expect(bench.closes(of: bench.accept(from: "/ip4/203.0.113.5/tcp/1")).isEmpty)
    #expect(bench.closes(of: old) == [.pruned])
    // Nobody is left that may go.
    #expect(bench.closes(of: bench.accept(from: "/ip4/203.0.113.6/tcp/1")) == [.pruned])
    #expect(refusals(bench) == [.connections])
    for link in [protected, reserved, young] { #expect(bench.closes(of: link).isEmpty) }
}

@Test func floodOfConnectionsLeavesNothing() {
    let bench = NodeBench { $0.limits.connections = 64 }
    for round in 0..<2000 {
        let link = bench.accept(from: "/ip4/203.\(round % 200).\(round / 200).1/tcp/1")
        if bench.closes(of: link).isEmpty { bench.establish(link, UInt8(round % 90)) }
        bench.feed(.closed(.link(errno: 104)), link)
        bench.clear()
    }
    #expect(bench.node.connectionDescriptions.isEmpty)
    #expect(bench.node.services.admission?.placeCount == 0 && bench.node.context.owners.count == 0)
}
