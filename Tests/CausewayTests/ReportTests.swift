import Causeway
import Testing

@Suite("What a node reports") struct ReportTests {
    @Test(arguments: [1, 2]) func ofARelayWithACircuit(_ loops: Int) async throws {
        let relay = try configuration(listen: [tcp]) {
            $0.relayService = .init()
            $0.pubSub = .init()
            $0.loops = loops
        }
        try await withNodes([relay, configuration { $0.pubSub = .init() }, configuration()]) { nodes in
            let subscription = try await nodes[0].subscribe("news")
            let other = try await nodes[1].subscribe("news")
            let address = await nodes[0].addresses[0]
            let reservation = try await nodes[1].reserve(at: address)
            try await serving(nodes[1], "/echo/1", allowLimited: true, by: echo)
            let connection = try await nodes[2].connect(to: reservation.addresses[0].appending(nodes[1].peerID))
            let stream = try await nodes[2].open("/echo/1", to: connection.peer, allowLimited: true)
            #expect(try await exchange([UInt8](repeating: 7, count: 10_000), over: stream).count == 10_000)
            try await until { await nodes[0].report().topics.first?.mesh == [nodes[1].peerID] }
            try await until { await nodes[0].report().peers.allSatisfy { $0.agent == "causeway/\(causewayVersion)" } }

            let report = await nodes[0].report()
            #expect(report.peerID == nodes[0].peerID && report.addresses == [address])
            #expect(Set(report.peers.map(\.connection.peer)) == [nodes[1].peerID, nodes[2].peerID])
            #expect(report.peers.filter { $0.reservedFor != nil }.map(\.connection.peer) == [nodes[1].peerID])
            let place = try #require(report.places.first)
            #expect(report.places.count == 1 && place.peer == nodes[1].peerID && (3500...3600).contains(place.remaining.seconds))
            let circuit = try #require(report.circuits.first)
            #expect(report.circuits.count == 1 && circuit.source == nodes[2].peerID && circuit.target == nodes[1].peerID)
            #expect(circuit.sent > 10_000 && circuit.returned > 10_000 && circuit.limit.bytes == 128 << 10)
            #expect(report.status.circuitsOpened == 1 && report.status.relayedBytes >= circuit.sent + circuit.returned)
            #expect(report.topics.map(\.name) == ["news"] && report.topics[0].subscribers == [nodes[1].peerID])
            let short = await nodes[0].report(atMost: 1)
            #expect(short.peers.count == 1 && short.status.peers == 2)
            subscription.cancel()
            other.cancel()
        }
    }
}
