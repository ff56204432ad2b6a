import Testing

@testable import Causeway

/// Peers that meet over a relay, as they are by default.
@Suite(.timeLimit(.minutes(2))) struct DirectPathTests {
    private func withMeeting(
        webRTC: Bool = true, _ body: @escaping @Sendable (_ dialler: Node, _ target: Node, _ circuit: Multiaddr) async throws -> Void
    ) async throws {
        let relay = try configuration(listen: [tcp]) { $0.relayService = .init() }
        let peer = try configuration { $0.webRTC = webRTC }
        try await withNodes([relay, peer, peer]) { nodes in
            let place = try #require(await nodes[0].addresses.first)
            _ = try await nodes[1].reserve(at: place)
            for node in nodes[1...] { try await serving(node, "/echo/1.0.0", by: echo) }
            try await body(nodes[2], nodes[1], Multiaddr("\(place)/p2p-circuit/p2p/\(nodes[1].peerID)"))
        }
    }

    @Test func aRelayedConnectionBecomesDirectByItself() async throws {
        try await withMeeting { dialler, target, circuit in
            let changes = dialler.events()
            #expect(try await dialler.connect(to: circuit).path.isRelayed)
            for await event in changes {
                if case .pathChanged(target.peerID, let connection) = event, connection.path == .direct(.webRTC) { break }
            }
            let stream = try await dialler.open("/echo/1.0.0", to: target.peerID)
            #expect(try await exchange(pattern, over: stream) == pattern)
            #expect(await target.connections.contains { $0.peer == dialler.peerID && $0.path == .direct(.webRTC) && $0.isInbound })
        }
    }

    @Test func aPeerNamesItsAddressForWebRTCWhileItHasAPlace() async throws {
        try await withMeeting { dialler, target, circuit in
            let direct = try Multiaddr("\(circuit)".replacing("/p2p-circuit/", with: "/p2p-circuit/webrtc/"))
            try await until { await target.addresses.contains(direct) }
            #expect(try await dialler.connect(to: direct).path == .direct(.webRTC))
            guard let relay = circuit.splitAtCircuit()?.relay.peerID else { return }
            await target.release(relay: relay)
            try await until { await !target.addresses.contains(direct) }
        }
    }

    @Test func withoutItNobodyIsOffered() async throws {
        try await withMeeting(webRTC: false) { dialler, target, circuit in
            #expect(try await dialler.connect(to: circuit).path.isRelayed)
            #expect(await !target.addresses.contains { "\($0)".contains("/webrtc") })
            try await until { await dialler.info(of: target.peerID) != nil }
            #expect(await dialler.info(of: target.peerID)?.protocolIDs.contains("/webrtc-signaling/0.0.1") == false)
        }
    }

    @Test func hardNATsAreLeftAloneUnlessTheApplicationAllowsThem() throws {
        #expect(try !Configuration().shell().passesHardNATs)
        #expect(try configuration { $0.hardNATs = true }.shell().passesHardNATs)
    }

    @Test func aSTUNServerIsAnIPAddressAndAPort() throws {
        for text in ["/dns4/stun.example/udp/3478", "/ip4/192.0.2.1/tcp/3478", "/ip4/192.0.2.1", "/ip4/192.0.2.1/udp/1/webrtc-direct"] {
            let server = try Multiaddr(text)
            let named = try configuration { $0.stunServers = [server] }
            #expect(throws: NodeError.self) { try Node(named) }
        }
        _ = try Node(configuration { $0.stunServers = [Multiaddr.udp(ip: [192, 0, 2, 1], port: 3478)] })
    }
}
