import Causeway
import Testing

/// Two nodes that dial each other in the same instant: neither dial may take the other's connection away from under it. New ones each time,
/// which know no address of each other to fall back on.
@Suite("Mutual dials") struct MutualDialTests {
    @Test(arguments: [1, 2]) func directly(_ loops: Int) async throws {
        let one = try configuration(listen: [tcp]) { $0.loops = loops }
        for time in 0..<40 {
            try await withNodes([one, one]) { nodes in
                try await meet(nodes[0], nodes[1], at: [await nodes[0].addresses[0], await nodes[1].addresses[0]], time)
            }
        }
    }

    @Test func throughARelay() async throws {
        let relay = try configuration(listen: [tcp]) {
            $0.relayService = .init()
            $0.relayService?.circuitLimit = .unlimited
        }
        try await withNodes([relay]) { relays in
            let address = await relays[0].addresses[0]
            for time in 0..<40 {
                try await withNodes([configuration(), configuration()]) { nodes in
                    for node in nodes { try await node.reserve(at: address) }
                    let circuits = try nodes.map { try Multiaddr("\(address)/p2p-circuit/p2p/\($0.peerID)") }
                    try await meet(nodes[0], nodes[1], at: circuits, time)
                }
            }
        }
    }

    private func meet(_ one: Node, _ two: Node, at addresses: [Multiaddr], _ time: Int) async throws {
        for node in [one, two] { try await serving(node, "/echo/1", allowsLimited: true, by: echo) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for (from, to, address) in [(one, two, addresses[1]), (two, one, addresses[0])] {
                group.addTask {
                    try await from.connect(to: address)
                    let stream = try await from.open("/echo/1", to: to.peerID, allowsLimited: true)
                    return try await exchange(pattern, over: stream) == pattern
                }
            }
            for try await same in group { #expect(same, "time \(time)") }
        }
        for (from, to) in [(one, two), (two, one)] { #expect(await from.connections.contains { $0.peer == to.peerID }, "time \(time)") }
    }
}
