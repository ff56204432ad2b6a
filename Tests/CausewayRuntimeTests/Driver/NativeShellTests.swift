import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import Testing

@testable import CausewayRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

private func loopback(_ suffix: String = "") throws -> Multiaddr { try Multiaddr("/ip4/127.0.0.1/tcp/0" + suffix) }

func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) } }

extension Answer {
    var link: UInt32? { if case .connected(let connection) = self { connection.id } else { nil } }
}

@Test(arguments: ["", "/ws"], [1, 2])
func twoNodesEcho(suffix: String, loops: Int) async throws {
    var shell = ShellConfiguration()
    shell.loops = loops
    let server = try TestNode(shell)
    let client = try TestNode(shell)
    let addresses = try await server.shell.listen([loopback(suffix)])
    #expect(addresses.count == 1)
    let link = try #require(await client.connect(to: addresses[0], server.peerID).link)
    for size in [0, 1, 64, 65_536, 3_000_000] {
        let sent = pattern(size)
        let back = try await client.echo(sent, on: link)
        #expect(back == sent, "\(size) bytes")
    }
    await client.stop()
    await server.stop()
}

@Test func tcpAndWebSocketShareAPort() async throws {
    let server = try TestNode()
    let probe = try await server.shell.listen([loopback()])
    let port = try #require(probe[0].port)
    await server.stop()
    let again = try TestNode()
    let both = [try Multiaddr("/ip4/127.0.0.1/tcp/\(port)"), try Multiaddr("/ip4/127.0.0.1/tcp/\(port)/ws")]
    #expect(try await again.shell.listen(both) == both)
    for address in both {
        let client = try TestNode()
        let link = try #require(await client.connect(to: address, again.peerID).link)
        #expect(try await client.echo([1, 2, 3], on: link) == [1, 2, 3])
        await client.stop()
    }
    await again.stop()
}

@Test func secureWebSocketsEcho() async throws {
    let authority = TestCertificate(isAuthority: true)
    let leaf = TestCertificate(names: "DNS:localhost,IP:127.0.0.1", issuer: authority)
    let folder = try TemporaryFolder()
    var serverShell = ShellConfiguration()
    serverShell.certificate = try TLSServerContext(
        certificates: folder.write("chain.pem", leaf.certificatePEM), key: folder.write("key.pem", leaf.keyPEM))
    let server = try TestNode(serverShell)
    let port = try #require(try await server.shell.listen([loopback("/tls/ws")])[0].port)
    var clientShell = ShellConfiguration()
    clientShell.trust = try TLSClientContext(authorities: folder.write("authority.pem", authority.certificatePEM))
    for address in [
        "/ip4/127.0.0.1/tcp/\(port)/tls/ws", "/dns4/localhost/tcp/\(port)/wss", "/ip4/127.0.0.1/tcp/\(port)/tls/sni/localhost/ws",
    ] {
        let client = try TestNode(clientShell)
        let link = try #require(await client.connect(to: Multiaddr(address), server.peerID).link, "\(address)")
        let sent = pattern(300_000)
        #expect(try await client.echo(sent, on: link) == sent)
        await client.stop()
    }
    let stranger = try TestNode()
    guard case .notConnected(let outcomes) = await stranger.connect(to: try Multiaddr("/ip4/127.0.0.1/tcp/\(port)/tls/ws"), server.peerID)
    else {
        Issue.record("a certificate of nobody was trusted")
        return
    }
    guard case .failed(.peerFault(.tls, let code))? = outcomes.first?.result else {
        Issue.record("\(outcomes)")
        return
    }
    #expect(code > 1000)
    await stranger.stop()
    await server.stop()
}

@Test(arguments: [1, 3])
func relayedPeersEcho(loops: Int) async throws {
    var shell = ShellConfiguration()
    shell.loops = loops
    let relay = try TestNode(shell) {
        $0.relay = RelayLimits()
        $0.relay?.circuit = .unlimited
    }
    let address = try await relay.shell.listen([loopback()])[0].appending(relay.peerID)
    let target = try TestNode()
    let answer = await target.request { $0.reserve(request: $1, relayAddress: address, now: $2) }
    guard case .reserved = answer else {
        Issue.record("\(answer)")
        return
    }
    let source = try TestNode()
    let circuit = address.appending(code: MultiaddrCode.p2pCircuit, value: [])
    let link = try #require(await source.connect(to: circuit, target.peerID).link)
    for node in [source, target] {
        let frames = await node.framePayloads()
        #expect(frames.outer.count == 1 && frames.inner.map { $0 + 30 } == frames.outer, "a circuit's frame takes more than one frame")
    }
    let sent = pattern(2_000_000)
    #expect(try await source.echo(sent, on: link) == sent)
    // Both ends are told how much a circuit moved when it ends.
    source.shell.onNode { [loop = source.shell.loop, peer = target.peerID] in $0.hangUp(peer, now: loop.now) }
    let event = await relay.event { if case .happened(.relay(.circuitClosed)) = $0 { true } else { false } }
    guard case .happened(.relay(.circuitClosed(_, _, _, let up, let down, _, _))) = event else { return }
    #expect(up > 2_000_000 && down > 2_000_000)
    for node in [source, target, relay] { await node.stop() }
}

@Test func whatATurnWantsOfALoopGoesThereTogether() async throws {
    var shell = ShellConfiguration()
    shell.loops = 2
    let server = try TestNode(shell)
    let address = try await server.shell.listen([loopback()])[0]
    let clients = try (0..<4).map { _ in try TestNode() }
    for client in clients { _ = try #require(await client.connect(to: address, server.peerID).link) }
    for client in clients { _ = await server.event { $0 == .happened(.peerConnected(client.peerID)) } }
    let peers = clients.map(\.peerID)
    let waiting = await server.onShell { shell in
        shell.driver.input { for peer in peers { $0.hangUp(peer, now: shell.loop.now) } }
        _ = shell.driver.turn()
        // Beside them may be what the turn answers to identify.
        return shell.orders.map { $0.count { if case .output(.link(_, .close)) = $0 { true } else { false } } }
    }
    // Two of them live on the other loop; nothing has left for it before the turn's end.
    #expect(waiting[0] == 0 && waiting[1] == 2)
    while await server.linkCount() > 0 { await Task.yield() }
    for node in clients + [server] { await node.stop() }
}

@Test func dnsaddrLeadsToAConnection() async throws {
    let server = try TestNode()
    let address = try await server.shell.listen([loopback()])[0].appending(server.peerID)
    let names = try NameServer(records: ["_dnsaddr.node.example": ["dnsaddr=\(address)"]])
    var shell = ShellConfiguration()
    shell.nameServers = names.address
    let client = try TestNode(shell)
    let link = try #require(await client.connect(to: Multiaddr("/dnsaddr/node.example"), server.peerID).link)
    #expect(try await client.echo([9], on: link) == [9])
    await client.stop()
    await server.stop()
}

@Test func aWebSocketIsAskedForByTheNameOfItsHost() async throws {
    let server = RawSocket()
    let port = await server.listen()
    let names = try NameServer(hosts: ["relay.example": [127, 0, 0, 1]])
    var shell = ShellConfiguration()
    shell.nameServers = names.address
    let client = try TestNode(shell) { $0.limits.dialTime = .seconds(1) }
    _ = await client.connect(to: try Multiaddr("/dns4/relay.example/tcp/\(port)/ws"), client.otherPeer)
    let asked = String(decoding: await server.answer(), as: UTF8.self)
    #expect(asked.contains("Host: relay.example:\(port)\r\n"), "\(asked)")
    await client.stop()
    server.stop()
}

@Test func takenPortsAreNamed() async throws {
    let one = try TestNode()
    let address = try await one.shell.listen([loopback()])[0]
    let two = try TestNode()
    await #expect(throws: ListenError.system(address, errno: EADDRINUSE, text: "address already in use")) {
        try await two.shell.listen([address])
    }
    let odd = try Multiaddr("/ip4/127.0.0.1/udp/4001/quic-v1")
    await #expect(throws: ListenError.unsupported(odd)) { try await two.shell.listen([odd]) }
    await #expect(throws: ListenError.noCertificate(try loopback("/tls/ws"))) { try await two.shell.listen([loopback("/tls/ws")]) }
    await one.stop()
    await two.stop()
}

@Test func unspecifiedAddressesShowAsInterfaces() async throws {
    let node = try TestNode()
    let found = try await node.shell.listen([try Multiaddr("/ip4/0.0.0.0/tcp/0/ws")])
    #expect(found.contains { $0.description.hasPrefix("/ip4/127.0.0.1/tcp/") })
    #expect(!found.contains { $0.port == 0 })
    await node.stop()
}

@Test func halfOpenHandshakesTimeOut() async throws {
    let server = try TestNode { $0.limits.connection.handshakeTime = .milliseconds(100) }
    let address = try await server.shell.listen([loopback()])[0]
    // One says nothing, one begins and stops.
    for first in [[], [0x13]] as [[UInt8]] {
        let raw = RawSocket()
        #expect(await raw.connect(to: try #require(address.port), sending: first) == 0)
        #expect(await raw.end() == 0)
        raw.stop()
    }
    await server.stop()
}

@Test func cancelledDialsCloseTheirSocket() async throws {
    let raw = RawSocket()
    let port = await raw.listen()
    let client = try TestNode()
    let peer = try TestNode()
    let address = Multiaddr.tcp(ip: [127, 0, 0, 1], port: port).appending(peer.peerID)
    async let answer = client.request { $0.connect(request: $1, peer: peer.peerID, addresses: [address], allowsLimited: true, now: $2) }
    await raw.accepted()
    client.shell.onNode { [loop = client.shell.loop] in $0.cancel(request: 1, now: loop.now) }
    #expect(await answer == .cancelled)
    #expect(await raw.end() == 0)
    raw.stop()
    await client.stop()
    await peer.stop()
}

@Test(arguments: [NativeShell.Kill.close, .reset])
func brokenLinksAreTold(kill: NativeShell.Kill) async throws {
    let server = try TestNode()
    let address = try await server.shell.listen([loopback()])[0]
    let client = try TestNode()
    let link = try #require(await client.connect(to: address, server.peerID).link)
    _ = await server.event { if case .happened(.connected) = $0 { true } else { false } }
    client.shell.kill(link, kill)
    for node in [client, server] { _ = await node.event { if case .happened(.peerDisconnected) = $0 { true } else { false } } }
    await client.stop()
    await server.stop()
}

@Test func connectionsComeAndGoWithoutALeak() async throws {
    let server = try TestNode()
    let address = try await server.shell.listen([loopback()])[0]
    let client = try TestNode()
    for _ in 0..<20 {
        let link = try #require(await client.connect(to: address, server.peerID).link)
        #expect(try await client.echo([1], on: link) == [1])
        client.shell.onNode { [loop = client.shell.loop] in $0.hangUp(server.peerID, now: loop.now) }
        while await client.linkCount() > 0 { await Task.yield() }
    }
    while await server.linkCount() > 0 { await Task.yield() }
    await client.stop()
    await server.stop()
}

@Test func stoppedShellsAreFreed() async throws {
    weak var shell: NativeShell?
    do {
        let node = try TestNode()
        shell = node.shell
        _ = try await node.shell.listen([loopback()])
        await node.stop()
    }
    for _ in 0..<1000 where shell != nil { try await Task.sleep(for: .milliseconds(1)) }
    #expect(shell == nil)
}

@Test func ipv6AndIPv4ShareAPortNumber() async throws {
    let server = try TestNode()
    let four = try await server.shell.listen([loopback("/ws")])[0]
    let port = try #require(four.port)
    let six = try Multiaddr("/ip6/::1/tcp/\(port)")
    do {
        #expect(try await server.shell.listen([six]) == [six])
    } catch {
        // This machine has no IPv6.
        guard case .system(_, EADDRNOTAVAIL, _) = error else { throw error }
        return await server.stop()
    }
    let client = try TestNode()
    let link = try #require(await client.connect(to: six, server.peerID).link)
    #expect(try await client.echo([6], on: link) == [6])
    await client.stop()
    await server.stop()
}
