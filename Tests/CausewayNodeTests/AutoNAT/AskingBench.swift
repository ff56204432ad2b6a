import CausewayConnection
import CausewayIdentity

@testable import CausewayNode

/// A node that wants to know its addresses. Its shell is the test, and so are the peers that it asks.
final class AskingBench {
    let bench: NodeBench
    let limits: AutoNATClientLimits
    private var nextLink: UInt32 = 1001
    private var nextStream: UInt32 = 1

    /// - Parameter addresses: where it listens.
    init(
        _ addresses: [String] = ["/ip4/198.51.100.1/tcp/4001"], announce: [String] = [],
        _ change: (inout AutoNATClientLimits) -> Void = { _ in }
    ) {
        var limits = AutoNATClientLimits()
        change(&limits)
        self.limits = limits
        bench = NodeBench(100) {
            $0.autonatClient = limits
            $0.announce = announce.map { address($0) }
        }
        bench.node.listening(addresses.map { address($0) }, now: bench.now)
        bench.drain()
    }

    var client: AutoNATClient { bench.node.part(AutoNATClient.self)! }

    // MARK: Peers

    /// A connection from a peer, or to it.
    @discardableResult
    func connect(_ number: UInt8, from remote: String, to local: String = "/ip4/198.51.100.1/tcp/4001", inbound: Bool = true) -> UInt32 {
        let link = inbound ? nextLink : nextLink + 1
        nextLink += 2
        if inbound {
            bench.node.accepted(link: link, remote: address(remote), local: address(local), now: bench.now)
        } else {
            bench.node.context.expectLink(
                link, remoteAddress: address(remote), localAddress: address(local), path: .direct(.tcp), carrier: nil, isInbound: false)
        }
        bench.establish(link, number)
        return link
    }

    /// What identify brings.
    func identify(_ number: UInt8, on link: UInt32, speaks: [[UInt8]] = [AutoNATMessage.requestID], seen: String? = nil) {
        let description = PeerDescription(peer: peer(number), protocolIDs: speaks, observedAddress: seen.map { address($0) })
        bench.node.context.peers.describe(description)
        bench.node.context.wishes.append(.identified(link: link))
        bench.node.advance(to: bench.now)
        bench.drain()
    }

    /// Servers 1 to `count`, each in a network of its own.
    func servers(_ count: Int, speaks: [[UInt8]] = [AutoNATMessage.requestID], seen: String? = nil) {
        for number in 1...count {
            let link = connect(UInt8(number), from: "/ip4/\(20 + number).1.0.1/tcp/4001", to: "/ip4/198.51.100.1/tcp/50000", inbound: false)
            identify(UInt8(number), on: link, speaks: speaks, seen: seen)
        }
    }

    // MARK: Requests

    /// The streams of requests so far.
    var asked: [StreamKey] { bench.opened(AutoNATMessage.requestID) }
    /// Those that wait for an answer.
    var waiting: [StreamKey] { client.requests.map(\.stream) }
    var askedVersion1: [StreamKey] { bench.opened(AutoNATv1Message.protocolID) }

    func messages(on stream: StreamKey) -> [AutoNATMessage] {
        var inbox = MessageInbox()
        inbox.add(bench.sent(on: stream))
        var found: [AutoNATMessage] = []
        while let next = inbox.next(limit: 8192) { if let message = AutoNATMessage(next) { found.append(message) } }
        return found
    }

    /// The addresses of a request, and its nonce.
    func request(on stream: StreamKey) -> (addresses: [String], nonce: UInt64) {
        guard case .request(let addresses, let nonce)? = messages(on: stream).first else { return ([], 0) }
        return (addresses.compactMap { try? Multiaddr(bytes: $0).description }, nonce)
    }

    func answer(_ message: AutoNATMessage, on stream: StreamKey) { bench.feed(.data(stream: stream.stream, message.framed), stream.link) }

    func answer(_ message: AutoNATv1Message, on stream: StreamKey) { bench.feed(.data(stream: stream.stream, message.framed), stream.link) }

    /// A stream of a dial-back that says a nonce.
    func dialBack(_ nonce: UInt64, on link: UInt32) -> StreamKey {
        let stream = StreamKey(link: link, stream: nextStream)
        nextStream += 2
        bench.feed(.streamOpened(stream: stream.stream, protocolID: AutoNATMessage.dialBackID), link)
        bench.feed(.data(stream: stream.stream, DialBack(nonce: nonce).framed), link)
        return stream
    }

    /// The server gets through, on a new connection under another key, and says so.
    @discardableResult
    func reach(_ stream: StreamKey, to local: String = "/ip4/198.51.100.1/tcp/4001", index: UInt64 = 0) -> StreamKey {
        let back = dialBack(request(on: stream).nonce, on: connect(200, from: "/ip4/192.0.2.77/tcp/1", to: local))
        answer(.response(.ok, index: index, .ok), on: stream)
        return back
    }

    func miss(_ stream: StreamKey, index: UInt64 = 0) { answer(.response(.ok, index: index, .dialError), on: stream) }

    // MARK: Results

    func state(of text: String) -> OwnAddressState? { bench.node.ownAddresses.first { $0.own.address == address(text) } }

    func verdict(on text: String) -> OwnAddress.Verdict? { state(of: text)?.own.verdict }

    var changes: [OwnAddressState] { bench.events.compactMap { if case .ownAddress(let state) = $0 { state } else { nil } } }
}
