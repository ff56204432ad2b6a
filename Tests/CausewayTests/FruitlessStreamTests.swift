import CausewayConnection
import Synchronization
import Testing

@testable import Causeway

private final class Nobody: StreamOwner {
    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {}
    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {}
    func writable(_ stream: UInt32, on link: Link) {}
    func finished(_ stream: UInt32, on link: Link) {}
    func closed(_ stream: UInt32, error: StreamError?, on link: Link) {}
}

private final class Count: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }
    func countUp() { state.withLock { $0 += 1 } }
}

@Suite struct FruitlessStreamTests {
    /// Streams that a peer opens and resets in one go: no task is made for them, and others' streams go on.
    @Test func noHandlerIsMadeForAStreamThatIsGone() async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let handlers = Count()
            try await serving(nodes[0], "/echo/1") { stream in
                handlers.countUp()
                try await echo(stream)
            }
            try await nodes[1].connect(to: await nodes[0].addresses[0])
            let peer = nodes[0].peerID
            let link = await nodes[1].onNode { node, _ in node.bestLink(for: peer, allowsLimited: true) }
            nodes[1].shell.withLink(try #require(link)) { link, loop in
                for _ in 0..<200 {
                    let stream = try? link?.openStream([Array("/echo/1".utf8)], owner: Nobody(), now: loop.now)
                    if let stream { link?.reset(stream) }
                }
            }
            let stream = try await nodes[1].open("/echo/1", to: peer)
            #expect(try await exchange(pattern, over: stream) == pattern)
            // A stream or two may be cut in between by the socket.
            #expect(handlers.value >= 1 && handlers.value <= 5, "\(handlers.value) handlers")
        }
    }
}
