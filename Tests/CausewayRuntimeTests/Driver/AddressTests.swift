import CausewayConnection
import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A link-local IPv6 address of this machine, as an address with its zone.
private var linkLocal: Multiaddr? {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return nil }
    defer { freeifaddrs(list) }
    var next = list
    while let entry = next?.pointee {
        if let address = entry.ifa_addr.flatMap({ SocketAddress($0) }), address.ip.starts(with: [0xfe, 0x80]) {
            return Multiaddr.tcp(ip: address.ip, port: 0).inZone([UInt8](String(cString: entry.ifa_name).utf8))
        }
        next = entry.ifa_next
    }
    return nil
}

private func result(of answer: Answer) -> DialOutcome.Result? {
    if case .notConnected(let outcomes) = answer { outcomes.first?.result } else { nil }
}

@Suite("Addresses that say more than where") struct AddressTests {
    @Test(arguments: ["a%2Fb", "%2Fa%2Fb"]) func aPathIsAskedFor(path: String) async throws {
        let proxy = RawSocket()
        let address = try Multiaddr("/ip4/127.0.0.1/tcp/\(await proxy.listen())/ws/http-path/\(path)")
        let client = try TestNode()
        let stranger = try TestNode()
        async let answer = client.connect(to: address, stranger.peerID)
        await proxy.accepted()
        proxy.send(Array("HTTP/1.1 404 Not Found\r\n\r\n".utf8))
        #expect(String(decoding: await proxy.answer(), as: UTF8.self).hasPrefix("GET /a/b HTTP/1.1\r\n"))
        #expect(await answer.link == nil)
        proxy.stop()
        for node in [client, stranger] { await node.stop() }
    }

    @Test func aPathIsPartOfTheListenersAddress() async throws {
        let (server, client) = (try TestNode(), try TestNode())
        let address = try await server.shell.listen([Multiaddr("/ip4/127.0.0.1/tcp/0/ws/http-path/relay")])[0]
        #expect(address.description.hasSuffix("/ws/http-path/relay"))
        let link = try #require(await client.connect(to: address, server.peerID).link)
        #expect(try await client.echo([1], on: link) == [1])
        for node in [client, server] { await node.stop() }
    }

    /// The test cannot listen on port 80, but nobody says that such an address has no transport.
    @Test func aWebSocketNeedsNoPort() async throws {
        let (client, stranger) = (try TestNode(), try TestNode())
        let why = result(of: await client.connect(to: try Multiaddr("/ip4/127.77.77.77/ws"), stranger.peerID))
        #expect(why != nil && why != .unsupported && why != .failed(.link(errno: EAFNOSUPPORT)), "\(why as Any)")
        for node in [client, stranger] { await node.stop() }
    }

    @Test(.enabled(if: linkLocal != nil, "this machine has no link-local address; machine.py dials one everywhere"))
    func aZoneIsListenedOnAndDialled() async throws {
        let (server, client) = (try TestNode(), try TestNode())
        let asked = try #require(linkLocal)
        let address = try await server.shell.listen([asked])[0]
        #expect(address.zone == asked.zone && address.port != 0)
        let link = try #require(await client.connect(to: address, server.peerID).link)
        #expect(try await client.echo([1], on: link) == [1])
        for node in [client, server] { await node.stop() }
    }

    @Test func aZoneThatDoesNotExistIsAnError() async throws {
        let (client, stranger) = (try TestNode(), try TestNode())
        let address = try Multiaddr("/ip6zone/nowhere0/ip6/fe80::1/tcp/1")
        #expect(result(of: await client.connect(to: address, stranger.peerID)) == .failed(.link(errno: ENODEV)))
        await #expect(throws: ListenError.system(address, errno: ENODEV, text: "no such device")) {
            _ = try await stranger.shell.listen([address])
        }
        for node in [client, stranger] { await node.stop() }
    }
}
