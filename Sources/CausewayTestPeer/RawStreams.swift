import Causeway
import Synchronization

/// Streams that a test drives byte by byte.
final class RawStreams: Sendable {
    struct Entry: Sendable {
        let stream: Stream
        let order: Order
        let valve: Valve
    }
    private struct State {
        var last = 0
        var entries: [Int: Entry] = [:]
        var serving: [String: Task<Void, Never>] = [:]
    }
    private let state = Mutex(State())

    func add(_ stream: Stream, paused: Bool) -> (Int, Entry) {
        state.withLock { state in
            state.last += 1
            let entry = Entry(stream: stream, order: Order(), valve: Valve(isOpen: !paused))
            state.entries[state.last] = entry
            return (state.last, entry)
        }
    }

    func entry(_ number: Int) throws(CommandError) -> Entry {
        guard let entry = state.withLock({ $0.entries[number] }) else { throw CommandError("no stream \(number)") }
        return entry
    }

    func remove(_ number: Int) { state.withLock { $0.entries[number] = nil } }

    func serve(_ name: String, _ task: Task<Void, Never>?) {
        state.withLock { $0.serving.updateValue(task ?? Task {}, forKey: name) }?.cancel()
    }

    /// Writes and closes of one stream run in order. A reset overtakes them.
    func order(of json: JSON, _ command: String) -> Order? {
        guard command == "write" || command == "close", let number = json["stream"]?.integer else { return nil }
        return state.withLock { $0.entries[Int(number)]?.order }
    }
}

/// Runs what is appended, in order.
final class Order: Sendable {
    private let continuation: AsyncStream<@Sendable () async -> Void>.Continuation

    init() {
        let (stream, continuation) = AsyncStream<@Sendable () async -> Void>.makeStream()
        self.continuation = continuation
        Task { for await work in stream { await work() } }
    }

    deinit { continuation.finish() }

    func append(_ work: @escaping @Sendable () async -> Void) { continuation.yield(work) }
}

/// Lets a reader through, or holds it back.
final class Valve: Sendable {
    private struct State {
        var isOpen: Bool
        var waiting: CheckedContinuation<Void, Never>?
    }
    private let state: Mutex<State>

    init(isOpen: Bool) { state = Mutex(State(isOpen: isOpen)) }

    func set(open: Bool) {
        let waiting = state.withLock { state in
            state.isOpen = open
            defer { if open { state.waiting = nil } }
            return open ? state.waiting : nil
        }
        waiting?.resume()
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let passes = state.withLock { state in
                if state.isOpen { return true }
                state.waiting = continuation
                return false
            }
            if passes { continuation.resume() }
        }
    }
}

extension TestPeer {
    func rawStream(_ name: String, _ arguments: Arguments) async throws -> Fields {
        switch name {
        case "open":
            let stream = try await node.open(
                try arguments.text("protocol"), to: try arguments.peer(), allowsLimited: arguments.flag("allowLimited"))
            return [("stream", .count(adopt(stream, paused: arguments.flag("paused")).0))]
        case "handle":
            try await handle(try arguments.text("protocol"), paused: arguments.flag("paused"))
        case "unhandle": rawStreams.serve(try arguments.text("protocol"), nil)
        case "write":
            let entry = try rawStreams.entry(try arguments.integer("stream"))
            guard let bytes = Base64.decode(Array(try arguments.text("base64").utf8)) else { throw CommandError("'base64' is not base64") }
            try await entry.stream.write(bytes)
        case "close": try await rawStreams.entry(try arguments.integer("stream")).stream.finish()
        case "reset":
            try rawStreams.entry(try arguments.integer("stream")).stream.reset(code: UInt32(arguments.integer("code", or: 0)))
        default: try rawStreams.entry(try arguments.integer("stream")).valve.set(open: name == "resume")
        }
        return []
    }

    private func handle(_ name: String, paused: Bool) async throws {
        let streams = try await node.streams(for: name, allowsLimited: true)
        let task = Task {
            while let stream = await streams.next() {
                let (number, _) = self.adopt(stream, paused: paused)
                Console.event(
                    "stream-open",
                    [
                        "stream": .count(number), "protocol": .text(stream.protocolID), "peerId": .text(stream.peer.description),
                        "limited": .bool(await stream.limit != nil),
                    ])
            }
            streams.cancel()
        }
        rawStreams.serve(name, task)
    }

    private func adopt(_ stream: Stream, paused: Bool) -> (Int, RawStreams.Entry) {
        let (number, entry) = rawStreams.add(stream, paused: paused)
        Task { [rawStreams] in
            // The answer to `open` goes first.
            await Task.yield()
            var failure: StreamError?
            do throws(StreamError) {
                while true {
                    await entry.valve.pass()
                    await Console.room()
                    guard let chunk = try await stream.read() else { break }
                    Console.event("stream-data", ["stream": .count(number), "base64": .text(Base64.encode(chunk))])
                }
            } catch {
                failure = error
                rawStreams.remove(number)
            }
            Console.event(
                "stream-end",
                ["stream": .count(number), "reset": .bool(failure != nil), "error": failure.map { .text($0.description) } ?? .null])
        }
        return (number, entry)
    }
}
