import Causeway
import Synchronization

/// Serves libp2p's `perf` (perf/perf.md) within bounds: reads the number of bytes to send back (8 bytes, big-endian) and an upload to its
/// end, then sends the download.
final class PerfService: Sendable {
    static let protocolID = "/perf/1.0.0"
    static let zeros = [UInt8](repeating: 0, count: 1 << 17)

    struct Bounds: Sendable {
        /// Of one stream, in each direction.
        var bytes: UInt64 = .max
        /// At the same time.
        var streams = Int.max
        var time = Duration.seconds(365 * 86400)

        /// What a relay does for strangers.
        static let ofRelay = Bounds(bytes: 1 << 30, streams: 4, time: .seconds(60))
    }
    private let bounds: Bounds
    private let running = Mutex(0)

    init(_ bounds: Bounds) { self.bounds = bounds }

    /// Until the node stops.
    func serve(on node: Node) async throws { try await node.serve(Self.protocolID) { try await self.serve($0) } }

    private func serve(_ stream: Causeway.Stream) async throws {
        let mayRun = running.withLock { running in
            guard running < bounds.streams else { return false }
            running += 1
            return true
        }
        guard mayRun else { return stream.reset() }
        defer { running.withLock { $0 -= 1 } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.exchange(stream) }
            group.addTask { try await Task.sleep(for: self.bounds.time) }
            defer { group.cancelAll() }
            try await group.next()
        }
        // Whoever is not done by now is too slow.
        stream.reset()
    }

    private func exchange(_ stream: Causeway.Stream) async throws {
        let wanted = try await stream.read(exactly: 8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard wanted <= bounds.bytes else { return stream.reset() }
        var left = bounds.bytes
        while let chunk = try await stream.read() {
            guard chunk.count <= left else { return stream.reset() }
            left -= UInt64(chunk.count)
        }
        left = wanted
        while left > 0 {
            let size = Int(min(left, UInt64(Self.zeros.count)))
            try await stream.write(size == Self.zeros.count ? Self.zeros : Array(Self.zeros[0..<size]))
            left -= UInt64(size)
        }
        try await stream.finish()
    }
}
