import Causeway
import Testing

@Suite("The share that goes directly", .timeLimit(.minutes(1))) struct DirectShareTests {
    private func withMeeting(
        webRTC: Bool,
        _ body: @escaping @Sendable (_ relay: Node, _ dialler: Node, _ target: Node, _ circuit: Multiaddr) async throws -> Void
    ) async throws {
        let relay = try configuration(listen: [tcp]) { $0.relayService = .init() }
        let peer = try configuration {
            $0.webRTC = webRTC
            $0.loops = 2
        }
        try await withNodes([relay, peer, peer]) { nodes in
            let place = try #require(await nodes[0].addresses.first)
            _ = try await nodes[1].reserve(at: place)
            try await serving(nodes[1], "/echo/1.0.0", allowsLimited: true, by: echo)
            try await body(nodes[0], nodes[2], nodes[1], Multiaddr("\(place)/p2p-circuit/p2p/\(nodes[1].peerID)"))
        }
    }

    @Test func ofAConnectionThatStaysRelayed() async throws {
        try await withMeeting(webRTC: false) { relay, dialler, target, circuit in
            _ = try await dialler.connect(to: circuit)
            let stream = try await dialler.open("/echo/1.0.0", to: target.peerID, allowsLimited: true)
            #expect(try await exchange([UInt8](repeating: 7, count: 10_000), over: stream).count == 10_000)
            for node in [dialler, target] {
                let share = await node.directShare
                #expect(share.relayedPeers == 1 && share.becameDirect == 0 && share.directPeers == 1 && share.ofPeers == 0)
                // What carries the circuit is no direct traffic.
                #expect(share.relayedBytes >= 20_000 && share.relayedBytes < 30_000 && share.directBytes == 0 && share.ofBytes == 0)
            }
            // What has ended was relayed all the same.
            await dialler.hangUp(target.peerID)
            try await until { await dialler.connections.count == 1 }
            for node in [dialler, target] {
                try await until { await node.connections.count == 1 }
                let share = await node.directShare
                #expect(share.relayedBytes >= 20_000 && share.directBytes == 0 && share.becameDirect == 0)
            }
            // A relay's connections are what it is for.
            let ofRelay = await relay.directShare
            #expect(ofRelay.directPeers == 2 && ofRelay.ofBytes == nil && ofRelay.ofPeers == nil)
        }
    }

    @Test func ofAConnectionThatBecomesDirect() async throws {
        try await withMeeting(webRTC: true) { _, dialler, target, circuit in
            let changes = dialler.events()
            _ = try await dialler.connect(to: circuit)
            for await event in changes { if case .pathChanged(target.peerID, let one) = event, !one.path.isRelayed { break } }
            let stream = try await dialler.open("/echo/1.0.0", to: target.peerID)
            #expect(try await exchange(pattern, over: stream) == pattern)
            for node in [dialler, target] {
                let share = await node.directShare
                #expect(share.relayedPeers == 1 && share.becameDirect == 1 && share.ofPeers == 1)
                #expect(share.directBytes >= 2_000_000 && share.relayedBytes > 0 && share.ofBytes ?? 0 > 0.9)
                let report = await node.report()
                #expect(report.directShare.becameDirect == 1 && report.directShare.directBytes >= 2_000_000)
                #expect(report.ownAddresses.isEmpty == report.addresses.isEmpty)
            }
            // What has ended counts on.
            let before = await dialler.directShare
            await dialler.hangUp(target.peerID)
            try await until { await dialler.connections.allSatisfy { $0.peer != target.peerID } }
            let after = await dialler.directShare
            #expect(after.directBytes >= before.directBytes && after.relayedBytes >= before.relayedBytes)
        }
    }

    @Test func ofNothingIsNothing() {
        #expect(DirectShare().ofPeers == nil && DirectShare().ofBytes == nil)
    }
}
