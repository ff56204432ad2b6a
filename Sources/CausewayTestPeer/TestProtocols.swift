import Causeway

/// The protocols that every peer of the control protocol serves, and their clients.
enum TestProtocols {
    static let echo = "/causeway-test/echo/1.0.0"
    static let sink = "/causeway-test/sink/1.0.0"
    static let perf = "/perf/1.0.0"

    static func serveEcho(_ stream: Stream) async throws {
        while let chunk = try await stream.read() { try await stream.write(chunk) }
        try await stream.finish()
    }

    static func serveSink(_ stream: Stream) async throws {
        var count: UInt64 = 0
        while let chunk = try await stream.read() { count += UInt64(chunk.count) }
        try await stream.write(bigEndian(count))
        try await stream.finish()
    }

    /// perf/perf.md: reads the number of bytes to send back (8 bytes, big-endian) and an upload to its end, then sends the download.
    static func servePerf(_ stream: Stream) async throws {
        let wanted = fromBigEndian(try await stream.read(exactly: 8))
        while try await stream.read() != nil {}
        var left = wanted
        while left > 0 {
            let size = Int(min(left, UInt64(zeros.count)))
            try await stream.write(size == zeros.count ? zeros : Array(zeros[0..<size]))
            left -= UInt64(size)
        }
        try await stream.finish()
    }

    /// Writes the pattern, finishes, and reads it back. Returns whether it came back unchanged.
    static func runEcho(_ stream: Stream, bytes: Int, chunk: Int = 65536) async throws -> Bool {
        async let writing: Void = writePattern(stream, bytes: bytes, chunk: chunk)
        var received = 0
        var same = true
        do {
            while let piece = try await stream.read() {
                same = same && Pattern.matches(piece, at: received)
                received += piece.count
            }
        } catch {
            // The reader's error has the cause, and the writer's error is the same.
            _ = try? await writing
            throw error
        }
        try await writing
        return same && received == bytes
    }

    private static func writePattern(_ stream: Stream, bytes: Int, chunk: Int) async throws {
        var done = 0
        while done < bytes {
            let size = min(chunk, bytes - done)
            try await stream.write(Pattern.bytes(at: done, count: size))
            done += size
        }
        try await stream.finish()
    }

    static func runSink(_ stream: Stream, bytes: Int) async throws {
        var done = 0
        while done < bytes {
            let size = min(Pattern.block.count, bytes - done)
            try await stream.write(Pattern.bytes(at: 0, count: size))
            done += size
        }
        try await stream.finish()
        let counted = fromBigEndian(try await stream.read(exactly: 8))
        guard counted == UInt64(bytes) else { throw CommandError("\(bytes) bytes sent, \(counted) counted") }
    }

    static func bigEndian(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) } }

    static func fromBigEndian(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    static let zeros = [UInt8](repeating: 0, count: 1 << 17)
}
