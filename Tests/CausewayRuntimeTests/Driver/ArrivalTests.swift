import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import Synchronization
import Testing

@testable import CausewayRuntime

/// What was written to a finished stream arrives, though its node ends at once, and though it has not read what the other side sent.
@Test(arguments: ["", "/ws", "/tls/ws", "relayed"], [1, 2])
func whatWasWrittenArrivesBeforeTheEnd(how: String, loops: Int) async throws {
    var shell = ShellConfiguration()
    shell.loops = loops
    let folder = try TemporaryFolder()
    if how == "/tls/ws" {
        let authority = TestCertificate(isAuthority: true)
        let leaf = TestCertificate(names: "IP:127.0.0.1", issuer: authority)
        shell.certificate = try TLSServerContext(
            certificates: folder.write("chain.pem", leaf.certificatePEM), key: folder.write("key.pem", leaf.keyPEM))
        shell.trust = try TLSClientContext(authorities: folder.write("authority.pem", authority.certificatePEM))
    }
    let count = Count()
    let receiver = try TestNode(shell, serve: { CountingOwner(count) })
    let sender = try TestNode(shell)
    var address = try await receiver.shell.listen([Multiaddr("/ip4/127.0.0.1/tcp/0" + (how == "relayed" ? "" : how))])[0]
    var relay: TestNode?
    if how == "relayed" {
        let node = try TestNode(shell) {
            $0.relay = RelayLimits()
            $0.relay?.circuit = .unlimited
        }
        let place = try await node.shell.listen([Multiaddr("/ip4/127.0.0.1/tcp/0")])[0].appending(node.peerID)
        guard case .reserved = await receiver.request({ $0.reserve(request: $1, relayAddress: place, now: $2) }) else {
            Issue.record("no reservation")
            return
        }
        address = place.appending(code: MultiaddrCode.p2pCircuit, value: [])
        relay = node
    }
    let link = try #require(await sender.connect(to: address, receiver.peerID).link)
    let bytes = pattern(3_000_000)
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        sender.shell.openStream(on: link, [TestNode.echo], owner: { _ in FinishingOwner(bytes) { continuation.resume(with: $0) } })
    }
    await sender.shell.stop()
    let end = await count.end()
    #expect(end == Count.End(bytes: bytes.count, isWhole: true))
    await receiver.stop()
    await relay?.stop()
}

/// Counts what comes, and says when the remote has finished or failed.
private final class Count: Sendable {
    struct End: Equatable {
        var bytes = 0
        var isWhole: Bool?
    }
    private let state = Mutex((end: End(), waiter: CheckedContinuation<End, Never>?.none))

    func add(_ bytes: Int) { state.withLock { $0.end.bytes += bytes } }

    func end(isWhole: Bool) {
        let (end, waiter) = state.withLock { state in
            state.end.isWhole = state.end.isWhole ?? isWhole
            defer { state.waiter = nil }
            return (state.end, state.waiter)
        }
        waiter?.resume(returning: end)
    }

    func end() async -> End {
        await withCheckedContinuation { continuation in
            let end = state.withLock { state -> End? in
                if state.end.isWhole != nil { return state.end }
                state.waiter = continuation
                return nil
            }
            if let end { continuation.resume(returning: end) }
        }
    }
}

/// Counts, and sends something that the other side does not read.
private final class CountingOwner: StreamOwner {
    private let count: Count
    private var hasSent = false

    init(_ count: Count) { self.count = count }

    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {}

    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        count.add(bytes.count)
        link.consumed(stream, bytes.count)
        guard !hasSent else { return }
        hasSent = true
        _ = try? [UInt8](repeating: 7, count: 200_000).withUnsafeBytes { try link.write(stream, $0) }
    }

    func writable(_ stream: UInt32, on link: Link) {}
    func finished(_ stream: UInt32, on link: Link) { count.end(isWhole: true) }
    func closed(_ stream: UInt32, error: StreamError?, on link: Link) { count.end(isWhole: false) }
}

/// Writes, finishes, and says when that is delivered.
private final class FinishingOwner: StreamOwner {
    private let bytes: [UInt8]
    private var sent = 0
    private var then: ((Result<Void, any Error>) -> Void)?

    init(_ bytes: [UInt8], then: @escaping (Result<Void, any Error>) -> Void) {
        self.bytes = bytes
        self.then = then
    }

    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) { writable(stream, on: link) }

    func writable(_ stream: UInt32, on link: Link) {
        sent += bytes.withUnsafeBytes { (try? link.write(stream, UnsafeRawBufferPointer(rebasing: $0[sent...]))) ?? 0 }
        if sent == bytes.count { link.finish(stream) }
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {}

    func delivered(_ stream: UInt32, error: StreamError?, on link: Link) { tell(error) }
    func finished(_ stream: UInt32, on link: Link) {}
    func closed(_ stream: UInt32, error: StreamError?, on link: Link) { tell(error ?? .closed) }

    private func tell(_ error: StreamError?) {
        then?(error.map { .failure($0) } ?? .success(()))
        then = nil
    }
}
