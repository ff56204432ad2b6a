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
            try await serving(nodes[1], "/echo/1", allowsLimited: true, by: echo)
            let connection = try await nodes[2].connect(to: reservation.addresses[0].appending(nodes[1].peerID))
            let stream = try await nodes[2].open("/echo/1", to: connection.peer, allowsLimited: true)
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

    @Test func whereItTellsOthersTheirPublicAddresses() async throws {
        let hash = "certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g"
        let here = try configuration(listen: [tcp, "/ip4/127.0.0.1/udp/0/webrtc-direct"])
        let announced = try configuration(listen: [tcp]) {
            $0.announce = [
                "/ip4/192.168.1.5/udp/4001/webrtc-direct/\(hash)", "/ip4/203.0.113.5/udp/4001/webrtc-direct/\(hash)",
                "/ip6/2001:db8::5/udp/4002/webrtc-direct/\(hash)", "/ip4/203.0.113.5/tcp/4001",
            ].compactMap { try? Multiaddr($0) }
        }
        try await withNodes([here, announced, configuration(listen: [tcp])]) { nodes in
            let bound = try #require(await nodes[0].addresses.first { $0.transport == .webRTCDirect }?.port)
            #expect(await nodes[0].report().stunURLs == ["stun:127.0.0.1:\(bound)"])
            #expect(await nodes[1].report().stunURLs == ["stun:203.0.113.5:4001", "stun:[2001:db8::5]:4002"])
            #expect(await nodes[2].report().stunURLs.isEmpty)
        }
    }
}
