import CausewayConnection
import CausewaySimulation
import Testing

/// Two hosts and a server in the internet that tells each what the other's addresses are.
struct Meeting {
    let simulation: Simulation
    let server: SimulatedHost
    let hosts: [SimulatedHost]
    static let serverPort: UInt16 = 3478
    static let port: UInt16 = 4001

    init(
        seed: UInt64, keepsLines: Bool = false, test: String = Test.current?.name ?? #function,
        _ build: (Simulation) -> (SimulatedHost, SimulatedHost)
    ) {
        simulation = Simulation(seed: seed, keepsLines: keepsLines, name: test)
        server = simulation.addHost("server", ip: [5, 1, 0, 10], others: [[0x2a, 5, 0, 0] + [UInt8](repeating: 0, count: 11) + [1]])
        let (one, other) = build(simulation)
        hosts = [one, other]
    }

    init(seed: UInt64, keepsLines: Bool = false, test: String = Test.current?.name ?? #function, _ one: Site, _ other: Site) {
        self.init(seed: seed, keepsLines: keepsLines, test: test) { (one.host("one", 1, in: $0), other.host("two", 2, in: $0)) }
    }

    /// What packets find, in a new meeting for each answer to the question who has to begin; and the last of those meetings.
    static func path(_ make: () -> Meeting, over transport: TransportProtocol) throws -> (DirectPath, Meeting) {
        for (starters, path) in [([0], DirectPath.direct), ([1], .reversed), ([0, 1], .holePunched)] {
            let meeting = make()
            let works = try transport == .udp ? meeting.datagramsMeet(starters) : meeting.connects(starters)
            if works { return (path, meeting) }
        }
        return (.none, make())
    }

    // MARK: Datagrams

    func datagramsMeet(_ starters: [Int]) throws -> Bool {
        let coordinator = DatagramCoordinator(try server.bind(port: Self.serverPort))
        let peers = try hosts.enumerated().map { try DatagramPeer(UInt8($0), $1, simulation) }
        for peer in peers { for ip in server.addresses { peer.greet(SimulatedAddress(ip: ip, port: Self.serverPort)) } }
        simulation.run(for: .seconds(1))
        for starter in starters { coordinator.tell(UInt8(starter), about: UInt8(1 - starter)) }
        simulation.run(for: .seconds(5))
        return peers.contains { $0.hasMet }
    }

    // MARK: TCP

    func connects(_ starters: [Int]) throws -> Bool {
        var seen: [ObjectIdentifier: [SimulatedAddress]] = [:]
        var atServer: [SimulatedSocket] = []
        try server.listen(on: Self.serverPort) { socket in
            atServer.append(socket)
            seen[ObjectIdentifier(socket.link.diallingHost), default: []].append(socket.remote)
        }
        let talks = try hosts.map { try ConnectionPeer($0) }
        for talk in talks { for ip in server.addresses { talk.dial(SimulatedAddress(ip: ip, port: Self.serverPort)) } }
        simulation.run(for: .seconds(1))
        for starter in starters {
            let other = hosts[1 - starter]
            let own = other.addresses.map { SimulatedAddress(ip: $0, port: Self.port) }
            for address in own + (seen[ObjectIdentifier(other)] ?? []) { talks[starter].dial(address, expecting: other) }
        }
        simulation.run(for: .seconds(8))
        return talks.contains { $0.hasMet }
    }
}

/// Listens on one port and connects from it, and says a byte to whom it has found and one back to whom it hears.
final class ConnectionPeer: SimulatedSocketOwner {
    private(set) var hasMet = false
    private(set) var sockets: [SimulatedSocket] = []
    private let host: SimulatedHost

    init(_ host: SimulatedHost) throws {
        self.host = host
        try host.listen(on: Meeting.port) { [unowned self] in keep($0) }
    }

    func dial(_ remote: SimulatedAddress, expecting other: SimulatedHost? = nil) {
        // Its own address is one that the other has in its own network.
        guard !host.addresses.contains(remote.ip) else { return }
        host.connect(to: remote, from: Meeting.port) { [unowned self] answer in
            guard case .success(let socket) = answer else { return }
            keep(socket)
            guard let other, [socket.link.diallingHost, socket.link.listeningHost].contains(where: { $0 === other }) else { return }
            _ = [UInt8(1)].withUnsafeBytes { socket.write($0) }
        }
    }

    private func keep(_ socket: SimulatedSocket) {
        sockets.append(socket)
        socket.owner = self
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, on socket: SimulatedSocket) {
        for byte in bytes {
            if byte == 2 { hasMet = true } else { _ = [UInt8(2)].withUnsafeBytes { socket.write($0) } }
        }
    }

    func writable(_ socket: SimulatedSocket) {}
    func closed(_ socket: SimulatedSocket, errno: Int32) {}
}
