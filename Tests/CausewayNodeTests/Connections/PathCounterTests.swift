import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite("Counting paths") struct PathCounterTests {
    private let bench = ProtocolBench(PathCounter())

    private func expect(direct: UInt64 = 0, relayed: UInt64 = 0, became: UInt64 = 0, _ place: SourceLocation = #_sourceLocation) {
        let counts = bench.machine.counts
        #expect(counts.direct == direct && counts.relayed == relayed && counts.becameDirect == became, "\(counts)", sourceLocation: place)
    }

    @Test func aPeerThatBecomesDirectCountsOnce() {
        let relayed = bench.connect(1, relayed: true)
        expect(relayed: 1)
        let second = bench.connect(1, relayed: true)
        expect(relayed: 1)
        let direct = bench.connect(1)
        expect(relayed: 1, became: 1)
        // It is lost and made again, while the peer stays.
        bench.disconnect(direct)
        let again = bench.connect(1)
        expect(relayed: 1, became: 1)
        for link in [relayed, second, again] { bench.disconnect(link) }
        bench.connect(1, relayed: true)
        expect(relayed: 2, became: 1)
    }

    @Test func aPeerThatWasDirectFromTheBeginningBecomesNothing() {
        let direct = bench.connect(1)
        let relayed = bench.connect(1, relayed: true)
        let other = bench.connect(1)
        expect(direct: 1)
        for link in [direct, relayed, other] { bench.disconnect(link) }
        bench.connect(2, relayed: true)
        expect(direct: 1, relayed: 1)
    }

    @Test func aProbeIsNoConnection() {
        let probe = ConnectedLink(
            id: 99, peer: peer(3), publicKey: key(3).publicKey, remoteAddress: address("/ip4/192.0.2.1/tcp/1"),
            localAddress: address("/ip4/192.0.2.2/tcp/1"), isInbound: false, path: .direct(.tcp), openedAt: bench.node.now, carrier: nil,
            isProbe: true)
        bench.machine.linkOpened(probe, in: bench.node)
        expect()
    }

    @Test func everyNativeNodeCounts() {
        let bench = NodeBench()
        bench.inbound(7)
        #expect(bench.node.pathCounts?.direct == 1)
    }
}
