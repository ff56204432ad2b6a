import CausewayIdentity
import CausewayNode
import CausewayTLS
import CausewayWebRTC
import Synchronization

@testable import CausewayConnection
@testable import CausewayRuntime

/// A node with its shell, spoken to by async calls. It serves an echo.
final class TestNode: Sendable {
    static let echo = Array("/echo/1.0.0".utf8)
    let shell: NativeShell
    let peerID: PeerID
    private struct State {
        var events: [NodeEvent] = []
        var waiting: [UInt32: CheckedContinuation<Answer, Never>] = [:]
        var watchers: [(matches: @Sendable (NodeEvent) -> Bool, continuation: CheckedContinuation<NodeEvent, Never>)] = []
        var lastRequest: UInt32 = 0
        var inbound: [UInt32] = []
    }
    private let state = Mutex(State())

    /// - Parameter serve: makes who gets the streams that are opened to it.
    init(
        _ shellConfiguration: ShellConfiguration = ShellConfiguration(), configure: (inout NodeConfiguration) -> Void = { _ in },
        serve: @escaping () -> any StreamOwner = { EchoOwner() }
    ) throws {
        let identity = try PrivateKey(ed25519Seed: Entropy.bytes(32))
        peerID = identity.publicKey.peerID
        var configuration = NodeConfiguration(identity: identity, seed: Entropy.number(), unixEpoch: WallClock.unixEpoch())
        configure(&configuration)
        shell = try NativeShell(node: configuration, shell: shellConfiguration)
        shell.nodeEvents = { [unowned self] in self.record($0) }
        shell.inboundStream = { link, stream, _, _ in
            link.setOwner(serve(), of: stream)
        }
        try shell.start()
        shell.onNode { [loop = shell.loop] node in
            node.setApplicationProtocols([.init(name: Self.echo, owner: .application, allowsLimited: true)], now: loop.now)
        }
    }

    private func record(_ batch: [NodeEvent]) {
        let resumptions = state.withLock { state in
            var resumptions: [@Sendable () -> Void] = []
            for event in batch {
                state.events.append(event)
                if case .answered(let request, let answer) = event, let continuation = state.waiting.removeValue(forKey: request) {
                    resumptions.append { continuation.resume(returning: answer) }
                }
                state.watchers.removeAll { watcher in
                    guard watcher.matches(event) else { return false }
                    resumptions.append { watcher.continuation.resume(returning: event) }
                    return true
                }
            }
            return resumptions
        }
        for resume in resumptions { resume() }
    }

    /// The first event, past or coming, that `matches`.
    func event(_ matches: @escaping @Sendable (NodeEvent) -> Bool) async -> NodeEvent {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> NodeEvent? in
                if let event = state.events.first(where: matches) { return event }
                state.watchers.append((matches, continuation))
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    func request(_ work: @escaping @Sendable (Node, UInt32, Instant) -> Void) async -> Answer {
        await withCheckedContinuation { continuation in
            let request = state.withLock { state in
                state.lastRequest += 1
                state.waiting[state.lastRequest] = continuation
                return state.lastRequest
            }
            shell.onNode { [loop = shell.loop] node in work(node, request, loop.now) }
        }
    }

    func connect(to address: Multiaddr, _ peer: PeerID) async -> Answer {
        await request { $0.connect(request: $1, peer: peer, addresses: [address.appending(peer)], allowsLimited: true, now: $2) }
    }

    /// Listens for `/webrtc-direct` on loopback.
    func listenDirect(at host: String = "/ip4/127.0.0.1") async throws -> Multiaddr {
        try await shell.listen([Multiaddr(host + "/udp/0/webrtc-direct")])[0]
    }

    /// Sends bytes, finishes, and gives what came back.
    func echo(_ bytes: [UInt8], on link: UInt32) async throws -> [UInt8] {
        try await withCheckedThrowingContinuation { continuation in
            shell.openStream(on: link, [Self.echo], owner: { _ in SendingOwner(bytes) { continuation.resume(with: $0) } }) {
                if case .failure(let error) = $0 { continuation.resume(throwing: error) }
            }
        }
    }

    /// A peer that does not exist.
    var otherPeer: PeerID { try! PrivateKey(ed25519Seed: Entropy.bytes(32)).publicKey.peerID }

    /// How many links and connecting sockets the first loop has.
    func linkCount() async -> Int {
        await withCheckedContinuation { continuation in
            shell.loop.post { [linkLoop = shell.first] in continuation.resume(returning: linkLoop.links.count) }
        }
    }

    /// How many peer connections the first loop has, those included that are no links yet.
    func associationCount() async -> Int {
        await onShell { $0.first.links.members.values.count { $0.carrier is AssociationCarrier } }
    }

    /// What the first loop's sockets answer to a question.
    func sockets<R: Sendable>(_ question: @escaping @Sendable (SocketCarrier) -> R) async -> [R] {
        await onShell { $0.first.sockets.map(question) }
    }

    /// How much each frame carries of links over sockets, and of those over circuits.
    func framePayloads() async -> (outer: [Int], inner: [Int]) {
        let links = await onShell { $0.first.links.links.map { ($0.carrier != nil, $0.multiplexer.limits.framePayload) } }
        return (links.filter { !$0.0 }.map(\.1), links.filter { $0.0 }.map(\.1))
    }

    /// What comes of `work` on the first loop.
    @discardableResult
    func onShell<R: Sendable>(_ work: @escaping @Sendable (NativeShell) -> R) async -> R {
        await withCheckedContinuation { continuation in
            shell.loop.post { [shell] in continuation.resume(returning: work(shell)) }
        }
    }

    /// Until so many connections were turned away.
    func refused(_ count: UInt64) async {
        while await onShell({ $0.node.connectionsRefused }) < count { await Task.yield() }
    }

    func stop() async { await shell.stop(within: .seconds(1)) }
}

extension LinkLoop {
    /// What carries its links, and what may become one.
    var sockets: [SocketCarrier] { links.members.values.compactMap { $0.carrier as? SocketCarrier } }
    var associations: [AssociationCarrier] { links.members.values.compactMap { $0.carrier as? AssociationCarrier } }
}

/// Sends back what comes, with back-pressure.
final class EchoOwner: StreamOwner {
    private var queue = ByteQueue()
    private var isFinished = false

    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {}

    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        queue.append(UnsafeRawBufferPointer(bytes))
        drain(stream, link)
    }

    func writable(_ stream: UInt32, on link: Link) { drain(stream, link) }

    func finished(_ stream: UInt32, on link: Link) {
        isFinished = true
        drain(stream, link)
    }

    private func drain(_ stream: UInt32, _ link: Link) {
        if !queue.isEmpty, let taken = try? link.write(stream, queue.bytes) {
            queue.drop(taken)
            link.consumed(stream, taken)
        }
        if queue.isEmpty, isFinished { link.finish(stream) }
    }

    func closed(_ stream: UInt32, error: StreamError?, on link: Link) {}
}

/// Sends what it was given, finishes, and tells what came.
final class SendingOwner: StreamOwner {
    private let bytes: [UInt8]
    private var sent = 0
    private var received: [UInt8] = []
    private var then: ((Result<[UInt8], any Error>) -> Void)?

    init(_ bytes: [UInt8], then: @escaping (Result<[UInt8], any Error>) -> Void) {
        self.bytes = bytes
        self.then = then
    }

    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) { drain(stream, link) }
    func writable(_ stream: UInt32, on link: Link) { drain(stream, link) }

    private func drain(_ stream: UInt32, _ link: Link) {
        guard sent < bytes.count || bytes.isEmpty else { return }
        sent += bytes.withUnsafeBytes { (try? link.write(stream, UnsafeRawBufferPointer(rebasing: $0[sent...]))) ?? 0 }
        if sent == bytes.count { link.finish(stream) }
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        received.append(contentsOf: bytes)
        link.consumed(stream, bytes.count)
    }

    func finished(_ stream: UInt32, on link: Link) {}

    func closed(_ stream: UInt32, error: StreamError?, on link: Link) {
        then?(error.map { .failure($0) } ?? .success(received))
        then = nil
    }
}
