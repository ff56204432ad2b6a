import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import CausewayWebRTC

/// A host that begins associations at a listener and never goes on, and sends what else comes to its mind.
final class Stranger: SimulatedDatagramOwner {
    /// Bytes of datagrams, without headers.
    private(set) var sent = 0
    private(set) var received = 0
    private let socket: SimulatedDatagramSocket
    private let target: Multiaddr
    private let remote: SimulatedAddress
    private var random: RandomSource
    private let simulation: Simulation

    /// Kinds of datagrams: a first check, a plain question to a STUN server, what looks like DTLS, and noise.
    static let kinds = 4

    init(_ number: Int, at target: Multiaddr, _ remote: SimulatedAddress, in simulation: Simulation) throws {
        let host = simulation.addHost("stranger \(number)", ip: [100, 1, UInt8(number >> 8), UInt8(number & 255)])
        socket = try host.bind()
        random = simulation.random("stranger \(number)")
        (self.target, self.remote, self.simulation) = (target, remote, simulation)
        socket.owner = self
    }

    /// Sends so many datagrams, evenly over a time.
    func send(_ count: Int, over time: Interval) {
        for index in 0..<count {
            let after = Interval(nanoseconds: time.nanoseconds / UInt64(count) * UInt64(index))
            simulation.schedule(after: after) { [weak self] in self?.sendOne() }
        }
    }

    private func sendOne() {
        let datagram =
            switch random.below(Self.kinds) {
            case 0: firstCheck()
            case 1: question()
            case 2: [UInt8(20 + random.below(44))] + random.bytes(random.below(200))
            default: random.bytes(random.below(600))
            }
        sent += datagram.count
        try? socket.send(datagram, to: remote)
    }

    /// With credentials of its own, as every dialler makes them: another association each time.
    private func firstCheck() -> [UInt8] {
        let fingerprint = CertificateFingerprint(certificate: [1])
        guard let descriptions = try? DirectDescriptions(dialling: target, .one, secret: random.bytes(32), fingerprint: fingerprint),
            let endpoint = Endpoint(ip: remote.ip, port: remote.port), let own = Endpoint(ip: [192, 0, 2, 1], port: 1)
        else { return [] }
        let agent = ICEAgent(
            .controlling, descriptions.offer.credentials, bases: [LocalBase(socket: 0, endpoint: own)], secret: random.bytes(32),
            now: simulation.now, mayCheck: { $0 == endpoint })
        agent.setRemote(descriptions.answer.credentials, isLite: true, now: simulation.now)
        for candidate in descriptions.answer.candidates { agent.add(candidate) }
        return written { buffer in
            while let output = agent.pollOutput(into: buffer, now: simulation.now) {
                if case .send(let count, _) = output { return count }
            }
            return 0
        }
    }

    private func question() -> [UInt8] {
        let server = Endpoint(ip: remote.ip, port: remote.port)
        let transaction = TransactionID(high: UInt32(truncatingIfNeeded: random.next()), low: random.next())
        var client = server.map { STUNClient($0, transaction, now: simulation.now) }
        return written { client?.poll(into: $0, now: simulation.now) ?? 0 }
    }

    private func written(_ write: (UnsafeMutableRawBufferPointer) -> Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: STUNLimits.messageSize) { buffer, count in count = write(UnsafeMutableRawBufferPointer(buffer))
        }
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, from remote: SimulatedAddress, on socket: SimulatedDatagramSocket) {
        received += bytes.count
    }
}
