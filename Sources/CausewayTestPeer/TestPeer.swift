import Causeway
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One node, and the state that the commands keep.
final class TestPeer: Sendable {
    let configuration: PeerConfiguration
    let node: Node
    let topics = Mutex<[String: TopicRecord]>([:])
    let rawStreams = RawStreams()
    let crowd = Mutex<[(node: Node, task: Task<Void, Never>)]>([])
    let startedAt = milliseconds()

    init(_ configuration: PeerConfiguration) throws {
        self.configuration = configuration
        node = try Node(configuration.node)
    }

    /// Runs until the input ends, `stop` arrives or the time is up. Returns the exit status.
    func run(_ lines: AsyncStream<[UInt8]>) async throws -> Int32 {
        let events = node.events()
        let running = Task { [node] in try await node.run() }
        let telling = Task { await tell(events, whenFailed: running) }
        defer {
            telling.cancel()
            running.cancel()
        }
        try await serveTestProtocols()
        // Throws the reason why the node could not listen.
        guard await isReady(running) else {
            try await running.value
            return 1
        }
        let reserving = await reserveOrGoOn()
        defer { for task in reserving { task.cancel() } }
        Console.event(
            "ready",
            [
                "peerId": .text(node.peerID.description), "addrs": .addresses(await node.addresses),
                "version": .text("causeway \(causewayVersion)"), "skipped": .texts(configuration.skipped),
            ])
        endAfter(configuration.maxSeconds)
        for await line in lines {
            if await !take(line) { break }
        }
        running.cancel()
        _ = try? await running.value
        return 0
    }

    private func isReady(_ running: Task<Void, any Error>) async -> Bool {
        do {
            try await node.waitUntilReady()
            return true
        } catch {
            return false
        }
    }

    /// Reserves at the relays in whose circuit addresses the peer listens. Returns when it has tried each for at most 5 s, and goes on with
    /// those that are away.
    private func reserveOrGoOn() async -> [Task<Void, Never>] {
        var unreached: [Multiaddr] = []
        for relay in configuration.circuits {
            do {
                _ = try await withTimeout(5000) { [node] in try await node.reserve(at: relay) }
            } catch {
                Console.log("no reservation at \(relay) yet: \(error)")
                unreached.append(relay)
            }
        }
        return unreached.map { relay in Task { await self.reserveLater(at: relay) } }
    }

    private func reserveLater(at relay: Multiaddr) async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            if (try? await node.reserve(at: relay)) != nil { return }
        }
    }

    private func endAfter(_ seconds: Int) {
        Task {
            try await Task.sleep(for: .seconds(seconds))
            Console.exit(3, within: 1000)
        }
    }

    private func serveTestProtocols() async throws {
        let served: [(String, @Sendable (Stream) async throws -> Void)] = [
            (TestProtocols.echo, TestProtocols.serveEcho), (TestProtocols.sink, TestProtocols.serveSink),
            (TestProtocols.perf, TestProtocols.servePerf),
        ]
        for (name, handler) in served {
            let streams = try await node.streams(for: name, allowsLimited: true, resumable: name == TestProtocols.echo)
            Task { await streams.serve(handler: handler) }
        }
    }

    /// Returns false if this was the last command.
    private func take(_ line: [UInt8]) async -> Bool {
        if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { return true }
        let json: JSON
        do {
            json = try JSON(parsing: line, limits: JSONLimits(bytes: 1 << 26))
        } catch {
            Console.write(["id": .null, "ok": false, "error": .text("not JSON: \(error)")])
            return true
        }
        let id = json["id"] ?? .null
        let name = json["cmd"]?.text ?? ""
        if name == "stop" {
            Console.write(["id": id, "ok": true])
            return false
        }
        // Writes and closes of one stream keep the order of the lines.
        if let order = rawStreams.order(of: json, name) {
            order.append { await self.answer(id, name, Arguments(json: json)) }
        } else {
            Task(executorPreference: node.executor) { await self.answer(id, name, Arguments(json: json)) }
        }
        return true
    }

    private func answer(_ id: JSON, _ name: String, _ arguments: Arguments) async {
        do {
            let timeout = arguments.integer("timeoutMs", or: 0)
            let fields = try await withTimeout(timeout) { try await self.perform(name, arguments) }
            Console.write(.answer(id, fields))
        } catch {
            var fields: [(String, JSON)] = [("error", .text("\(error)"))]
            if case NodeError.reservation(.refused(let status)) = error { fields.append(("status", .count(status))) }
            Console.write(.refusal(id, fields))
        }
    }
}

/// Runs `body`, and cancels it after this many milliseconds. 0: there is no limit.
func withTimeout<R: Sendable>(_ limit: Int, _ body: @escaping @Sendable () async throws -> R) async throws -> R {
    if limit <= 0 { return try await body() }
    return try await withThrowingTaskGroup(of: R.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: .milliseconds(limit))
            throw CommandError("timed out after \(limit) ms")
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CommandError("nothing ran") }
        return first
    }
}

/// The members of an answer, in order.
typealias Fields = [(String, JSON)]

extension JSON {
    static func fields(_ fields: Fields) -> JSON { .object(fields.map { Member(Array($0.0.utf8), $0.1) }) }
    static func answer(_ id: JSON, _ fields: Fields) -> JSON { .fields([("id", id), ("ok", true)] + fields) }
    static func refusal(_ id: JSON, _ fields: Fields) -> JSON { .fields([("id", id), ("ok", false)] + fields) }
}
