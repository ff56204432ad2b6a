import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite struct ConnectionPathTests {
    @Test(arguments: [
        ("/ip4/192.0.2.1/tcp/4001", ConnectionPath.Transport.tcp), ("/ip4/192.0.2.1/tcp/80/ws", .webSocket),
        ("/ip4/192.0.2.1/tcp/443/tls/ws", .secureWebSocket), ("/dns4/relay.example/tcp/443/wss", .secureWebSocket),
        ("/ip4/192.0.2.1/udp/4001/webrtc-direct", .webRTCDirect), ("/webrtc", .webRTC), ("/ip4/192.0.2.1/udp/4001/quic-v1", .quic),
        // Signalled through a relay, and not carried by it.
        ("/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA/p2p-circuit/webrtc", .webRTC),
    ]) func anAddressTellsTheTransport(text: String, transport: ConnectionPath.Transport) {
        #expect(ConnectionPath.direct(at: address(text)) == .direct(transport))
    }

    @Test func directGoesBeforeRelayedAndUnlimitedBeforeLimited() {
        let limit = CircuitLimit(bytes: 1, seconds: nil)
        let paths: [ConnectionPath] = [.direct(.tcp), .relayed(by: peer(1), limit: nil), .relayed(by: peer(1), limit: limit)]
        #expect(paths.map(\.rank) == [2, 1, 0])
        #expect(paths.map(\.isRelayed) == [false, true, true] && paths.map(\.limit) == [nil, nil, limit])
        // Whatever carries it: of two direct ones the newer is as good.
        #expect(ConnectionPath.direct(.webRTC).rank == ConnectionPath.direct(.tcp).rank)
    }

    /// Accepted and dialled connections know what carries them.
    @Test func bothEndsKnowIt() {
        let bench = NodeBench()
        bench.connect(1, 7, ["/ip4/203.0.113.5/tcp/443/tls/ws"])
        let dialled = bench.link(to: "/ip4/203.0.113.5/tcp/443/tls/ws")
        bench.establish(dialled, 7)
        #expect(bench.node.connectionDescription(dialled)?.path == .direct(.secureWebSocket))
        let accepted = bench.inbound(8)
        #expect(bench.node.connectionDescription(accepted)?.path == .direct(.tcp))
    }
}
