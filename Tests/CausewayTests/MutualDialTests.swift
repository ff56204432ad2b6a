import Causeway
import Testing

/// Two nodes that dial each other in the same instant, again and again: neither dial may take the other's connection away from under it.
@Suite("Mutual dials") struct MutualDialTests {
    @Test(arguments: [1, 2]) func directly(_ loops: Int) async throws {
        let one = try configuration(listen: [tcp]) { $0.loops = loops }
        try await withNodes([one, one]) { nodes in
            let addresses = [await nodes[0].addresses[0], await nodes[1].addresses[0]]
            try await meet(nodes[0], nodes[1], at: addresses, times: 40)
        }
    }

    @Test func throughARelay() async throws {
        let relay = try configuration(listen: [tcp]) {
            $0.relayService = .init()
            $0.relayService?.circuitLimit = .unlimited
        }
        try await withNodes([relay, configuration(), configuration()]) { nodes in
            let address = await nodes[0].addresses[0]
            for node in nodes[1...] { try await node.reserve(at: address) }
            let circuits = try nodes[1...].map { try Multiaddr("\(address)/p2p-circuit/p2p/\($0.peerID)") }
            try await meet(nodes[1], nodes[2], at: circuits, times: 40)
        }
    }

    private func meet(_ one: Node, _ two: Node, at addresses: [Multiaddr], times: Int) async throws {
        let pairs = [(one, two, addresses[1]), (two, one, addresses[0])]
        for node in [one, two] { try await serving(node, "/echo/1", allowLimited: true, by: echo) }
        for time in 0..<times {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for (from, to, address) in pairs {
                    group.addTask {
                        try await from.connect(to: address)
                        let stream = try await from.open("/echo/1", to: to.peerID, allowLimited: true)
                        return try await exchange(pattern, over: stream) == pattern
                    }
                }
                for try await same in group { #expect(same, "time \(time)") }
            }
            for (from, to, _) in pairs { #expect(await from.connections.contains { $0.peer == to.peerID }, "time \(time)") }
            for (from, to, _) in pairs { await from.hangUp(to.peerID) }
            try await until {
                for (from, to, _) in pairs where await from.connections.contains(where: { $0.peer == to.peerID }) { return false }
                return true
            }
        }
    }
}
