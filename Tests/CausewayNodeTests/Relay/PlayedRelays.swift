import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

func relayAddress(_ number: UInt8) -> Multiaddr { address("/ip4/192.0.2.\(number)/tcp/4001/p2p/\(peer(number).description)") }
func circuitAddress(_ number: UInt8) -> Multiaddr { relayAddress(number).appending(code: MultiaddrCode.p2pCircuit, value: []) }

/// A client whose relays are played by the test.
final class PlayedRelays {
    let bench = ProtocolBench(RelayClient())
    var links: [UInt8: ConnectedLink] = [:]
    var client: RelayClient { bench.machine }
    var node: NodeContext { bench.node }

    func reserve(_ number: UInt8, request: UInt32 = 1) { client.reserve(request: request, relayAddress: relayAddress(number), in: node) }

    /// The connection requests that wait for an answer, by relay.
    func requested() -> [PeerID] {
        bench.collect()
        return bench.requests.map { $0.peer }
    }

    /// Lets the connection to a relay come about.
    func arrive(_ number: UInt8, at place: String? = nil) {
        let link = bench.connect(number, at: place ?? "/ip4/192.0.2.\(number)/tcp/4001", inbound: false)
        links[number] = link
        answer(number, link)
    }

    func fail(_ number: UInt8) { answer(number, nil) }

    func answer(_ number: UInt8, _ link: ConnectedLink?) {
        let outcome = DialOutcome(peer: peer(number), address: relayAddress(number), result: .failed(.link(errno: 111)), took: .seconds(0))
        bench.answer(peer(number), link, link == nil ? [outcome] : [])
    }

    /// The newest RESERVE is answered.
    func grant(_ number: UInt8, _ change: (inout ReservationAnswer) -> Void = { _ in }, limit: CircuitLimit? = nil) {
        var details = ReservationAnswer(expire: node.unixSeconds + 3600, addresses: [relayAddress(number).bytes])
        change(&details)
        send(.status(100, reservation: details, limit: limit), number)
    }

    func refuse(_ number: UInt8, _ status: UInt16 = 200) { send(.status(status, reservation: nil, limit: nil), number) }

    func send(_ message: HopMessage, _ number: UInt8) {
        guard let stream = asked(number) else {
            Issue.record("relay \(number) was not asked")
            return
        }
        bench.receive(HopCodec.encode(message), on: stream)
    }

    /// The stream on which a relay waits to answer.
    func asked(_ number: UInt8) -> StreamKey? {
        guard let relay = client.relays[peer(number).bytes], relay.step == .asking else { return nil }
        return relay.stream
    }

    func hold(_ number: UInt8) {
        if client.relays[peer(number).bytes] == nil { reserve(number, request: UInt32(number)) }
        arrive(number)
        grant(number)
    }

    func lose(_ number: UInt8) {
        guard let link = links.removeValue(forKey: number) else { return }
        bench.disconnect(link, streams: asked(number).map { [$0] } ?? [])
    }

    var answers: [Answer] {
        bench.events.compactMap {
            guard case .answered(_, let answer) = $0 else { return nil }
            return answer
        }
    }

    var states: [ReservationChange.State] {
        bench.events.compactMap {
            guard case .happened(.reservation(let change)) = $0 else { return nil }
            return change.state
        }
    }

    var held: [PeerID] { client.reservations.map { $0.relay } }
}
