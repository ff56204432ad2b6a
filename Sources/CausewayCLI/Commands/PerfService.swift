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
        /// Of one stream, if another wants its place.
        var time = Duration.seconds(60)

        /// What a relay does for strangers.
        static let ofRelay = Bounds(bytes: 1 << 30, streams: 4)
    }
    private struct Running {
        let stream: Causeway.Stream
        let began = ContinuousClock.now
    }
    private let bounds: Bounds
    private let running = Mutex<[ObjectIdentifier: Running]>([:])

    init(_ bounds: Bounds) { self.bounds = bounds }

    /// Until the node stops.
    func serve(on node: Node) async throws { try await node.serve(Self.protocolID) { try await self.serve($0) } }

    private func serve(_ stream: Causeway.Stream) async throws {
        guard takePlace(stream) else { return stream.reset() }
        defer { _ = running.withLock { $0.removeValue(forKey: ObjectIdentifier(stream)) } }
        try await exchange(stream)
    }

    /// A stream that has had its time gives way to one that comes. No timer for each: it would outlive a stream that is over at once.
    private func takePlace(_ stream: Causeway.Stream) -> Bool {
        let (mayRun, late) = running.withLock { running -> (Bool, Causeway.Stream?) in
            var late: Causeway.Stream?
            if running.count >= bounds.streams {
                guard let (key, old) = running.first(where: { .now - $0.value.began > bounds.time }) else { return (false, nil) }
                running[key] = nil
                late = old.stream
            }
            running[ObjectIdentifier(stream)] = Running(stream: stream)
            return (true, late)
        }
        late?.reset()
        return mayRun
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
