import CausewayIdentity
import CausewayTLS
import Testing

@testable import CausewayConnection
@testable import CausewayRuntime

/// Answers every request with its target and as many bytes as asked for, some time later.
private struct Pages: PageServing {
    var size = 0

    func answer(_ request: HTTPRequest, from _: SocketAddress, then: @escaping @Sendable (HTTPResponse) -> Void) {
        let body = request.target + [UInt8](repeating: 0x2e, count: size)
        Task { then(HTTPResponse(status: "200 OK", fields: "", body: body)) }
    }

    func refuse(_ fault: WebSocketFault) -> HTTPResponse { HTTPResponse(status: "400 \(fault)", fields: "", body: []) }
}

private let request = Array("GET /page HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
private let page = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n/page".utf8)

/// An answer without its `Date`, which has to be this moment.
private func undated(_ answer: [UInt8]) throws -> [UInt8] {
    let text = String(decoding: answer, as: UTF8.self)
    let line = try #require(text.split(separator: "\r\n").first { $0.hasPrefix("Date: ") })
    let date = try #require(HTTPDate(line.dropFirst(6)))
    #expect(abs(date.unixSeconds - WallClock.unixSeconds()) < 30)
    return Array(text.replacing("\(line)\r\n", with: "").utf8)
}

private func server(
    _ pages: Pages = Pages(), loops: Int = 1, handshake: Interval = .seconds(15), pending: Int = 1024, downloads: Int = 512,
    certificate: TLSServerContext? = nil
) throws -> TestNode {
    var shell = ShellConfiguration()
    shell.pages = pages
    shell.pageLimits.downloads = downloads
    shell.certificate = certificate
    shell.loops = loops
    return try TestNode(shell) {
        $0.limits.connection.handshakeTime = handshake
        $0.limits.pendingConnections = pending
    }
}

private func listen(_ node: TestNode, _ kind: String = "/ws") async throws -> Multiaddr {
    try await node.shell.listen([Multiaddr("/ip4/127.0.0.1/tcp/0" + kind)])[0]
}

private func certificate() throws -> TLSServerContext {
    let folder = try TemporaryFolder()
    let leaf = TestCertificate(names: "IP:127.0.0.1")
    return try TLSServerContext(
        certificates: folder.write("leaf.pem", leaf.certificatePEM), key: folder.write("leaf.key", leaf.keyPEM))
}

/// Looks again and again until when an answer may take.
private final class DeadlineWatch: @unchecked Sendable {
    private let node: TestNode
    // On the node's loop.
    private var seen: Set<UInt64> = []
    private var timer: LoopTimer?

    init(_ node: TestNode) {
        self.node = node
        node.shell.loop.post { self.look() }
    }

    private func look() {
        for socket in node.shell.first.sockets where socket.page?.isAnswered ?? false {
            if let deadline = node.shell.first.links.members[socket.id]?.deadline { seen.insert(deadline.nanoseconds) }
        }
        timer = timer ?? LoopTimer(on: node.shell.loop) { [unowned self] in self.look() }
        timer?.start(afterNanoseconds: 2_000_000)
    }

    func count() async -> Int {
        await withCheckedContinuation { continuation in
            node.shell.loop.post {
                self.timer?.close()
                continuation.resume(returning: self.seen.count)
            }
        }
    }
}

@Suite("Pages on a WebSocket's port", .timeLimit(.minutes(1))) struct PageTests {
    @Test(arguments: [1, 2]) func pagesAndWebSocketsShareAPort(_ loops: Int) async throws {
        let node = try server(loops: loops)
        let address = try await listen(node)
        let port = try #require(address.port)
        for _ in 0..<4 {
            let raw = RawSocket()
            #expect(await raw.connect(to: port, sending: request) == 0)
            #expect(try undated(await raw.answer()) == page)
            raw.stop()
        }
        let client = try TestNode()
        let link = try #require(await client.connect(to: address, node.peerID).link)
        #expect(try await client.echo([1, 2], on: link) == [1, 2])
        await client.stop()
        await node.stop()
    }

    @Test func headsTrickleIn() async throws {
        let node = try server()
        let raw = RawSocket()
        #expect(await raw.connect(to: try #require(try await listen(node).port), sending: [request[0]]) == 0)
        for byte in request.dropFirst() {
            raw.send([byte])
            await Task.yield()
        }
        #expect(try undated(await raw.answer()) == page)
        raw.stop()
        await node.stop()
    }

    @Test func whatIsNoRequestIsRefused() async throws {
        let node = try server()
        let port = try #require(try await listen(node).port)
        for bytes in [[0, 1, 2, 3], Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0x41, count: 17_000)] {
            let raw = RawSocket()
            #expect(await raw.connect(to: port, sending: bytes) == 0)
            #expect(await raw.answer().starts(with: Array("HTTP/1.1 400 ".utf8)))
            raw.stop()
        }
        // A faulty WebSocket is the handshake's to refuse, as without pages.
        let raw = RawSocket()
        #expect(await raw.connect(to: port, sending: Array("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n".utf8)) == 0)
        #expect(await raw.answer().starts(with: Array("HTTP/1.1 400 Bad Request".utf8)))
        raw.stop()
        await node.stop()
    }

    // The connection reads these frames where the request's bytes lie. The address sanitizer sees it if they are freed before that.
    @Test func framesBehindAnUpgradeAreRead() async throws {
        let node = try server(handshake: .milliseconds(500))
        let proposal = [0x13] + Array("/multistream/1.0.0\n".utf8) + [0x07] + Array("/noise\n".utf8)
        let head = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        let key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        // Enough pings that the bytes leave an array's smallest sizes.
        let pings = (0..<64).flatMap { _ in [0x89, 0x80, 0, 0, 0, 0] as [UInt8] }
        let frame = [0x82, 0x80 | UInt8(proposal.count), 0, 0, 0, 0] + proposal
        let raw = RawSocket()
        #expect(await raw.connect(to: try #require(try await listen(node).port), sending: Array((head + key).utf8) + pings + frame) == 0)
        let answer = await raw.answer()
        #expect(answer.starts(with: Array("HTTP/1.1 101 ".utf8)))
        // Behind the answer to it only the close frame comes.
        #expect(answer.dropLast(4).suffix(proposal.count) == proposal[...])
        raw.stop()
        await node.stop()
    }

    @Test func plainPortsHaveNoPages() async throws {
        let node = try server()
        let raw = RawSocket()
        #expect(await raw.connect(to: try #require(try await listen(node, "").port), sending: request) == 0)
        #expect(await !raw.answer().starts(with: Array("HTTP".utf8)))
        raw.stop()
        await node.stop()
    }

    @Test func webSocketsOverTLSStillCome() async throws {
        let folder = try TemporaryFolder()
        let authority = TestCertificate(isAuthority: true)
        let leaf = TestCertificate(names: "IP:127.0.0.1", issuer: authority)
        var shell = ShellConfiguration()
        shell.pages = Pages()
        shell.certificate = try TLSServerContext(
            certificates: folder.write("leaf.pem", leaf.certificatePEM), key: folder.write("leaf.key", leaf.keyPEM))
        let node = try TestNode(shell)
        let address = try await listen(node, "/tls/ws")
        var trusting = ShellConfiguration()
        trusting.trust = try TLSClientContext(authorities: folder.write("ca.pem", authority.certificatePEM))
        let client = try TestNode(trusting)
        let link = try #require(await client.connect(to: address, node.peerID).link)
        #expect(try await client.echo([1, 2], on: link) == [1, 2])
        await client.stop()
        await node.stop()
    }

    @Test func halfARequestIsNotWaitedForLong() async throws {
        let node = try server(handshake: .milliseconds(200))
        let raw = RawSocket()
        #expect(await raw.connect(to: try #require(try await listen(node).port), sending: Array(request.dropLast())) == 0)
        #expect(await raw.answer() == [])
        raw.stop()
        await node.stop()
    }

    @Test func manyWhoAskForNothingPushTheOldestOut() async throws {
        let node = try server(pending: 4)
        let port = try #require(try await listen(node).port)
        let slow = (0..<8).map { _ in RawSocket() }
        for one in slow { #expect(await one.connect(to: port, sending: Array(request.dropLast())) == 0) }
        for one in slow.prefix(4) { #expect(await one.answer() == []) }
        let raw = RawSocket()
        #expect(await raw.connect(to: port, sending: request) == 0)
        #expect(try undated(await raw.answer()) == page)
        for one in slow + [raw] { one.stop() }
        await node.stop()
    }

    @Test func whoDoesNotTakeAnAnswerLosesIt() async throws {
        let node = try server(Pages(size: 16 << 20), handshake: .milliseconds(300))
        let raw = RawSocket()
        #expect(await raw.connect(to: try #require(try await listen(node).port), sending: request) == 0)
        raw.fallAsleep()
        while await node.linkCount() != 0 { try await Task.sleep(for: .milliseconds(20)) }
        raw.stop()
        await node.stop()
    }

    /// What a slow reader has not taken is not encrypted yet, but for a little.
    @Test func readersOverTLSThatDoNotReadHoldLittle() async throws {
        let node = try server(Pages(size: 8 << 20), certificate: certificate())
        let port = try #require(try await listen(node, "/tls/ws").port)
        let readers = try (0..<8).map { _ in try SecureReader(asking: request, pace: 0) }
        for one in readers { one.start(port) }
        while await node.sockets({ $0.page?.isAnswered == true && $0.socket?.isBlocked == true }).filter(\.self).count < 8 {
            try await Task.sleep(for: .milliseconds(10))
        }
        let held = await node.sockets { $0.tls?.wire.count ?? 0 }
        #expect(held.count == 8 && held.allSatisfy { $0 <= TLSEngine.ahead + 1024 }, "\(held)")
        for one in readers { one.stop() }
        await node.stop()
    }

    @Test func aSlowDownloadOverTLSArrivesWhole() async throws {
        let node = try server(Pages(size: 8 << 20), certificate: certificate())
        let reader = try SecureReader(asking: request, pace: 400_000)
        reader.start(try #require(try await listen(node, "/tls/ws").port))
        // Whenever some of it was taken, there is more time for the rest.
        let watch = DeadlineWatch(node)
        #expect(await reader.whole() > 8 << 20)
        #expect(await watch.count() >= 8)
        reader.stop()
        await node.stop()
    }

    #if os(Linux)
        @Test func strangersOfAnotherPlacePushNobodyOut() async throws {
            let node = try server(Pages(size: 8 << 20), pending: 4)
            let port = try #require(try await listen(node).port)
            let (reader, slow) = (RawSocket(), RawSocket())
            #expect(await reader.connect(to: port, sending: request) == 0)
            reader.fallAsleep()
            while await node.sockets({ $0.page?.isAnswered == true }) != [true] { try await Task.sleep(for: .milliseconds(10)) }
            #expect(await slow.connect(to: port, sending: Array(request.prefix(5))) == 0)
            while await node.linkCount() < 2 { await Task.yield() }
            let silent = (0..<8).map { _ in Stranger(2, to: port) }
            await node.refused(5)
            slow.send(Array(request.dropFirst(5)))
            reader.wakeUp()
            for one in [reader, slow] {
                #expect(await one.answer().count > 8 << 20)
                one.stop()
            }
            withExtendedLifetime(silent) {}
            await node.stop()
        }

        @Test func stalledDownloadsOfOnePlaceKeepNobodyOut() async throws {
            let node = try server(Pages(size: 8 << 20), downloads: 4)
            let port = try #require(try await listen(node).port)
            let stalled = (0..<8).map { _ in Stranger(2, to: port, saying: request) }
            while await node.sockets({ $0.page?.isAnswered == true }).filter(\.self).count < 4 {
                try await Task.sleep(for: .milliseconds(10))
            }
            let readers = (0..<3).map { _ in RawSocket() }
            for one in readers { #expect(await one.connect(to: port, sending: request) == 0) }
            for one in readers {
                #expect(await one.answer().count > 8 << 20)
                one.stop()
            }
            #expect(await node.linkCount() <= 4)
            withExtendedLifetime(stalled) {}
            await node.stop()
        }
    #endif

    @Test func largePagesArriveWhole() async throws {
        let node = try server(Pages(size: 4 << 20))
        let raw = RawSocket()
        #expect(await raw.connect(to: try #require(try await listen(node).port), sending: request) == 0)
        let answer = await raw.answer()
        #expect(answer.count > 4 << 20 && answer.suffix(4 << 20).allSatisfy { $0 == 0x2e })
        raw.stop()
        await node.stop()
    }
}
