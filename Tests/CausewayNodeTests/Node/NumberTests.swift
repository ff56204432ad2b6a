import Testing

@testable import CausewayNode

@Suite("Numbers that come again") struct NumberTests {
    @Test func thoseOfLivingLinksDoNot() {
        let bench = NodeBench()
        bench.connect(1, 1, ["/ip4/203.0.113.1/tcp/1"])
        let link = bench.link(to: "/ip4/203.0.113.1/tcp/1")
        bench.stand(link)
        bench.establish(link, 1)
        #expect(link == 2 && bench.node.knowsLink(2))
        bench.node.context.lastLink = .max - 1
        // 0 is nobody's.
        #expect(bench.node.context.nextLink() == 4)
    }

    @Test func thoseOfLivingStreamsDoNot() throws {
        let bench = NodeBench()
        let link = bench.inbound(1)
        let first = try #require(bench.opened(Array("/ipfs/id/1.0.0".utf8)).first)
        #expect(first.stream == 1 << 31 + 1 && bench.node.context.owners[first] != nil)
        bench.node.context.lastStream = .max - 1
        let streams = (0..<3).map { _ in bench.node.context.openStream(on: link, [[1]], for: bench.node.services.ping).stream }
        let expected: [UInt32] = [.max, 1 << 31, 1 << 31 + 2]
        #expect(streams == expected)
        // On another link it is free.
        bench.node.context.lastStream = 1 << 31
        #expect(bench.node.context.openStream(on: link + 100, [[1]], for: bench.node.services.ping).stream == 1 << 31 + 1)
    }
}
