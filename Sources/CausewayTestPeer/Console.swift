import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard input and output of the control protocol: one JSON object per line in each direction. A reader that is slow, or does not read
/// at all, holds neither the node nor a command up.
enum Console {
    /// The lines of standard input. A thread of its own reads them, until the end of input.
    static func lines() -> AsyncStream<[UInt8]> {
        let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
        precondition(BlockingThread.start { readAll(into: continuation) } == 0, "no thread for standard input")
        return stream
    }

    private static func readAll(into continuation: AsyncStream<[UInt8]>.Continuation) {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(0, &buffer, buffer.count)
            if count <= 0 { break }
            var start = 0
            for index in 0..<count where buffer[index] == UInt8(ascii: "\n") {
                line.append(contentsOf: buffer[start..<index])
                continuation.yield(line)
                line.removeAll(keepingCapacity: true)
                start = index + 1
            }
            line.append(contentsOf: buffer[start..<count])
        }
        if !line.isEmpty { continuation.yield(line) }
        continuation.finish()
    }

    static func write(_ value: JSON) { Output.standard.write(String(decoding: value.bytes, as: UTF8.self) + "\n") }

    /// Returns when there is room for what may be much. What is written without asking is dropped, and counted in a `lost` event, when 16
    /// MiB wait for the reader.
    static func room() async { await Output.standard.room() }

    /// Ends the process when its last lines have been read, or after this many milliseconds. nil: however long that takes.
    static func exit(_ status: Int32, within milliseconds: Int? = nil) -> Never {
        let lost = Output.standard.flush(within: milliseconds)
        if lost > 0 { Output.errors.write("the last \(lost) lines were not read in time\n") }
        Output.errors.flush(within: 100)
        endProcess(status)
    }

    /// `{"event": name, ...}`. Fields without a value are left out.
    static func event(_ name: String, _ fields: KeyValuePairs<String, JSON?> = [:]) { write(.tagged("event", .text(name), fields)) }

    static func log(_ text: String) { event("log", ["text": .text(text)]) }
}

/// `exit` of the C library, whose name `Console` uses itself.
private func endProcess(_ status: Int32) -> Never { exit(status) }

/// Monotonic time in milliseconds.
func milliseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1_000_000
}

extension JSON {
    /// An object that begins with one member.
    static func tagged(_ name: String, _ value: JSON, _ fields: KeyValuePairs<String, JSON?>) -> JSON {
        guard case .object(let members) = JSON.object(fields) else { return .null }
        return .object([Member(Array(name.utf8), value)] + members)
    }

    static func texts(_ texts: some Sequence<String>) -> JSON { .array(texts.map { .text($0) }) }

    static func addresses(_ addresses: [Multiaddr]) -> JSON { .texts(addresses.map(\.description)) }

    static func count(_ value: some BinaryInteger) -> JSON { .integer(Int64(value)) }
}
