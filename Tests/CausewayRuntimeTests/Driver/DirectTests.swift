import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import Testing

@testable import CausewayRuntime
@testable import CausewayWebRTC

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

#if canImport(Glibc)
    private let datagrams = Int32(SOCK_DGRAM.rawValue)
#else
    private let datagrams = SOCK_DGRAM
#endif

/// Takes nothing of what comes.
private final class DeafOwner: StreamOwner {
    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {}
    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {}
    func writable(_ stream: UInt32, on link: Link) {}
    func finished(_ stream: UInt32, on link: Link) {}
    func closed(_ stream: UInt32, error: StreamError?, on link: Link) {}
}

/// `/webrtc-direct` between nodes of this shell, over loopback.
@Suite(.timeLimit(.minutes(2))) struct DirectTests {
    private static func listening(_ node: TestNode, at host: String = "/ip4/127.0.0.1") async throws -> Multiaddr {
        try await node.listenDirect(at: host)
    }

    private func failure(of answer: Answer) -> ConnectionError? {
        guard case .notConnected(let outcomes) = answer, case .failed(let error)? = outcomes.first?.result else { return nil }
        return error
    }

    @Test(arguments: ["/ip4/127.0.0.1", "/ip6/::1"], [1, 2])
    func twoNodesEcho(host: String, loops: Int) async throws {
        var shell = ShellConfiguration()
        shell.loops = loops
        let (server, client) = (try TestNode(shell), try TestNode(shell))
        let address = try await Self.listening(server, at: host)
        #expect(address.certificateHash != nil)
        let link = try #require(await client.connect(to: address, server.peerID).link)
        for size in [0, 1, 5000, 1 << 20] {
            let sent = pattern(size)
            #expect(try await client.echo(sent, on: link) == sent, "\(size) bytes")
        }
        let event = await server.event { if case .happened(.connected) = $0 { true } else { false } }
        guard case .happened(.connected(let seen)) = event else { return }
        #expect(seen.path == .direct(.webRTCDirect) && seen.isInbound && seen.peer == client.peerID)
        // The listener opens streams, too.
        #expect(try await server.echo(pattern(100_000), on: seen.id) == pattern(100_000))
        await client.stop()
        await server.stop()
    }

    @Test func manyStreamsComeAndGo() async throws {
        let (server, client) = (try TestNode(), try TestNode())
        let link = try #require(await client.connect(to: Self.listening(server), server.peerID).link)
        for _ in 0..<4 {
            let right = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<50 {
                    group.addTask {
                        let sent = pattern(1000 * index)
                        return try await client.echo(sent, on: link) == sent
                    }
                }
                return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
            }
            #expect(right == 50)
        }
        await client.stop()
        await server.stop()
    }

    @Test func nothingIsLeftAfterTheEnd() async throws {
        let (server, client) = (try TestNode(), try TestNode())
        let link = try #require(await client.connect(to: Self.listening(server), server.peerID).link)
        #expect(try await client.echo([1, 2, 3], on: link) == [1, 2, 3])
        await client.stop()
        // The dialler's goodbye ends the listener's side at once, not the silence after it.
        _ = await server.event { if case .happened(.disconnected) = $0 { true } else { false } }
        while await server.linkCount() > 0 { try await Task.sleep(for: .milliseconds(2)) }
        await server.stop()
    }

    @Test(arguments: [NativeShell.Kill.close, .reset], [false, true])
    func killedConnectionsAreTold(how: NativeShell.Kill, byListener: Bool) async throws {
        let (server, client) = (try TestNode(), try TestNode())
        let link = try #require(await client.connect(to: Self.listening(server), server.peerID).link)
        let event = await server.event { if case .happened(.connected) = $0 { true } else { false } }
        guard case .happened(.connected(let seen)) = event else { return }
        if byListener { server.shell.kill(seen.id, how) } else { client.shell.kill(link, how) }
        for node in [client, server] {
            _ = await node.event { if case .happened(.peerDisconnected) = $0 { true } else { false } }
            while await node.linkCount() > 0 { try await Task.sleep(for: .milliseconds(2)) }
        }
        await client.stop()
        await server.stop()
    }

    @Test func aSilencedConnectionIsNoticed() async throws {
        let (server, client) = (try TestNode(.impatient), try TestNode(.impatient))
        let link = try #require(await client.connect(to: Self.listening(server), server.peerID).link)
        #expect(try await client.echo([1], on: link) == [1])
        client.shell.kill(link, .silence)
        await #expect(throws: StreamError.self) { try await client.echo([2], on: link) }
        for node in [client, server] {
            _ = await node.event { if case .happened(.peerDisconnected) = $0 { true } else { false } }
            while await node.linkCount() > 0 { try await Task.sleep(for: .milliseconds(2)) }
            await node.stop()
        }
    }

    @Test func nobodyListens() async throws {
        let (server, client) = (try TestNode(), try TestNode())
        let address = try await Self.listening(server)
        await server.stop()
        #expect(failure(of: await client.connect(to: address, server.peerID)) == .link(errno: ECONNREFUSED))
        #expect(await client.linkCount() == 0)
        await client.stop()
    }

    @Test func anotherCertificateIsRefused() async throws {
        let (server, client) = (try TestNode(), try TestNode())
        let address = try await Self.listening(server)
        let port = try #require(address.port)
        let wrong = Multiaddr.webRTCDirect(try #require(Endpoint(ip: [127, 0, 0, 1], port: port)))
            .appending(code: MultiaddrCode.certhash, value: [0x12, 0x20] + [UInt8](repeating: 7, count: 32))
        #expect(failure(of: await client.connect(to: wrong, server.peerID)) == .peerFault(.tls, code: 1028))
        await client.stop()
        await server.stop()
    }

    @Test func anotherPeerIsRefused() async throws {
        let (server, client) = (try TestNode(), try TestNode())
        let address = try await Self.listening(server)
        let other = client.otherPeer
        #expect(failure(of: await client.connect(to: address, other)) == .wrongPeer(expected: other, actual: server.peerID))
        await client.stop()
        await server.stop()
    }

    @Test func strangersChangeNothing() async throws {
        let (server, client) = (try TestNode(), try TestNode())
        let address = try await Self.listening(server)
        let link = try #require(await client.connect(to: address, server.peerID).link)
        let port = try #require(address.port)
        for first in [0, 1, 3, 20, 22, 63, 64, 255] as [UInt8] {
            for size in [0, 1, 20, 100, 1400] {
                var bytes = [first] + pattern(size)
                // A binding request by its head, at times.
                let length = size - 19
                if first == 0, length > 0 {
                    bytes.replaceSubrange(0..<8, with: [0, 1, UInt8(length >> 8), UInt8(length & 0xfc), 0x21, 0x12, 0xa4, 0x42])
                }
                #expect(Self.send(bytes, to: port))
            }
        }
        let sent = pattern(100_000)
        #expect(try await client.echo(sent, on: link) == sent)
        #expect(await server.linkCount() == 1)
        await client.stop()
        await server.stop()
    }

    /// From a port of its own, on loopback.
    private static func send(_ bytes: [UInt8], to port: UInt16) -> Bool {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let file = socket(AF_INET, datagrams, 0)
        defer { close(file) }
        let sent = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(file, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return sent == bytes.count
    }

    /// The first check of somebody who goes no further.
    private static func firstCheck(_ number: Int, to port: UInt16) throws -> [UInt8] {
        let (own, theirs) = DirectVersion.one.credentials(secret: [UInt8](repeating: UInt8(number), count: 32))
        let (local, remote) = (Endpoint(ip: [127, 0, 0, 1], port: 1), Endpoint(ip: [127, 0, 0, 1], port: port))
        let now = Instant(nanoseconds: 0)
        let agent = ICEAgent(
            .controlling, own, bases: [LocalBase(socket: 0, endpoint: try #require(local))], secret: [UInt8](repeating: 1, count: 32),
            now: now, mayCheck: { _ in true })
        agent.setRemote(theirs, isLite: true, now: now)
        agent.add(ICECandidate(foundation: [49], priority: 1, address: .endpoint(try #require(remote)), kind: .host))
        var buffer = [UInt8](repeating: 0, count: PeerConnection.datagramSize)
        while let output = buffer.withUnsafeMutableBytes({ agent.pollOutput(into: $0, now: now) }) {
            if case .send(let count, _) = output { return Array(buffer[..<count]) }
        }
        return []
    }

    @Test func newcomersAreFew() async throws {
        let (server, client) = (try TestNode(), try TestNode())
        let address = try await Self.listening(server)
        let port = try #require(address.port)
        for number in 0..<100 { #expect(Self.send(try Self.firstCheck(number, to: port), to: port)) }
        while await server.linkCount() == 0 { try await Task.sleep(for: .milliseconds(2)) }
        // An honest one of the same place comes through.
        let link = try #require(await client.connect(to: address, server.peerID).link)
        #expect(try await client.echo([1, 2, 3], on: link) == [1, 2, 3])
        #expect(await server.linkCount() <= 1 + DemultiplexerLimits().strangersPerPlace)
        await client.stop()
        await server.stop()
    }

    @Test func limitsAreTheConfigurations() async throws {
        var shell = ShellConfiguration()
        shell.webRTCLimits.associations.strangersPerPlace = 3
        let server = try TestNode(shell)
        let port = try #require(try await Self.listening(server).port)
        for number in 0..<10 { #expect(Self.send(try Self.firstCheck(number, to: port), to: port)) }
        await server.refused(7)
        #expect(await server.linkCount() == 3)
        await server.stop()
    }

    /// Chunks behind one that never comes: nothing can be delivered, and SCTP alone would keep four mebibytes.
    @Test func aStrangerMakesNobodyKeepMuch() async throws {
        let server = try TestNode()
        let dialler = try HostileDialler(to: try #require(try await Self.listening(server).port))
        try await dialler.begin()
        let message = [UInt8](repeating: 7, count: 1000)
        let kept: @Sendable (NativeShell) -> Int = { shell in
            shell.first.associations.reduce(0) { $0 + $1.connection.channels.association.heldBytes }
        }
        for index in 1...30 as ClosedRange<UInt32> { dialler.data(message, ahead: index) }
        while await server.onShell(kept) < 30_000 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(await server.linkCount() == 1)
        let begun = ContinuousClock.now
        for index in 31...80 as ClosedRange<UInt32> { dialler.data(message, ahead: index) }
        while await server.linkCount() > 0 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(ContinuousClock.now - begun < .seconds(5), "it was not the time for the handshake that ended it")
        await server.stop()
    }

    @Test func whoIsNotReadSendsNoMoreThanFits() async throws {
        let (server, client) = (try TestNode(serve: { DeafOwner() }), try TestNode())
        let link = try #require(await client.connect(to: Self.listening(server), server.peerID).link)
        let echo = Task { try await client.echo(pattern(16 << 20), on: link) }
        let unreturned: @Sendable (NativeShell) -> Int = { ($0.first.links.carrier(of: link) as? AssociationCarrier)?.unreturned ?? 0 }
        // Until nothing moves: by credit, or by what the association takes, whatever comes first. Seldom enough that looking does not take
        // the loop's time.
        var (last, still) = (-1, 0)
        while still < 100 {
            try #require(await client.linkCount() == 1, "the connection ended")
            try await Task.sleep(for: .milliseconds(5))
            let now = await client.onShell(unreturned)
            (last, still) = (now, now == last ? still + 1 : 0)
        }
        // The last message may pass the bound.
        #expect(await client.onShell(unreturned) < AssociationCarrier.room + 4096)
        // It counts as held, so that the node's bounds hold for it.
        let held: @Sendable (NativeShell) -> Int = { $0.first.links.link(link)?.held ?? 0 }
        #expect(await client.onShell(held) >= last - 65_536)
        await client.stop()
        await #expect(throws: StreamError.self) { try await echo.value }
        await server.stop()
    }

    @Test func theAddressNamesTheGivenCertificate() async throws {
        let certificates = try DTLSCertificates(now: WallClock.unixSeconds())
        var shell = ShellConfiguration()
        shell.webRTCCertificates = certificates
        for _ in 0..<2 {
            let node = try TestNode(shell)
            let address = try await Self.listening(node)
            #expect(address.certificateHash == certificates.shown.fingerprint.digest)
            await node.stop()
        }
    }

    /// With a clock that a test sets: a certificate lives ten years, and its successor is made in the last but one.
    @Test func aSuccessorTakesOverAndNoConnectionEnds() async throws {
        let start = WallClock.unixSeconds()
        var shell = ShellConfiguration()
        shell.webRTCCertificates = try DTLSCertificates(now: start)
        let (server, client, late) = (try TestNode(shell), try TestNode(), try TestNode())
        @Sendable func day(_ day: Int64) async -> Multiaddr? {
            await server.onShell {
                $0.renewCertificates(now: start + day * 86_400)
                return $0.node.advertisedAddresses.first
            }
        }
        let first = try await Self.listening(server)
        let link = try #require(await client.connect(to: first, server.peerID).link)
        #expect(await day(3000) == first)
        // What a restart would lose is not advertised.
        await server.onShell { $0.keepCertificates = { _ in false } }
        #expect(await day(3300) == first)
        await server.onShell { $0.keepCertificates = nil }
        let both = try #require(await day(3300))
        let hashes = both.certificateMultihashes
        #expect(hashes.count == 2 && hashes[0] == first.certificateMultihashes[0] && hashes[0] != hashes[1])
        #expect(await day(3400) == both)
        let last = try #require(await day(3630))
        #expect(last.certificateMultihashes == [hashes[1]])
        #expect(try await client.echo(pattern(1000), on: link) == pattern(1000))
        // An address of the last year leads there, and an older one does not.
        #expect(failure(of: await late.connect(to: first, server.peerID)) == .peerFault(.tls, code: 1028))
        let again = try #require(await late.connect(to: both, server.peerID).link)
        #expect(try await late.echo([1], on: again) == [1])
        #expect(try await server.shell.listen([Multiaddr("/ip4/127.0.0.1/udp/0/webrtc-direct")])[0].certificateMultihashes == [hashes[1]])
        for node in [client, late, server] { await node.stop() }
    }

    @Test func listensOnNothingElse() async throws {
        let node = try TestNode()
        for text in ["/ip4/127.0.0.1/tcp/0/webrtc-direct", "/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/udp/0/webrtc-direct/tls"] {
            guard let address = try? Multiaddr(text) else { continue }
            await #expect(throws: ListenError.unsupported(address)) { try await node.shell.listen([address]) }
        }
        await node.stop()
    }
}
