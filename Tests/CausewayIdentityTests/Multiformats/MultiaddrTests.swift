import CausewayIdentity
import Testing

@Suite struct MultiaddrTests {
    let peer = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"

    @Test func saysWhichComponentAndWhy() {
        func error(_ text: String) -> MultiaddrError? {
            do throws(MultiaddrError) { _ = try Multiaddr(text) } catch { return error }
            return nil
        }
        #expect(error("") == MultiaddrError(component: 0, name: [], reason: .empty))
        #expect(error("ip4/1.2.3.4") == MultiaddrError(component: 0, name: [], reason: .noLeadingSlash))
        #expect(error("/ip4/1.2.3.4/tcp/65536") == MultiaddrError(component: 1, name: bytes("tcp"), reason: .badPort))
        #expect(error("/ip4/1.2.3/tcp/1") == MultiaddrError(component: 0, name: bytes("ip4"), reason: .badIP))
        #expect(error("/ip4/1.2.3.4/tpc/1") == MultiaddrError(component: 1, name: bytes("tpc"), reason: .unknownProtocol))
        #expect(error("/dns4/a.example/tcp") == MultiaddrError(component: 1, name: bytes("tcp"), reason: .missingValue))
        #expect(error("/p2p/12D3Koo0") == MultiaddrError(component: 0, name: bytes("p2p"), reason: .badPeerID(.badText)))
        #expect(error("/ip4/1.2.3.4//tcp/1")?.component == 1)
        #expect(
            "\(error("/ip4/1.2.3.4/tcp/65536")!)" == "component 2 (/tcp) of the multiaddr: not a port from 0 to 65535")
    }

    @Test func refusesBytes() {
        for (text, reason) in [
            ("", MultiaddrError.Reason.empty), ("04010203", .truncated), ("ff", .truncated), ("8400", .malformedVarint),
            ("ffffffff7f", .unknownProtocol), ("35ffffffffffffffffff01", .truncated), ("3500", .missingValue), ("35032f2f2f", .badName),
            ("a5030100", .badPeerID(.malformedMultihash)), ("bc030000000000000000000000000000", .badOverlayAddress),
        ] {
            do throws(MultiaddrError) {
                _ = try Multiaddr(bytes: hex(text))
                Issue.record("taken: \(text)")
            } catch { if text.count != 10 { #expect(error.reason == reason, "\(text)") } }
        }
    }

    @Test func namesCertificates() throws {
        let hashes = (1...3).map { [0x12, 0x20] + [UInt8](repeating: $0, count: 32) }
        let bare = try Multiaddr("/dns4/relay.example/udp/4001/webrtc-direct/p2p/12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr")
        let named = bare.naming(certificates: [hashes[0], hashes[1]])
        #expect(named.certificateMultihashes == [hashes[0], hashes[1]] && named.peerID == bare.peerID)
        #expect(named.certificateHash == Array(hashes[0][2...]))
        #expect(try Multiaddr(bytes: named.bytes) == named && Multiaddr(named.description) == named)
        #expect(named.naming(certificates: [hashes[2]]).certificateMultihashes == [hashes[2]])
        #expect(named.naming(certificates: []) == bare)
    }

    @Test func takesApart() throws {
        let address = try Multiaddr(
            "/dns4/relay.example/tcp/443/tls/sni/other.example/ws/http-path/a%2Fb/p2p/\(peer)/p2p-circuit/p2p/\(peer)")
        #expect(address.isCircuit && address.transport == .circuit)
        #expect(address.host == .name(kind: .dns4, bytes("relay.example")) && address.port == 443)
        #expect(address.sni == bytes("other.example") && address.httpPath == bytes("a/b"))
        let (relay, rest) = try #require(address.splitAtCircuit())
        #expect(relay.transport == .webSocket(secure: true) && relay.peerID?.description == peer)
        #expect(rest.description == "/p2p/\(peer)")
        #expect(relay.withoutPeerID.peerID == nil)
        #expect(relay.appending(code: MultiaddrCode.p2pCircuit).appending(try PeerID(text: peer)) == address)
        #expect(try Multiaddr("/ip4/1.2.3.4/tcp/1/p2p-circuit").peerID == nil)
        #expect(Multiaddr.tcp(ip: [127, 0, 0, 1], port: 4001).description == "/ip4/127.0.0.1/tcp/4001")
    }

    @Test(arguments: ["", "/tcp/4001", "/tcp/443/wss", "/tcp/443/tls/sni/other.example/ws"])
    func aNameGivesWayToAnAddress(rest: String) throws {
        for kind in ["dns", "dns4", "dns6"] {
            let address = try Multiaddr("/\(kind)/relay.example\(rest)")
            #expect(address.replacingHost(by: [192, 0, 2, 1]).description == "/ip4/192.0.2.1\(rest)")
            #expect(address.replacingHost(by: [UInt8](repeating: 0, count: 15) + [1]).description == "/ip6/::1\(rest)")
        }
    }

    @Test func endpointsOfDatagrams() throws {
        for (text, endpoint) in [
            ("/ip4/192.0.2.1/udp/4001/webrtc-direct", "/ip4/192.0.2.1/udp/4001"), ("/ip6/::1/udp/256/quic-v1", "/ip6/::1/udp/256"),
            ("/ip4/192.0.2.1/udp/1", "/ip4/192.0.2.1/udp/1"), ("/ip4/192.0.2.1/udp/0/webrtc-direct", nil),
            ("/ip4/192.0.2.1/tcp/1", nil), ("/dns4/relay.example/udp/1", nil), ("/ip4/192.0.2.1", nil), ("/udp/1", nil),
            ("/ip6zone/eth0/ip6/fe80::1/udp/1", nil),
        ] as [(String, String?)] {
            #expect(try Multiaddr(text).datagramEndpoint?.description == endpoint, "\(text)")
        }
    }

    @Test func addressesOfOneHostBeginAlike() throws {
        let address = try Multiaddr("/ip4/192.168.1.1/tcp/1")
        #expect(address.begins(as: try Multiaddr("/ip4/192.168.1.1/udp/2/webrtc-direct")))
        #expect(!address.begins(as: try Multiaddr("/ip4/192.168.1.2/tcp/1")) && !address.begins(as: .webRTC))
        #expect(try Multiaddr("/dns4/a/tcp/1").begins(as: try Multiaddr("/dns4/a/udp/1")))
        #expect(try !Multiaddr("/dns4/a/tcp/1").begins(as: try Multiaddr("/dns6/a/tcp/1")))
    }

    @Test(arguments: [
        ("/ip4/1.2.3.4/tcp/1", Multiaddr.Transport.tcp), ("/ip4/1.2.3.4/tcp/1/ws", .webSocket(secure: false)),
        ("/ip4/1.2.3.4/tcp/1/wss", .webSocket(secure: true)), ("/ip4/1.2.3.4/tcp/1/tls/ws", .webSocket(secure: true)),
        ("/ip4/1.2.3.4/udp/1/quic-v1", .quic), ("/ip4/1.2.3.4/udp/1/quic-v1/webtransport", .other), ("/ip4/1.2.3.4/udp/1", .other),
        ("/ip4/1.2.3.4/udp/1/webrtc-direct", .webRTCDirect), ("/ip4/1.2.3.4/tcp/1/ws/p2p-circuit/webrtc", .webRTC),
        ("/ip4/1.2.3.4/tcp/1/tls", .other), ("/ip4/1.2.3.4/tcp/1/http", .other),
    ])
    func transports(_ text: String, _ transport: Multiaddr.Transport) throws {
        #expect(try Multiaddr(text).transport == transport)
    }

    @Test(arguments: [
        ("/ip4/127.9.9.9/tcp/1", Multiaddr.Reach.loopback), ("/ip6/::1/tcp/1", .loopback), ("/ip4/10.0.0.1/tcp/1", .privateNetwork),
        ("/ip4/100.64.0.1/tcp/1", .privateNetwork), ("/ip4/172.32.0.1/tcp/1", .public), ("/ip6/fe80::1/tcp/1", .linkLocal),
        ("/ip6/fd00::1/tcp/1", .privateNetwork), ("/ip6/2001:db8::1/tcp/1", .public), ("/ip6/::ffff:10.0.0.1/tcp/1", .privateNetwork),
        ("/ip4/0.0.0.0/tcp/1", .none), ("/ip6/::/tcp/1", .none), ("/dns/a.example/tcp/1", .name), ("/p2p-circuit", .none),
    ])
    func reaches(_ text: String, _ reach: Multiaddr.Reach) throws {
        #expect(try Multiaddr(text).reach == reach)
    }

    @Test(arguments: [
        ("::", "::"), ("1::", "1::"), ("::1:2", "::1:2"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::ffff:1.2.3.4", "::ffff:1.2.3.4"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
        ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"), ("0:0:1::", "0:0:1::"),
    ])
    func ipv6(_ text: String, _ canonical: String) throws {
        #expect(string(IPAddressText.text(try #require(IPAddressText.ipv6(bytes(text))))) == canonical)
    }

    @Test(arguments: [
        ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7:8::", "::1.2.3", ":1::",
        "1:", "::1:", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4::", "fe80::1%eth0",
    ])
    func refusesIPv6(_ text: String) { #expect(IPAddressText.ipv6(bytes(text)) == nil) }

    @Test(arguments: ["1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1..2.3", "1.2.3.", ".1.2.3", "1.2.3.4 ", ""])
    func refusesIPv4(_ text: String) { #expect(IPAddressText.ipv4(bytes(text)) == nil) }
}
