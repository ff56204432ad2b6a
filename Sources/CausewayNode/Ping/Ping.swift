import CausewayConnection
import CausewayIdentity

/// Ping (ping/ping.md): always echoes 32 bytes at a time, and measures the round-trip time on request.
///
/// js-libp2p closes a connection whose remote does not answer, so this must not depend on anything else.
final class Ping: NodeProtocol {
    static let protocolID = [UInt8](utf8: "/ipfs/ping/1.0.0")
    static let size = 32
    /// Bound: inbound streams of one peer at once, as the specification has it. A further one is reset.
    static let streamsPerPeer = 2
    static let deadline = Interval.seconds(10)

    /// A ping that this node sent.
    private final class Request {
        let number: UInt32
        let stream: StreamKey
        let deadline: Instant
        let payload: [UInt8]
        var sentAt: Instant?
        var received: [UInt8] = []

        init(_ number: UInt32, _ stream: StreamKey, in node: NodeContext) {
            self.number = number
            self.stream = stream
            deadline = node.now + Ping.deadline
            payload = node.random.bytes(Ping.size)
        }
    }

    /// A stream on which a remote sends pings.
    private final class Echo {
        let peer: [UInt8]
        /// The part of a payload that has arrived.
        var partial: [UInt8] = []

        init(_ peer: [UInt8]) { self.peer = peer }

        func answer(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {
            partial.append(contentsOf: bytes)
            let whole = partial.count - partial.count % Ping.size
            if whole > 0 { node.send([UInt8](copying: partial, 0..<whole), on: stream) }
            partial = [UInt8](copying: partial, whole..<partial.count)
        }
    }

    /// In the order of their deadlines, which are all equally far ahead.
    private var requests: [Request] = []
    private var echoes = Table<UInt64, Echo>()
    private var streamCount = BytesTable<Int>()

    var nextDeadline: Instant { requests.first?.deadline ?? .distantFuture }
    var served: [ProtocolTable.Entry] { [ProtocolTable.Entry(name: Self.protocolID, owner: .node, allowsLimited: true)] }

    // MARK: Requests

    func ping(request: UInt32, peer: PeerID, in node: NodeContext) {
        guard let link = node.connections.best(for: peer, allowsLimited: true) else {
            node.answer(request, .noPong(.notConnected))
            return
        }
        requests.append(Request(request, node.openStream(on: link.id, [Self.protocolID], for: self), in: node))
    }

    func cancel(request: UInt32, in node: NodeContext) -> Bool {
        for one in requests where one.number == request {
            end(one, .cancelled, in: node)
            return true
        }
        return false
    }

    func shutdown(in node: NodeContext) { for request in requests { end(request, .cancelled, in: node) } }

    private func request(on stream: StreamKey) -> Request? { requests.first { $0.stream == stream } }

    private func end(_ request: Request, _ answer: Answer, in node: NodeContext) {
        self.answer(request, answer, in: node)
        node.reset(request.stream)
    }

    private func answer(_ request: Request, _ answer: Answer, in node: NodeContext) {
        requests.remove(request)
        node.answer(request.number, answer)
    }

    // MARK: Streams

    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let peer = node.connections[stream.link]?.peer.bytes, streamCount[peer, default: 0] < Self.streamsPerPeer else {
            node.reset(stream)
            return
        }
        streamCount.countUp(peer)
        echoes[stream.packed] = Echo(peer)
    }

    func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let request = request(on: stream) else { return }
        request.sentAt = node.now
        node.send(request.payload, on: stream)
    }

    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {
        if let echo = echoes[stream.packed] {
            echo.answer(bytes, on: stream, in: node)
        } else if let request = request(on: stream) {
            answered(bytes, request, in: node)
        }
    }

    private func answered(_ bytes: [UInt8], _ request: Request, in node: NodeContext) {
        for byte in bytes where request.received.count <= Self.size { request.received.append(byte) }
        guard request.received.count >= Self.size else { return }
        guard let sentAt = request.sentAt, request.received == request.payload else {
            return end(request, .noPong(.peerFault(.ping, code: PingFault.wrongBytes.rawValue)), in: node)
        }
        answer(request, .pong(node.now - sentAt), in: node)
        node.conclude(request.stream)
    }

    func finished(_ stream: StreamKey, in node: NodeContext) {
        if let request = request(on: stream) {
            end(request, .noPong(.closed), in: node)
        } else {
            node.finish(stream)
            forget(stream)
        }
    }

    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) {
        if let request = request(on: stream) { answer(request, .noPong(error ?? .closed), in: node) }
        forget(stream)
    }

    private func forget(_ stream: StreamKey) {
        if let echo = echoes.removeValue(forKey: stream.packed) { streamCount.countDown(echo.peer) }
    }

    // MARK: Time

    func advance(in node: NodeContext) {
        while let request = requests.first, request.deadline <= node.now { end(request, .noPong(.timedOut), in: node) }
    }
}
