import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private func refusals(_ bench: NodeBench) -> [LimitName] {
    bench.events.compactMap { if case .connectionRefused(_, let limit, _) = $0 { limit } else { nil } }
}

@Test func strangersWithoutHandshakeAreLimited() {
    let bench = NodeBench { $0.limits.pendingConnections = 10 }
    let links = (0..<20).map { bench.accept(from: "/ip4/203.0.113.\($0)/tcp/1") }
    #expect(refusals(bench) == [LimitName](repeating: .pendingConnections, count: 10))
    #expect(bench.closes(of: links[10]) == [.pruned] && bench.closes(of: links[9]).isEmpty)
    for link in links { bench.feed(.closed(.timedOut(.noise)), link) }
    #expect(bench.node.admission.pendingCount == 0 && bench.node.admission.placeCount == 0)
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

@Test func onePeerKeepsItsNewestConnections() {
    let bench = NodeBench { $0.limits.connectionsPerPeer = 3 }
    let links = (0..<5).map { _ in bench.inbound(7) }
    #expect(links.map { bench.closes(of: $0) } == [[.superseded], [.superseded], [], [], []])
    #expect(bench.node.state.connections.links(of: peer(7)).count == 3)
}

@Test func pruningSparesWhomItMust() {
    let bench = NodeBench { $0.limits.connections = 4 }
    let protected = bench.inbound(1, from: "/ip4/203.0.113.1/tcp/1")
    bench.node.protect(peer(1), tag: [1])
    bench.node.protect(peer(1), tag: [2])
    bench.node.unprotect(peer(1), tag: [1])
    let reserved = bench.inbound(2, from: "/ip4/203.0.113.2/tcp/1")
    bench.node.state.spare(peer(2))
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
    #expect(bench.node.admission.placeCount == 0 && bench.node.state.owners.count == 0)
}
