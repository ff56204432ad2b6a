import CausewayIdentity
import CausewayTLS
import CausewayWebRTC

/// Two engines and the datagrams between them, in virtual time. `path` decides what becomes of each datagram.
final class DTLSPair {
    let client: any DTLSEngine
    let server: any DTLSEngine
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    /// What arrives instead of the nth datagram that one side sends.
    var path: (DTLSRole, Int, [UInt8]) -> [[UInt8]] = { _, _, datagram in [datagram] }
    private(set) var sent: [DTLSRole: [[UInt8]]] = [.client: [], .server: []]
    private(set) var toClient: [[UInt8]] = []
    private(set) var toServer: [[UInt8]] = []

    init(
        _ maker: DTLSMaker = .openSSL, clientTrusts: DTLSTrust? = nil, serverTrusts: DTLSTrust = .anyone,
        server: (any DTLSEndpoint)? = nil
    ) throws {
        let server = server ?? maker.server
        self.client = try maker.client.makeEngine(
            .client, trusting: clientTrusts ?? .fingerprints([server.fingerprint]), now: now)
        self.server = try server.makeEngine(.server, trusting: serverTrusts, now: now)
    }

    /// A pair whose handshake is done.
    static func established(_ maker: DTLSMaker = .openSSL) throws -> DTLSPair {
        let pair = try DTLSPair(maker)
        pair.run()
        return pair
    }

    func bothAre(_ state: DTLSState) -> Bool { client.state == state && server.state == state }

    func engine(_ role: DTLSRole) -> any DTLSEngine { role == .client ? client : server }

    /// Moves datagrams until both are silent.
    func exchange() {
        while move(.client) || move(.server) {}
    }

    /// Exchanges, and lets time pass to each deadline, until both have come to something or the time is over.
    func run(for time: Interval = .seconds(30)) {
        let end = now + time
        exchange()
        while true {
            let next = min(client.nextDeadline, server.nextDeadline)
            guard next <= end else { return }
            now = max(now, next)
            client.advance(now: now)
            server.advance(now: now)
            exchange()
        }
    }

    private func move(_ from: DTLSRole) -> Bool {
        guard let datagram = poll(from) else { return false }
        let number = sent[from]!.count
        sent[from]!.append(datagram)
        for arrived in path(from, number, datagram) { deliver(arrived, to: from == .client ? .server : .client) }
        return true
    }

    func poll(_ role: DTLSRole) -> [UInt8]? {
        var room = [UInt8](repeating: 0, count: DTLSLimits.datagram)
        guard let size = room.withUnsafeMutableBytes({ engine(role).pollDatagram(into: $0) }) else { return nil }
        return Array(room[..<size])
    }

    func deliver(_ datagram: [UInt8], to role: DTLSRole) {
        var datagram = datagram
        datagram.withUnsafeMutableBytes { bytes in
            engine(role).receive(bytes, now: now)
            while let packet = engine(role).nextPacket() {
                if role == .client { toClient.append(Array(packet)) } else { toServer.append(Array(packet)) }
            }
        }
    }

    /// The datagram that carries a packet.
    func seal(_ packet: [UInt8], by role: DTLSRole) -> [UInt8]? {
        var room = [UInt8](repeating: 0, count: packet.count + DTLSLimits.overhead)
        let size = packet.withUnsafeBytes { packet in
            room.withUnsafeMutableBytes { engine(role).seal(packet, into: $0) }
        }
        return size.map { Array(room[..<$0]) }
    }
}
