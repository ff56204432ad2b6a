import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import Synchronization
import Testing

@testable import CausewayRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

private func anyPort(_ suffix: String = "") throws -> Multiaddr { try Multiaddr("/ip4/127.0.0.1/tcp/0" + suffix) }

@Test func aFloodOfSilentSocketsKeepsNobodyOut() async throws {
    let server = try TestNode { $0.limits.pendingConnections = 4 }
    let address = try await server.shell.listen([anyPort()])[0]
    let port = try #require(address.port)
    let silent = (0..<8).map { _ in RawSocket() }
    for one in silent { #expect(await one.connect(to: port, sending: []) == 0) }
    // The oldest went for those that came after the limit.
    for one in silent.prefix(4) { #expect(await one.end() == 0) }
    let client = try TestNode()
    let link = try #require(await client.connect(to: address, server.peerID).link)
    #expect(try await client.echo([1, 2], on: link) == [1, 2])
    for one in silent { one.stop() }
    await client.stop()
    await server.stop()
}

/// Writes as much gossip that says nothing as the stream takes, and counts it.
private final class Flood: StreamOwner, Sendable {
    let sent: Mutex<Int>
    /// One RPC, of a field that nobody knows.
    private let piece: [UInt8] = [0xfd, 0xff, 3, 0x7a, 0xf9, 0xff, 3] + [UInt8](repeating: 0, count: 65_529)

    init() { sent = Mutex(0) }

    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) { writable(stream, on: link) }

    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) { link.consumed(stream, bytes.count) }

    func writable(_ stream: UInt32, on link: Link) {
        while true {
            let position = sent.withLock { $0 % piece.count }
            let taken = piece.withUnsafeBytes { try? link.write(stream, UnsafeRawBufferPointer(rebasing: $0[position...])) } ?? 0
            let total = sent.withLock { sent in
                sent += taken
                return sent
            }
            if taken == 0 || total > 8 << 20 { return }
        }
    }

    func finished(_ stream: UInt32, on link: Link) {}
    func closed(_ stream: UInt32, error: StreamError?, on link: Link) {}
}

/// A node that has no time, with links on a loop that has: what waits for it is a window, and others' streams go on.
@Test(.timeLimit(.minutes(1))) func aBusyNodeHoldsBackItsStreams() async throws {
    var shell = ShellConfiguration()
    shell.loops = 2
    let server = try TestNode(shell)
    let address = try await server.shell.listen([anyPort()])[0]
    // Its own gossip would open a stream, which takes the place of the flood's.
    let client = try TestNode(configure: { $0.gossip = nil })
    let link = try #require(await client.connect(to: address, server.peerID).link)
    #expect(server.shell.linkLoops[1].links.count == 1, "the link is not on the second loop")
    let isFree = Atomic(false)
    server.shell.loop.post { while !isFree.load(ordering: .acquiring) { usleep(1000) } }
    let flood = Flood()
    client.shell.openStream(on: link, [Array("/meshsub/1.1.0".utf8)], owner: { _ in flood })
    // What was sent before an echo has arrived before it.
    for _ in 0..<8 { #expect(try await client.echo(pattern(100_000), on: link).count == 100_000) }
    let sent = flood.sent.withLock { $0 }
    #expect(sent >= 200 << 10 && sent <= 256 << 10, "\(sent) bytes while the node was busy")
    isFree.store(true, ordering: .releasing)
    while flood.sent.withLock({ $0 }) < 2 << 20 { _ = try await client.echo([1], on: link) }
    await client.stop()
    await server.stop()
}

@Test func withoutDescriptorsNewcomersAreToldOfAndLaterGetIn() async throws {
    let server = try TestNode()
    let address = try await server.shell.listen([anyPort()])[0]
    let client = try TestNode()
    let link = try #require(await client.connect(to: address, server.peerID).link)
    await server.onShell { $0.descriptorLimit = Descriptors.reserve }
    let raw = RawSocket()
    #expect(await raw.connect(to: try #require(address.port), sending: [0x13]) == 0)
    let event = await server.event { if case .happened(.refused) = $0 { true } else { false } }
    if case .happened(.refused(_, let limit, let value)) = event {
        #expect(limit == .descriptors && value == UInt64(Descriptors.reserve))
    }
    _ = await raw.end()
    #expect(try await client.echo([1, 2], on: link) == [1, 2])
    await server.onShell { $0.descriptorLimit = Descriptors.limit }
    let other = try TestNode()
    let late = try #require(await other.connect(to: address, server.peerID).link)
    #expect(try await other.echo([3], on: late) == [3])
    raw.stop()
    for node in [client, other, server] { await node.stop() }
}

@Test(arguments: [1, 2]) func aLinkKeepsItsNumberForItself(_ loops: Int) async throws {
    var shell = ShellConfiguration()
    shell.loops = loops
    let server = try TestNode(shell)
    let address = try await server.shell.listen([anyPort()])[0]
    func join() async throws -> (TestNode, UInt32) {
        let client = try TestNode()
        return (client, try #require(await client.connect(to: address, server.peerID).link))
    }
    let (old, link) = try await join()
    // As if 2^31 had come and gone since.
    await server.onShell { $0.lastAccepted = .max - 2 }
    var others: [(TestNode, UInt32)] = []
    for _ in 0..<3 { others.append(try await join()) }
    for (client, link) in others + [(old, link)] { #expect(try await client.echo([1, 2], on: link) == [1, 2]) }
    let numbers = await server.onShell { $0.node.connectionDescriptions.map(\.id) }
    #expect(Set(numbers) == [1, .max, 3, 5])
    for (client, _) in others + [(old, link)] { await client.stop() }
    await server.stop()
}

@Test(.timeLimit(.minutes(1))) func aCutCableIsNoticed() async throws {
    let impatient: (inout NodeConfiguration) -> Void = {
        $0.limits.connection.keepAliveInterval = .milliseconds(100)
        $0.limits.connection.keepAliveTimeout = .milliseconds(100)
    }
    let server = try TestNode(configure: impatient)
    let address = try await server.shell.listen([anyPort()])[0]
    let client = try TestNode(configure: impatient)
    let link = try #require(await client.connect(to: address, server.peerID).link)
    _ = await server.event { if case .happened(.connected) = $0 { true } else { false } }
    client.shell.kill(link, .silence)
    for node in [client, server] { _ = await node.event { if case .happened(.peerDisconnected) = $0 { true } else { false } } }
    // The socket's handle is gone a turn of the loop later, whenever this task is asked next.
    while await client.linkCount() != 0 { await Task.yield() }
    await client.stop()
    await server.stop()
}

@Test(.timeLimit(.minutes(1))) func strangersAreTurnedAwayByWhatTheyAre() async throws {
    let server = try TestNode { $0.limits.connection.handshakeTime = .seconds(2) }
    let tcp = try #require(try await server.shell.listen([anyPort()])[0].port)
    let webSocket = try #require(try await server.shell.listen([anyPort("/ws")])[0].port)
    let cases: [(port: UInt16, bytes: [UInt8])] = [
        (tcp, Array("GET / HTTP/1.1\r\n\r\n".utf8)), (tcp, [0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]),
        (webSocket, Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
        (webSocket, Array("POST / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)), (webSocket, [0, 1, 2, 3, 13, 10, 13, 10]),
    ]
    for one in cases {
        let raw = RawSocket()
        #expect(await raw.connect(to: one.port, sending: one.bytes) == 0)
        _ = await raw.end()
        raw.stop()
    }
    while await server.linkCount() != 0 { await Task.yield() }
    await server.stop()
}

@Test func renewedCertificatesServeNewConnections() async throws {
    let folder = try TemporaryFolder()
    func certificate(_ name: String) throws -> (TLSServerContext, TLSClientContext) {
        let authority = TestCertificate(isAuthority: true)
        let leaf = TestCertificate(names: "IP:127.0.0.1", issuer: authority)
        return (
            try TLSServerContext(
                certificates: folder.write("\(name).pem", leaf.certificatePEM), key: folder.write("\(name).key", leaf.keyPEM)),
            try TLSClientContext(authorities: folder.write("\(name).ca", authority.certificatePEM))
        )
    }
    let (old, trustsOld) = try certificate("old")
    let (new, trustsNew) = try certificate("new")
    var shell = ShellConfiguration()
    shell.certificate = old
    let server = try TestNode(shell)
    let address = try await server.shell.listen([anyPort("/tls/ws")])[0]
    func dial(_ trust: TLSClientContext) async throws -> Bool {
        var shell = ShellConfiguration()
        shell.trust = trust
        let client = try TestNode(shell)
        let link = await client.connect(to: address, server.peerID).link
        await client.stop()
        return link != nil
    }
    #expect(try await dial(trustsOld))
    server.shell.setCertificate(new)
    #expect(try await dial(trustsNew))
    #expect(try await !dial(trustsOld))
    await server.stop()
}

@Test func signalsReachThePrograms() async throws {
    let node = try TestNode()
    let number = await withCheckedContinuation { continuation in
        node.shell.onSignals([SIGUSR2]) { continuation.resume(returning: $0) }
        node.shell.onNode { _ in kill(getpid(), SIGUSR2) }
    }
    #expect(number == SIGUSR2)
    await node.stop()
}

@Test func stoppingAnswersWhatIsUnderWay() async throws {
    let raw = RawSocket()
    let port = await raw.listen()
    let client = try TestNode()
    let address = Multiaddr.tcp(ip: [127, 0, 0, 1], port: port)
    async let answer = client.connect(to: address, client.otherPeer)
    await raw.accepted()
    await client.stop()
    switch await answer {
    case .cancelled, .notConnected: break
    default: Issue.record("connected to nobody")
    }
    // Whoever still holds the shell gets answers, not crashes.
    await client.stop()
    await #expect(throws: ListenError.stopped) { try await client.shell.listen([anyPort()]) }
    let link = await withCheckedContinuation { continuation in
        client.shell.withLink(2) { link, _ in continuation.resume(returning: link != nil) }
    }
    #expect(!link)
    raw.stop()
}
