import CausewayConnection
import CausewayNode

@testable import Causeway

// Facts as a check finds them, for tests of what they mean.

let checkTime: Int64 = 1_800_000_000
let servers = [
    Endpoint(ip: [198, 51, 100, 1], port: 4001)!, Endpoint(ip: [198, 51, 100, 1], port: 4003)!,
    Endpoint(ip: [203, 0, 113, 2], port: 4001)!,
]

func peerID(_ number: UInt8) -> PeerID {
    guard let key = try? PrivateKey(ed25519Seed: [UInt8](repeating: number, count: 32)) else { fatalError("no key") }
    return key.publicKey.peerID
}

func multiaddr(_ text: String) -> Multiaddr {
    guard let address = try? Multiaddr(text) else { fatalError("no address: \(text)") }
    return address
}

/// `ports`: at which port of the NAT each server sees the socket; nil: it does not answer.
func family(_ ports: [UInt16?], source: [UInt8] = [192, 168, 1, 2], seenAt: [UInt8] = [203, 0, 113, 77]) -> FamilyFacts {
    var facts = FamilyFacts()
    facts.source = source
    facts.socket = Endpoint(ip: source, port: 5001)
    facts.answers = zip(servers, ports).map { server, port in
        STUNAnswer(
            server: server, outcome: port.flatMap { Endpoint(ip: seenAt, port: $0) }.map { .mapped($0) } ?? .noAnswer,
            roundTrip: port.map { _ in .milliseconds(12) })
    }
    return facts
}

/// The same for a machine with a public address.
func untranslated(_ source: [UInt8]) -> FamilyFacts { family([5001, 5001, 5001], source: source, seenAt: source) }

func connection(to peer: PeerID, at address: String, relayed: Bool = false) -> ConnectionDescription {
    ConnectionDescription(
        id: 2, peer: peer, remoteAddress: multiaddr(address), localAddress: multiaddr("/ip4/192.168.1.2/tcp/5000"), isInbound: false,
        path: relayed ? .relayed(by: peerID(1), limit: CircuitLimit(bytes: 131_072, seconds: 120)) : .direct(.tcp),
        openedAt: Instant(nanoseconds: 0))
}

/// A relay that was reached, with a place.
func relay(_ number: UInt8 = 1, place: RelayFacts.Place? = nil, protocols: [String] = ["/libp2p/circuit/relay/0.2.0/hop"]) -> RelayFacts {
    let address = "/ip4/198.51.100.\(number)/tcp/4001"
    var facts = RelayFacts(multiaddr(address).appending(peerID(number)))
    facts.connection = connection(to: peerID(number), at: address)
    facts.connectedIn = .milliseconds(30)
    facts.roundTrip = .milliseconds(12)
    facts.info = PeerInfo(peer: peerID(number), agent: Array("causeway/0.1.0".utf8), protocolIDs: protocols.map { Array($0.utf8) })
    let limit = CircuitLimit(bytes: 131_072, seconds: 120)
    facts.place =
        place ?? .granted(Reservation(relay: peerID(number), expires: UInt64(checkTime) + 3600, addresses: [], limit: limit))
    return facts
}

/// A relay that was not reached.
func unreached(_ results: DialOutcome.Result..., at address: String = "/ip4/198.51.100.1/tcp/4001") -> RelayFacts {
    var facts = RelayFacts(multiaddr(address).appending(peerID(1)))
    facts.failures = results.map { outcome($0, at: address) }
    return facts
}

func outcome(
    _ result: DialOutcome.Result, at address: String = "/ip4/198.51.100.1/tcp/4001", report: PeerConnectionReport? = nil
) -> DialOutcome {
    DialOutcome(peer: peerID(1), address: multiaddr(address), result: result, took: .milliseconds(7), peerConnection: report)
}

/// Facts of a machine whose relay works.
func facts(_ ipv4: FamilyFacts, _ change: (inout CheckFacts) -> Void = { _ in }) -> CheckFacts {
    var facts = CheckFacts()
    facts.ipv4 = ipv4
    facts.relays = [relay()]
    change(&facts)
    return facts
}

/// A peer that was asked about.
func asked(_ change: (inout PeerFacts) -> Void) -> PeerFacts {
    var facts = PeerFacts(peerID(9))
    facts.info = PeerInfo(
        peer: peerID(9), agent: Array("causeway/0.1.0".utf8), protocolIDs: [Array("/webrtc-signaling/0.0.1".utf8)])
    change(&facts)
    return facts
}

let circuit = "/ip4/198.51.100.1/tcp/4001/p2p/\(peerID(1))/p2p-circuit"
