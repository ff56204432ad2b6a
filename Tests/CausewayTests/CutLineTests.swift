import Causeway
import Testing

/// A line is cut, and nobody is told: keep-alive would take most of a minute.
@Suite(.timeLimit(.minutes(1))) struct CutLineTests {
    /// Bytes flow one way only: it is the one who waits for confirmations, or for more, that has to notice.
    @Test(arguments: [true, false]) func aResumableStreamGoesOnWithinSeconds(openerSends: Bool) async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            let streams = try await nodes[0].streams(for: "/bulk/1", resumable: true)
            let opened = try await nodes[1].open("/bulk/1", to: await nodes[0].addresses[0], resumable: true)
            let accepted = try #require(await streams.next())
            let (sender, receiver) = openerSends ? (opened, accepted) : (accepted, opened)
            async let sending: Void = {
                for _ in 0..<40 { try await sender.write([UInt8](repeating: 3, count: 100_000)) }
                try await sender.finish()
            }()
            var count = try await receiver.read(exactly: 1_000_000).count
            await nodes[0].cut(nodes[1].peerID)
            let cut = ContinuousClock.now
            var longest = Duration.zero
            var last = cut
            while let chunk = try await receiver.read() {
                count += chunk.count
                longest = max(longest, ContinuousClock.now - last)
                last = ContinuousClock.now
            }
            try await sending
            #expect(count == 4_000_000 && opened.resumptions == 1)
            // 1 s without progress, 3 s to answer, half a second between two looks; and a busy machine.
            #expect(longest < .seconds(10), "\(longest)")
        }
    }
}
