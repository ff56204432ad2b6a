import CausewayIdentity
import Testing

private let peer = "/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"

@Suite("Addresses of WebSockets") struct WebSocketAddressTests {
    @Test(arguments: [
        ("", "/"), ("/http-path/a", "/a"), ("/http-path/%2Fa", "/a"), ("/http-path/a%2Fb", "/a/b"), ("/http-path/%2Fa%2Fb%2F", "/a/b/"),
        ("/http-path/a%3Fkey=1", "/a?key=1"), ("/http-path/a%20b%23c", "/a%20b%23c"), ("/http-path/%C3%A4%0D%0A", "/%C3%A4%0D%0A"),
        ("/http-path/a%252Fb", "/a%2Fb"),
    ])
    func askForTheirPath(path: String, target: String) throws {
        #expect(String(decoding: try Multiaddr("/dns4/a.example/tcp/443/wss" + path).requestTarget, as: UTF8.self) == target)
    }

    @Test func havePathAndPeerInAnyOrder() throws {
        let usual = try Multiaddr("/dns4/a.example/tcp/443/wss/http-path/a%2Fb" + peer)
        #expect(try Multiaddr("/dns4/a.example/tcp/443/wss" + peer + "/http-path/a%2Fb").withPathBeforePeerID == usual)
        for text in [usual.description, peer, "/dns4/a.example/tcp/443/wss/http-path/a", "/ip4/1.2.3.4/tcp/1"] {
            #expect(try Multiaddr(text).withPathBeforePeerID == Multiaddr(text))
        }
    }

    @Test func haveThePortsOfTheirSchemes() throws {
        for (text, port) in [("/dns4/a.example/wss", UInt16(443)), ("/dns4/a.example/tls/ws", 443), ("/dns4/a.example/ws", 80)] {
            #expect(try Multiaddr(text).webSocketPort == port)
        }
        #expect(try Multiaddr("/dns4/a.example").webSocketPort == nil)
    }
}

@Suite("Addresses with a zone") struct ZoneTests {
    @Test func loseAndGetIt() throws {
        let (bare, zoned) = (try Multiaddr("/ip6/fe80::1/tcp/1" + peer), try Multiaddr("/ip6zone/eth0/ip6/fe80::1/tcp/1" + peer))
        #expect(zoned.zone == bytes("eth0") && bare.zone == nil)
        #expect(zoned.withoutZone == bare && bare.withoutZone == bare && bare.inZone(bytes("eth0")) == zoned)
    }
}
