import Causeway

/// Nodes on loopback that run while the body does.
func withNodes(
    _ configurations: [Configuration], _ body: @escaping @Sendable ([Node]) async throws -> Void
) async throws {
    let nodes = try configurations.map { try Node($0) }
    try await withThrowingTaskGroup(of: Void.self) { group in
        for node in nodes { group.addTask { try await node.run() } }
        for node in nodes { try await node.waitUntilReady() }
        try await body(nodes)
        group.cancelAll()
        try await group.waitForAll()
    }
}

/// What a test's node is by default: no gossip, listening on loopback as told. Relayed connections stay what they are.
func configuration(listen: [String] = [], _ change: (inout Configuration) -> Void = { _ in }) throws -> Configuration {
    var configuration = Configuration()
    configuration.pubSub = nil
    configuration.webRTC = false
    configuration.holePunching = false
    configuration.listen = try listen.map { try Multiaddr($0) }
    change(&configuration)
    return configuration
}

let tcp = "/ip4/127.0.0.1/tcp/0"
let webSocket = "/ip4/127.0.0.1/tcp/0/ws"

func echo(_ stream: Stream) async throws {
    while let chunk = try await stream.read() { try await stream.write(chunk) }
    try await stream.finish()
}

/// As `Node.serve`, but served when it returns: who opens a stream at once is not refused.
func serving(
    _ node: Node, _ protocolID: String, allowsLimited: Bool = false, by handler: @escaping @Sendable (Stream) async throws -> Void
) async throws {
    let streams = try await node.streams(for: protocolID, allowsLimited: allowsLimited)
    Task { await streams.serve(handler: handler) }
}

/// Sends, finishes, and returns all that comes back.
func exchange(_ bytes: [UInt8], over stream: Stream) async throws -> [UInt8] {
    async let writing: Void = {
        try await stream.write(bytes)
        try await stream.finish()
    }()
    var received: [UInt8] = []
    while let chunk = try await stream.read() { received += chunk }
    try await writing
    return received
}

/// Waits until `condition` holds, at most 10 s.
func until(_ condition: @Sendable () async -> Bool) async throws {
    for _ in 0..<1000 {
        if await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw Timeout()
}

struct Timeout: Error {}

let pattern: [UInt8] = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
