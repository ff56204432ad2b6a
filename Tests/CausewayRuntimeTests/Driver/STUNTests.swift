import CausewayIdentity
import CausewayNode
import CausewayWebRTC
import Testing

@testable import CausewayConnection
@testable import CausewayRuntime

private final class Bench {
    var places = ConnectedPlaces()

    func holds(_ last: UInt8) -> Bool { places.holds(Endpoint(ip: [203, 0, 113, last], port: 9)!) }
}

/// The STUN server of a node that listens for `/webrtc-direct`.
@Suite("STUN by a node", .timeLimit(.minutes(1))) struct STUNTests {
    @Test func tellsWhereItSeesWhoAsks() async throws {
        let node = try TestNode()
        let port = try #require(try await node.listenDirect().port)
        let client = try #require(DatagramClient(to: port))
        #expect(client.askForAddress() == client.endpoint)
        await node.stop()
    }

    #if os(Linux)
        /// A place has 16 answers at once and 4 in each second; who has a connection, by whatever transport, has all.
        @Test(arguments: ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/webrtc-direct"])
        func strangersAreAnsweredSeldomAndFriendsAlways(by transport: String) async throws {
            let (node, peer) = (try TestNode(), try TestNode())
            let port = try #require(try await node.listenDirect().port)
            let stranger = try #require(DatagramClient(to: port, from: 2))
            let friend = try #require(DatagramClient(to: port))
            _ = try #require(await peer.connect(to: node.shell.listen([Multiaddr(transport)])[0], node.peerID).link)
            while await node.onShell({ $0.connected.count }) == 0 { try await Task.sleep(for: .milliseconds(2)) }
            let start = ContinuousClock.now
            for number in 0..<300 { stranger.send(DatagramClient.request(UInt64(number))) }
            var answers = 0
            while stranger.receive() != nil { answers += 1 }
            let limits = STUNLimits()
            let allowed = limits.burstPerPlace + limits.perSecondPerPlace * Int((ContinuousClock.now - start).components.seconds + 1)
            #expect(answers >= limits.burstPerPlace && answers <= allowed, "\(answers) of \(allowed)")
            for number in 0..<100 { #expect(friend.askForAddress(UInt64(number)) == friend.endpoint) }
            // Without its connection it is a stranger as well.
            await peer.stop()
            while await node.onShell({ $0.connected.count }) > 0 { try await Task.sleep(for: .milliseconds(2)) }
            for number in 0..<300 { friend.send(DatagramClient.request(UInt64(number))) }
            answers = 0
            while friend.receive() != nil { answers += 1 }
            #expect(answers < 100, "\(answers)")
            await node.stop()
        }
    #endif

    @Test func aPlaceIsConnectedAsLongAsItHasAConnection() throws {
        let bench = Bench()
        func connection(_ text: String, _ path: ConnectionPath) throws -> ConnectionDescription {
            let peer = try PrivateKey(ed25519Seed: Entropy.bytes(32)).publicKey.peerID
            let address = try Multiaddr(text)
            return ConnectionDescription(
                id: 1, peer: peer, remoteAddress: address, localAddress: address, isInbound: true, path: path,
                openedAt: Instant(nanoseconds: 0))
        }
        let one = try connection("/ip4/203.0.113.1/tcp/1", .direct(.tcp))
        let two = try connection("/ip4/203.0.113.1/udp/2/webrtc-direct", .direct(.webRTCDirect))
        let relayed = try connection("/ip4/203.0.113.2/tcp/1/p2p-circuit", .relayed(by: one.peer, limit: nil))
        for connection in [one, two, relayed] { bench.places.note(.connected(connection)) }
        #expect(bench.holds(1) && !bench.holds(2) && bench.places.count == 1)
        bench.places.note(.disconnected(one, reason: .closed(.application)))
        bench.places.note(.disconnected(relayed, reason: .closed(.application)))
        #expect(bench.holds(1))
        bench.places.note(.disconnected(two, reason: .closed(.application)))
        #expect(!bench.holds(1) && bench.places.count == 0)
    }
}
