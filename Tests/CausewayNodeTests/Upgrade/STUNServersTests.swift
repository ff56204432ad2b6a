import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let hash = "certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g"

private func direct(_ ip: String, _ port: Int = 4001) -> String { "/ip4/\(ip)/udp/\(port)/webrtc-direct/\(hash)" }

/// A node that knows peers as identify told them.
private struct Acquainted {
    let bench = NodeBench { $0.webRTC = true }
    private var next: UInt32 = 1000

    var servers: [String] { STUNServers.list([], in: bench.node.context).map { $0.description } }

    mutating func connect(
        _ number: UInt8, at text: String, naming addresses: [String], offers: Bool = true, isInbound: Bool = false, isRelayed: Bool = false
    ) {
        next += 2
        let path = isRelayed ? ConnectionPath.relayed(by: peer(9), limit: nil) : .direct(at: address(text))
        bench.node.context.expectLink(
            next, remoteAddress: address(text), localAddress: address("/ip4/10.0.0.1/tcp/2"), path: path, carrier: nil, isInbound: isInbound
        )
        bench.establish(next, number)
        let ids = [Ping.protocolID] + (offers ? [STUNService.protocolID] : [])
        bench.node.context.peers.describe(
            PeerDescription(peer: peer(number), protocolIDs: ids, listenAddresses: addresses.map { address($0) }))
    }
}

@Suite struct STUNServersTests {
    @Test func aPeerThatOffersItIsAskedWhereItIsPublic() {
        var known = Acquainted()
        known.connect(
            1, at: "/dns4/relay.example/tcp/443/wss",
            naming: [
                "/ip4/203.0.113.1/tcp/4001", direct("203.0.113.1"), direct("192.168.1.1"), direct("127.0.0.1"),
                // Browsers refuse to make a peer connection with such a server.
                direct("203.0.113.1", 0), direct("0.0.0.0"),
                "/ip6/2001:db8::1/udp/4001/webrtc-direct/\(hash)", "/dns4/relay.example/udp/4001/webrtc-direct/\(hash)",
                "\(direct("203.0.113.8"))/p2p/\(peer(8).description)/p2p-circuit",
            ])
        #expect(known.servers == ["/ip4/203.0.113.1/udp/4001", "/ip6/2001:db8::1/udp/4001"])
        known.connect(2, at: "/ip4/203.0.113.2/tcp/1", naming: [direct("203.0.113.2")], offers: false)
        #expect(known.servers.count == 2)
    }

    @Test func anAddressOfThisNetworkIsAskedOnlyAtAHostThatWeAreConnectedTo() {
        var known = Acquainted()
        known.connect(1, at: "/ip4/192.168.1.1/tcp/4001", naming: [direct("192.168.1.1"), direct("192.168.1.2"), direct("10.0.0.1")])
        known.connect(2, at: direct("127.0.0.1", 5001), naming: [])
        #expect(known.servers == ["/ip4/192.168.1.1/udp/4001", "/ip4/127.0.0.1/udp/5001"])
    }

    @Test func whereAPeerDialledUsFromNobodyAnswers() {
        var known = Acquainted()
        known.connect(1, at: "/ip4/203.0.113.1/udp/60001/webrtc-direct", naming: [direct("203.0.113.1")], isInbound: true)
        known.connect(
            2, at: "/ip4/203.0.113.9/tcp/1/p2p/\(peer(9).description)/p2p-circuit", naming: [direct("203.0.113.2")], isRelayed: true)
        #expect(known.servers == ["/ip4/203.0.113.1/udp/4001"])
    }

    @Test func relaysThatHoldAPlaceComeFirstAndFourAreEnough() {
        var known = Acquainted()
        for number in UInt8(1)...5 {
            known.connect(
                number, at: direct("203.0.113.\(number)"), naming: [direct("203.0.113.\(number)"), direct("203.0.113.1\(number)")])
        }
        #expect(known.servers.count == STUNServers.count)
        known.connect(9, at: direct("203.0.113.9"), naming: [direct("203.0.113.9")])
        known.bench.node.context.addresses.replaceCircuits(
            by: [address("\(direct("203.0.113.9"))/p2p/\(peer(9).description)/p2p-circuit")], in: known.bench.node.context)
        #expect(
            known.servers == [
                "/ip4/203.0.113.9/udp/4001", "/ip4/203.0.113.1/udp/4001", "/ip4/203.0.113.11/udp/4001", "/ip4/203.0.113.2/udp/4001",
            ])
    }

    @Test func onlySoManyConnectionsAreLookedAt() {
        var known = Acquainted()
        for number in UInt8(10)..<74 { known.connect(number, at: "/ip4/203.0.113.\(number)/tcp/1", naming: []) }
        known.connect(1, at: direct("203.0.113.1"), naming: [])
        #expect(known.bench.node.connectionDescriptions.count == STUNServers.connections + 1)
        #expect(known.servers.isEmpty)
    }

    @Test func whoListensOnWebRTCDirectSaysSo() throws {
        let bench = NodeBench()
        let link = bench.inbound(7)
        func names(_ addresses: [String], _ stream: UInt32) throws -> Bool {
            bench.node.listening(addresses.map { address($0) }, now: bench.now)
            bench.feed(.streamOpened(stream: stream, protocolID: Identify.protocolID), link)
            let heard = IdentifyExchange(StreamKey(link: link, stream: stream), isPush: false)
            try heard.take(bench.sent(on: heard.stream), limits: NodeLimits())
            return heard.message.protocolIDs.contains([UInt8]("/causeway/stun/1".utf8))
        }
        #expect(try !names(["/ip4/198.51.100.1/tcp/4001"], 1))
        #expect(try names(["/ip4/198.51.100.1/tcp/4001", direct("198.51.100.1")], 3))
        #expect(try !names(["\(direct("203.0.113.9"))/p2p/\(peer(9).description)/p2p-circuit"], 5))
        // It is a mark: nobody serves it.
        #expect(!bench.node.protocolTable.entries.contains { $0.name == STUNService.protocolID })
    }
}
