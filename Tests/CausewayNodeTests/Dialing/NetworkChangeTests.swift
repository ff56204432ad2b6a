import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let first = "/ip4/203.0.113.1/tcp/4001"

/// What asks a network that is gone would ask the new one only seconds later.
@Test func aDialWithoutAnAnswerIsBegunAgainWhenTheNetworkHasChanged() {
    let bench = NodeBench()
    bench.connect(1, 7, [first])
    let old = bench.link(to: first)
    bench.wait(.seconds(7))
    bench.node.machineChanged(now: bench.now)
    bench.drain()
    let anew = bench.link(to: first)
    #expect(anew != old && bench.closes(of: old) == [.cancelled] && bench.answers(to: 1).isEmpty)
    // What the shell says of the old one is nobody's.
    bench.feed(.closed(.closed(.cancelled)), old)
    // The new one has its own time.
    bench.wait(.seconds(7))
    #expect(bench.answers(to: 1).isEmpty)
    bench.establish(anew, 7)
    #expect(bench.answers(to: 1).count == 1 && bench.node.isConnected(peer(7)))
}
