import Causeway

let works = [
    Work(name: "connect and hang up", bound: 640) { meter in
        try await withNodes(2) { nodes in
            let address = await nodes[1].addresses[0]
            func connect(_ count: Int) async throws {
                for _ in 0..<count {
                    _ = try await nodes[0].connect(to: address)
                    await nodes[0].hangUp(nodes[1].peerID)
                }
            }
            try await connect(50)
            try await meter.measure(500, connect)
        }
    },
    Work(name: "open a stream, echo 64 bytes", bound: 96) { meter in
        try await withNodes(2) { nodes in
            _ = try await nodes[0].connect(to: await nodes[1].addresses[0])
            let message = [UInt8](repeating: 7, count: 64)
            func echo(_ count: Int) async throws {
                for _ in 0..<count {
                    let stream = try await nodes[0].open(Echo.name, to: nodes[1].peerID)
                    try await stream.write(message)
                    _ = try await stream.read(exactly: message.count)
                    try await stream.close()
                }
            }
            try await echo(100)
            try await meter.measure(2000, echo)
        }
    },
    Work(name: "deliver a gossip message of 1 KiB among 6 nodes", bound: 57) { meter in
        try await withNodes(6) { nodes in
            for (index, node) in nodes.enumerated() {
                for other in nodes[..<index] { _ = try await node.connect(to: await other.addresses[0]) }
            }
            var subscriptions: [Subscription] = []
            for node in nodes { subscriptions.append(try await node.subscribe("work")) }
            while await nodes[0].subscribers(of: "work").count < nodes.count - 1 { try await Task.sleep(for: .milliseconds(10)) }
            try await Task.sleep(for: .seconds(2))
            func publish(_ count: Int) async throws {
                for _ in 0..<count {
                    try await nodes[0].publish([UInt8](repeating: 7, count: 1024), to: "work")
                    for subscription in subscriptions.dropFirst() { _ = await subscription.next() }
                }
            }
            try await publish(100)
            try await meter.measure(2000, each: nodes.count - 1, publish)
        }
    },
    Work(name: "send a MB over a stream", bound: 170) { meter in
        try await withNodes(2) { nodes in
            _ = try await nodes[0].connect(to: await nodes[1].addresses[0])
            try await send(from: nodes[0], to: nodes[1], meter)
        }
    },
    Work(name: "send a MB over a stream of /webrtc-direct", bound: 1440) { meter in
        try await withNodes(2, at: "/ip4/127.0.0.1/udp/0/webrtc-direct") { nodes in
            _ = try await nodes[0].connect(to: await nodes[1].addresses[0])
            try await send(from: nodes[0], to: nodes[1], meter)
        }
    },
    Work(name: "send a MB over a stream by WebSocket", bound: 170) { meter in
        try await withNodes(2, at: "/ip4/127.0.0.1/tcp/0/ws") { nodes in
            _ = try await nodes[0].connect(to: await nodes[1].addresses[0])
            try await send(from: nodes[0], to: nodes[1], meter)
        }
    },
    Work(name: "send a MB through a relay", bound: 215) { meter in
        var relay = Configuration()
        relay.relayService = Configuration.RelayService()
        relay.relayService?.circuitLimit = .unlimited
        try await withNodes(2, relay) { nodes in
            let reservation = try await nodes[1].reserve(at: await nodes[2].addresses[0])
            _ = try await nodes[0].connect(to: reservation.addresses[0].appending(nodes[1].peerID))
            try await send(from: nodes[0], to: nodes[1], meter)
        }
    },
]

/// Answers with what it gets.
enum Echo {
    static let name = "/causeway-bench/echo/1.0.0"

    static func serve(_ stream: Stream) async throws {
        while let bytes = try await stream.read() { try await stream.write(bytes) }
        try await stream.finish()
    }
}

/// Takes bytes until their end, and says so by one byte.
enum Sink {
    static let name = "/causeway-bench/sink/1.0.0"

    static func serve(_ stream: Stream) async throws {
        while try await stream.read() != nil {}
        try await stream.write([1])
        try await stream.finish()
    }
}

private func send(from source: Node, to target: Node, _ meter: Meter) async throws {
    let piece = [UInt8](repeating: 7, count: 1 << 16)
    func send(_ megabytes: Int) async throws {
        let stream = try await source.open(Sink.name, to: target.peerID, allowsLimited: true)
        for _ in 0..<megabytes * 1_000_000 / piece.count { try await stream.write(piece) }
        try await stream.finish()
        _ = try await stream.read(exactly: 1)
    }
    try await send(10)
    try await meter.measure(200, send)
}

/// Runs nodes that listen on loopback and serve `Echo` and `Sink`, and then those of `others`.
private func withNodes(
    _ count: Int, _ others: Configuration..., at address: String = "/ip4/127.0.0.1/tcp/0", body: @Sendable ([Node]) async throws -> Void
) async throws {
    var nodes: [Node] = []
    for var configuration in [Configuration](repeating: Configuration(), count: count) + others {
        configuration.listen = [try Multiaddr(address)]
        nodes.append(try Node(configuration))
    }
    let running = nodes
    try await withThrowingTaskGroup(of: Void.self) { group in
        for node in running {
            group.addTask { try await node.run() }
            group.addTask { try await node.serve(Echo.name) { try await Echo.serve($0) } }
            group.addTask { try await node.serve(Sink.name, allowsLimited: true) { try await Sink.serve($0) } }
            try await node.waitUntilReady()
        }
        try await body(running)
        group.cancelAll()
        while let result = await group.nextResult() { if case .failure(let error) = result, !(error is CancellationError) { _ = error } }
    }
}
