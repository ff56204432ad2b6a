import CausewayIdentity
import CausewayNode

@testable import CausewayLocalNetwork

/// A network in which everybody hears what anybody sends to the group, itself included, in virtual time.
struct SimulatedLAN {
    struct Sighting: Equatable {
        let who: Int
        let peer: PeerID
        let addresses: [Multiaddr]
    }
    struct Datagram {
        let at: Instant
        let from: Int
        let bytes: [UInt8]
    }
    private(set) var machines: [MulticastDiscovery] = []
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var sent: [Datagram] = []
    private(set) var sightings: [Sighting] = []
    var isLost: (Datagram) -> Bool = { _ in false }

    static func peer(_ number: UInt8) -> PeerID {
        try! PrivateKey(ed25519Seed: [UInt8](repeating: number, count: 32)).publicKey.peerID
    }
    static func ip(_ number: Int) -> [UInt8] { [192, 168, 1, UInt8(number + 1)] }
    static func endpoint(_ number: Int) -> Endpoint { Endpoint(ip: ip(number), port: MulticastDiscovery.port)! }
    static func addresses(_ number: Int) -> [Multiaddr] {
        [Multiaddr.tcp(ip: ip(number), port: 4001), Multiaddr.tcp(ip: ip(number), port: 4002).appending(code: MultiaddrCode.ws)]
    }

    /// Adds a machine. It tells of addresses unless it is only to ask.
    mutating func join(tells: Bool = true, limits: MulticastDiscoveryLimits = MulticastDiscoveryLimits()) {
        let number = machines.count
        let machine = MulticastDiscovery(Self.peer(UInt8(number + 1)), seed: UInt64(number + 1), limits: limits, now: now)
        machines.append(machine)
        if tells { machine.setAddresses(Self.addresses(number), ips: [Self.ip(number)], now: now) }
        settle()
    }

    mutating func end(_ number: Int) {
        machines[number].end()
        settle()
    }

    /// What somebody sends who is none of the machines.
    mutating func send(_ bytes: [UInt8], from sender: Endpoint = endpoint(200)) {
        for machine in machines { machine.received(bytes, from: sender, now: now) }
        settle()
    }

    mutating func pass(_ time: Interval) {
        let end = now + time
        var rounds = 0
        while let next = machines.map(\.nextDeadline).min(), next <= end {
            now = max(now, next)
            for machine in machines where machine.nextDeadline <= now { machine.advance(to: now) }
            settle()
            rounds += 1
            precondition(rounds < 1_000_000, "the network does not come to rest")
        }
        now = end
    }

    mutating func take() -> [Sighting] {
        defer { sightings = [] }
        return sightings
    }

    private mutating func settle() {
        for number in machines.indices {
            while let output = machines[number].pollOutput() {
                switch output {
                case .send(let bytes):
                    let datagram = Datagram(at: now, from: number, bytes: bytes)
                    sent.append(datagram)
                    if isLost(datagram) { continue }
                    for machine in machines { machine.received(bytes, from: Self.endpoint(number), now: now) }
                case .found(let peer, let addresses): sightings.append(Sighting(who: number, peer: peer, addresses: addresses))
                }
            }
        }
        // What one has sent, an earlier one may have to answer; the machines wait before they do, except with reports.
        for number in machines.indices {
            while case .found(let peer, let addresses)? = machines[number].pollOutput() {
                sightings.append(Sighting(who: number, peer: peer, addresses: addresses))
            }
        }
    }
}
