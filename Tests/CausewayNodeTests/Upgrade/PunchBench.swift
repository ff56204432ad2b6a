import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

let relayedAddress = "/ip4/203.0.113.9/tcp/1/p2p/\(peer(9).description)/p2p-circuit"
let observedAddress = "/ip4/198.51.100.7/tcp/7777"
let punchedAddress = "/ip4/203.0.113.50/tcp/4001"

/// A node behind a NAT that listens on port 4001 and is connected to a relay from there, and a relayed connection to peer 7.
final class PunchBench {
    let bench: NodeBench
    let relay: UInt32 = 1000
    let circuit: UInt32 = 2000

    /// - Parameters:
    ///   - isInitiator: the peer dialled the relayed connection.
    ///   - seen: as what the relay sees this node. nil: it does not say.
    ///   - port: of this node's end of the connection to the relay.
    init(
        isInitiator: Bool, seen: String? = observedAddress, port: Int = 4001, listens: Bool = true, known: [String] = [],
        limits: HolePunchLimits = HolePunchLimits()
    ) {
        bench = NodeBench { $0.holePunching = limits }
        if listens { bench.node.listening([address("/ip4/192.168.1.2/tcp/4001")], now: bench.now) }
        let context = bench.node.context
        context.expectLink(
            relay, remoteAddress: address("/ip4/203.0.113.9/tcp/1"), localAddress: address("/ip4/192.168.1.2/tcp/\(port)"),
            path: .direct(.tcp), carrier: nil, isInbound: false)
        bench.establish(relay, 9)
        context.peers.describe(PeerDescription(peer: peer(9), observedAddress: seen.map { address($0) }))
        connect(circuit, isInbound: isInitiator)
        context.peers.add(known.map { address($0) }, of: peer(7), now: bench.now)
        bench.clear()
        if isInitiator { identify() }
    }

    func connect(_ link: UInt32, _ number: UInt8 = 7, isInbound: Bool, path: ConnectionPath = .relayed(by: peer(9), limit: nil)) {
        bench.node.context.expectLink(
            link, remoteAddress: address("\(relayedAddress)/p2p/\(peer(number).description)"),
            localAddress: address("/ip4/192.168.1.2/tcp/2"),
            path: path, carrier: relay, isInbound: isInbound)
        bench.establish(link, number)
    }

    func identify(speaks: Bool = true) {
        bench.node.context.peers.describe(PeerDescription(peer: peer(7), protocolIDs: speaks ? [HolePunching.protocolID] : []))
        bench.node.context.wishes.append(.identified(link: circuit))
        bench.wait(.milliseconds(1))
    }

    var punches: Int { bench.node.part(HolePunching.self)?.punchCount ?? -1 }
    /// The streams that it opened.
    var opened: [StreamKey] { bench.opened(HolePunching.protocolID) }
    var outcomes: [DialOutcome] { bench.events.compactMap { if case .dialAttempt(let outcome) = $0 { outcome } else { nil } } }
    /// What it dials, without the dials of the dialler at addresses that the peer advertises.
    var dials: [DialTarget] { bench.targets.map(\.target) }
    func link(as role: DialTarget.Role) -> UInt32 { bench.targets.last { $0.target.role == role }?.link ?? 0 }

    /// The peer opens a stream.
    func open(_ stream: UInt32 = 9, on link: UInt32? = nil) -> StreamKey {
        bench.feed(.streamOpened(stream: stream, protocolID: HolePunching.protocolID), link ?? circuit)
        return StreamKey(link: link ?? circuit, stream: stream)
    }

    func receive(_ kind: HolePunchMessage.Kind, _ addresses: [String] = [], on stream: StreamKey) {
        receive(HolePunchMessage(kind, addresses.map { address($0) }).framed, on: stream)
    }

    func receive(_ bytes: [UInt8], on stream: StreamKey) { bench.feed(.data(stream: stream.stream, bytes), stream.link) }

    /// Begins an attempt of this side, up to its dials.
    func dial(_ addresses: [String] = [punchedAddress]) throws {
        receive(.connect, addresses, on: try #require(opened.last))
        bench.wait(.milliseconds(1))
    }

    func fault(_ stream: StreamKey) -> DialOutcome.Result? { bench.wasReset(stream) && punches == 0 ? outcomes.last?.result : nil }
}

func fault(_ fault: HolePunchFault) -> DialOutcome.Result { .failed(.peerFault(.holePunching, code: fault.rawValue)) }
