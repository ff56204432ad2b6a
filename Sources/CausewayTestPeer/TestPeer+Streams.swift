import Causeway
import Synchronization

extension TestPeer {
    func exchange(_ name: String, _ arguments: Arguments) async throws -> Fields {
        let (peer, allowed) = try await target(arguments)
        let start = milliseconds()
        switch name {
        case "echo":
            let stream = try await node.open(TestProtocols.echo, to: peer, allowsLimited: allowed, resumable: arguments.flag("resumable"))
            let bytes = try arguments.integer("bytes")
            let matched = try await TestProtocols.runEcho(stream, bytes: bytes, chunk: max(arguments.integer("chunk", or: 65536), 1))
            return [("bytes", .count(bytes)), ("matched", .bool(matched)), ("ms", .number(milliseconds() - start))]
        case "sink":
            let stream = try await node.open(TestProtocols.sink, to: peer, allowsLimited: allowed)
            try await TestProtocols.runSink(stream, bytes: try arguments.integer("bytes"))
            return [("ms", .number(milliseconds() - start))]
        case "many":
            let failed = await many(peer, allowed, try arguments.integer("streams"), try arguments.integer("bytes"))
            return [("ms", .number(milliseconds() - start)), ("failed", .count(failed))]
        case "perf":
            return try await perf(peer, allowed, arguments.integer("upload", or: 0), arguments.integer("download", or: 0))
        default:
            return try await latency(peer, allowed, try arguments.integer("count"), arguments.integer("bytes", or: 64))
        }
    }

    private func target(_ arguments: Arguments) async throws -> (PeerID, Bool) {
        let allowed = arguments.flag("allowLimited")
        guard arguments.json["peerId"] == nil else { return (try arguments.peer(), allowed) }
        let address = try arguments.address()
        return (try await node.connect(to: address).peer, allowed || address.isCircuit)
    }

    private func many(_ peer: PeerID, _ allowed: Bool, _ streams: Int, _ bytes: Int) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<streams {
                group.addTask { [node] in
                    do {
                        let stream = try await node.open(TestProtocols.echo, to: peer, allowsLimited: allowed)
                        return try await TestProtocols.runEcho(stream, bytes: bytes)
                    } catch {
                        Console.log("many: \(error)")
                        return false
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 0 : 1) }
        }
    }

    private func perf(_ peer: PeerID, _ allowed: Bool, _ upload: Int, _ download: Int) async throws -> Fields {
        let stream = try await node.open(TestProtocols.perf, to: peer, allowsLimited: allowed)
        let start = milliseconds()
        try await stream.write(TestProtocols.bigEndian(UInt64(download)))
        var done = 0
        while done < upload {
            let size = min(TestProtocols.zeros.count, upload - done)
            try await stream.write(size == TestProtocols.zeros.count ? TestProtocols.zeros : Array(TestProtocols.zeros[0..<size]))
            done += size
        }
        try await stream.finish()
        var received = 0
        var first: Double?
        while let chunk = try await stream.read() {
            first = first ?? milliseconds()
            received += chunk.count
        }
        let end = milliseconds()
        guard received == download else { throw CommandError("\(download) bytes wanted, \(received) came") }
        return [("uploadMs", .number((first ?? end) - start)), ("downloadMs", .number(end - (first ?? end)))]
    }

    private func latency(_ peer: PeerID, _ allowed: Bool, _ count: Int, _ bytes: Int) async throws -> Fields {
        var times: [Double] = []
        let payload = Pattern.bytes(at: 0, count: bytes)
        for _ in 0..<count {
            let start = milliseconds()
            let stream = try await node.open(TestProtocols.echo, to: peer, allowsLimited: allowed)
            try await stream.write(payload)
            try await stream.finish()
            var received = 0
            while let chunk = try await stream.read() { received += chunk.count }
            guard received == bytes else { throw CommandError("\(bytes) bytes sent, \(received) came back") }
            times.append((milliseconds() - start) * 1000)
        }
        times.sort()
        func at(_ share: Double) -> JSON { .number(times[min(Int(Double(times.count) * share), times.count - 1)]) }
        return [("minUs", at(0)), ("medianUs", at(0.5)), ("p90Us", at(0.9)), ("p99Us", at(0.99)), ("maxUs", at(1))]
    }
}
