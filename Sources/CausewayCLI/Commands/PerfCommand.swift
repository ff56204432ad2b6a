import Causeway

extension Command {
    private static let standardPlace = "/ip4/127.0.0.1/tcp/4010"
    private static let standardAmount: UInt64 = 64 << 20

    static let perf = Command(
        name: "perf", arguments: "[<address>]", summary: "measure throughput (/perf/1.0.0) to an address; without an address, serve",
        examples: [
            "causeway perf --listen /ip4/127.0.0.1/tcp/4010",
            "causeway perf /ip4/127.0.0.1/tcp/4010/p2p/12D3KooW… --upload 256MiB --download 256MiB",
        ],
        options: identity + [
            Option("listen", .list("ADDRESS"), "where to serve", standard: standardPlace),
            Option("upload", .value("SIZE"), "bytes to send", standard: Quantity.size(standardAmount)),
            Option("download", .value("SIZE"), "bytes to fetch", standard: Quantity.size(standardAmount)),
        ] + family + trust,
        run: { values, terminal in
            var configuration = try Command.configuration(values)
            if values.arguments.isEmpty {
                configuration.listen = try values.addresses("listen")
                if configuration.listen.isEmpty {
                    configuration.listen = [try Values.address(standardPlace, for: "--listen")]
                }
                try await Running.node(configuration) { try await servePerf($0, terminal) }
            } else {
                let (address, _) = try Command.peerAddress(values)
                let upload = try values.size("upload", or: standardAmount) ?? standardAmount
                let download = try values.size("download", or: standardAmount) ?? standardAmount
                try await Running.node(configuration) { try await measure($0, address, upload, download, terminal) }
            }
        })

    private static func servePerf(_ node: Node, _ terminal: Terminal) async throws {
        for address in await node.addresses { terminal.say("causeway perf \(address)") }
        try await PerfService(.init()).serve(on: node)
    }

    private static func measure(_ node: Node, _ address: Multiaddr, _ upload: UInt64, _ download: UInt64, _ terminal: Terminal) async throws
    {
        let stream = try await node.open(PerfService.protocolID, to: address)
        let zeros = PerfService.zeros
        let start = ContinuousClock.now
        try await stream.write((0..<8).map { UInt8(truncatingIfNeeded: download >> UInt64(56 - 8 * $0)) })
        var sent: UInt64 = 0
        while sent < upload {
            let size = Int(min(upload - sent, UInt64(zeros.count)))
            try await stream.write(size == zeros.count ? zeros : Array(zeros[0..<size]))
            sent += UInt64(size)
            terminal.showLive("sent \(Amount.bytes(sent)) of \(Amount.bytes(upload))")
        }
        try await stream.finish()
        var received: UInt64 = 0
        var turn: ContinuousClock.Instant?
        while let chunk = try await stream.read() {
            turn = turn ?? .now
            received += UInt64(chunk.count)
            terminal.showLive("fetched \(Amount.bytes(received)) of \(Amount.bytes(download))")
        }
        terminal.showLive("")
        guard received == download else { throw Failure("the peer sent \(received) of \(download) bytes") }
        let end = ContinuousClock.now
        report("upload", upload, (turn ?? end) - start, terminal)
        if let turn { report("download", download, end - turn, terminal) }
    }

    private static func report(_ what: String, _ bytes: UInt64, _ time: Duration, _ terminal: Terminal) {
        let rate = Double(bytes) / 1e6 / max(time / .seconds(1), 1e-9)
        terminal.say("\(what): \(Amount.bytes(bytes)) in \(Amount.milliseconds(time)), \(Amount.fixed(rate, 0)) MB/s")
        terminal.tell(
            what, ["bytes": .integer(Int64(clamping: bytes)), "ms": .number(time / .milliseconds(1)), "megabytesPerSecond": .number(rate)])
    }
}
