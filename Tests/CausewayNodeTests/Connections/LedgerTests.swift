import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let mebibyte = 1 << 20

private func cuts(_ bench: NodeBench) -> [UInt32] {
    bench.outputs.compactMap { if case .link(let link, .cut) = $0 { link } else { nil } }
}

private func limits(_ bench: NodeBench) -> [LimitName] {
    bench.outputs.compactMap { if case .link(_, .cut(let name, _)) = $0 { name } else { nil } }
}

private func ledger(_ bench: NodeBench) -> Ledger { bench.node.part(Ledger.self)! }

private func address(_ number: Int) -> String { "/ip4/203.0.113.\(number)/tcp/1" }

@Test func onePeersConnectionsTogetherAreBounded() {
    let bench = NodeBench()
    let small = bench.inbound(7, from: address(1))
    let large = bench.inbound(7, from: address(2))
    bench.feed(.held(50 * mebibyte), small)
    bench.feed(.held(78 * mebibyte), large)
    #expect(cuts(bench).isEmpty)
    bench.feed(.held(51 * mebibyte), small)
    #expect(cuts(bench) == [large])
    #expect(limits(bench) == [.heldPerPeer])
    // One that goes counts no more, whatever it still says, and is offered for nothing.
    bench.feed(.held(100 * mebibyte), large)
    #expect(ledger(bench).total == 51 * mebibyte)
    #expect(bench.node.bestLink(for: peer(7), allowsLimited: true) == small)
    bench.feed(.closed(.limit(.heldPerPeer, value: 1)), large)
    bench.feed(.closed(.link(errno: 0)), small)
    #expect(ledger(bench).total == 0 && ledger(bench).held(by: peer(7).bytes) == 0)
}

/// IPv4 address, IPv6 /56, IPv6 /48: many peers in one place are bounded, and a newcomer in it does not pay.
@Test(arguments: [
    (192, "/ip4/203.0.113.9/tcp/1"), (192, "/ip6/2001:db8:0:12##::1/tcp/1"), (256, "/ip6/2001:db8:0:##00::1/tcp/1"),
])
func onePlaceIsBounded(bound: Int, place: String) {
    let bench = NodeBench()
    func somewhere(_ number: Int) -> String { place.split(separator: "##").joined(separator: "\(number + 10)") }
    let links = (0..<8).map { bench.inbound(UInt8($0 + 1), from: somewhere($0)) }
    let elsewhere = bench.inbound(50, from: address(77))
    bench.feed(.held(100 * mebibyte), elsewhere)
    for link in links { bench.feed(.held(bound * mebibyte / 8), link) }
    #expect(cuts(bench).isEmpty)
    bench.feed(.held((bound / 8 + 1) * mebibyte), links[3])
    #expect(cuts(bench) == [links[3]])
    #expect(limits(bench) == [.heldPerPlace])
    let newcomer = bench.inbound(60, from: somewhere(0))
    bench.feed(.held(mebibyte), newcomer)
    #expect(cuts(bench).count == 1)
}

@Test func allTogetherAreBoundedAndTheLargestHolderPays() {
    let bench = NodeBench()
    let honest = (0..<20).map { bench.inbound(UInt8($0 + 1), from: address($0)) }
    for link in honest { bench.feed(.held(20 * mebibyte), link) }
    // Two peers in one place hold most, though neither of them alone does.
    let one = bench.inbound(110, from: address(200))
    let other = bench.inbound(111, from: address(200))
    #expect(bench.node.context.connections.count == 22)
    bench.feed(.held(18 * mebibyte), one)
    bench.feed(.held(19 * mebibyte), other)
    #expect(cuts(bench).isEmpty)
    for link in honest { bench.feed(.held(24 * mebibyte), link) }
    #expect(cuts(bench) == [other])
    #expect(limits(bench) == [.held])
    #expect(ledger(bench).total <= 512 * mebibyte)
}

/// Loopback is no place, and a circuit's address is its relay's: their peers are bounded, and all together.
@Test func loopbackIsNoPlace() {
    let bench = NodeBench()
    let links = (0..<4).map { bench.inbound(UInt8($0 + 1), from: "/ip4/127.0.0.1/tcp/\($0 + 1)") }
    for link in links { bench.feed(.held(120 * mebibyte), link) }
    #expect(cuts(bench).isEmpty)
    let fifth = bench.inbound(9, from: "/ip4/127.0.0.1/tcp/9")
    bench.feed(.held(40 * mebibyte), fifth)
    #expect(cuts(bench) == [links[0]])
}
