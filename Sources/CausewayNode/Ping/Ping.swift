import CausewayConnection
import CausewayIdentity

/// Ping (ping/ping.md): echoes 32 bytes at a time, always, and measures the time there and back on request.
///
/// js-libp2p closes a connection whose remote does not answer, so this must not depend on anything.
final class Ping: NodeProtocol {
    static let protocolID = [UInt8](utf8: "/ipfs/ping/1.0.0")
    static let size = 32
    /// Inbound streams of one peer at once, as the specification has it; a further one is reset.
    static let streamsPerPeer = 2
    static let deadline = Interval.seconds(10)

    /// A ping of ours.
    private struct Request {
        let number: UInt32
        let deadline: Instant
        let payload: [UInt8]
        var sentAt: Instant?
        var received: [UInt8] = []
    }

    private var requests = Table<UInt64, Request>()
    /// The part of a payload that has come on each inbound stream.
    private var partial = Table<UInt64, [UInt8]>()
    private var peers = Table<UInt64, [UInt8]>()
    private var streamCount = BytesTable<Int>()
    private(set) var nextDeadline = Instant.distantFuture

    var served: [ProtocolTable.Entry] { [ProtocolTable.Entry(name: Self.protocolID, owner: .node, allowsLimited: true)] }

    // MARK: Requests

    func ping(request: UInt32, peer: PeerID, in node: NodeState) {
        guard let link = node.connections.best(for: peer, allowsLimited: true) else {
            node.answer(request, .noPong(.notConnected))
            return
        }
        let stream = node.openStream(on: link.id, [Self.protocolID], for: self)
        requests[stream.packed] = Request(number: request, deadline: node.now + Self.deadline, payload: node.random.bytes(Self.size))
        reckon()
    }

    /// False if no such request waits here.
    func cancel(request: UInt32, in node: NodeState) -> Bool {
        for key in requests.keys where requests[key]?.number == request {
            end(StreamKey(packed: key), .cancelled, in: node)
            return true
        }
        return false
    }

    func cancelAll(in node: NodeState) {
        for key in requests.keys { end(StreamKey(packed: key), .cancelled, in: node) }
    }

    private func end(_ stream: StreamKey, _ answer: Answer, in node: NodeState) {
        guard let request = requests.removeValue(forKey: stream.packed) else { return }
        node.answer(request.number, answer)
        node.reset(stream)
        reckon()
    }

    // MARK: Streams

    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState) {
        guard let peer = node.connections[stream.link]?.peer.bytes, streamCount[peer, default: 0] < Self.streamsPerPeer else {
            node.reset(stream)
            return
        }
        streamCount[peer, default: 0] += 1
        peers[stream.packed] = peer
    }

    func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState) {
        guard let payload = requests[stream.packed]?.payload else { return }
        requests[stream.packed]?.sentAt = node.now
        node.send(payload, on: stream)
    }

    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeState) {
        if requests[stream.packed] != nil { answered(bytes, stream, in: node) } else { echo(bytes, stream, in: node) }
    }

    private func echo(_ bytes: [UInt8], _ stream: StreamKey, in node: NodeState) {
        var all = partial.removeValue(forKey: stream.packed) ?? []
        all.append(contentsOf: bytes)
        let whole = all.count - all.count % Self.size
        if whole < all.count { partial[stream.packed] = [UInt8](all[whole...]) }
        if whole > 0 { node.send(whole == all.count ? all : [UInt8](all[..<whole]), on: stream) }
    }

    private func answered(_ bytes: [UInt8], _ stream: StreamKey, in node: NodeState) {
        guard var request = requests[stream.packed] else { return }
        request.received.append(contentsOf: bytes.prefix(Self.size + 1 - request.received.count))
        guard request.received.count >= Self.size else {
            requests[stream.packed] = request
            return
        }
        guard request.received == request.payload, let sentAt = request.sentAt else {
            return end(stream, .noPong(.peerFault(.transport, code: 0)), in: node)
        }
        requests[stream.packed] = nil
        node.answer(request.number, .pong(node.now - sentAt))
        node.finish(stream)
        node.release(stream)
        reckon()
    }

    func finished(_ stream: StreamKey, in node: NodeState) {
        if requests[stream.packed] != nil {
            end(stream, .noPong(.closed), in: node)
        } else {
            node.finish(stream)
            forget(stream)
        }
    }

    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeState) {
        if let request = requests.removeValue(forKey: stream.packed) {
            node.answer(request.number, .noPong(error ?? .closed))
            reckon()
        }
        forget(stream)
    }

    private func forget(_ stream: StreamKey) {
        partial[stream.packed] = nil
        guard let peer = peers.removeValue(forKey: stream.packed), let count = streamCount[peer] else { return }
        streamCount[peer] = count > 1 ? count - 1 : nil
    }

    // MARK: Time

    func advance(in node: NodeState) {
        for key in requests.keys where requests[key]!.deadline <= node.now {
            end(StreamKey(packed: key), .noPong(.timedOut), in: node)
        }
    }

    private func reckon() {
        nextDeadline = .distantFuture
        for request in requests.values { nextDeadline = min(nextDeadline, request.deadline) }
    }
}
