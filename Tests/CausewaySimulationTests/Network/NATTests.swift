import CausewayConnection
import CausewaySimulation
import Testing

/// A host at port 4001 behind a NAT, and two ports each at two servers.
private struct Home {
    let simulation: Simulation
    let router: SimulatedRouter
    let host: SimulatedHost
    let socket: SimulatedDatagramSocket
    let mailbox = Mailbox()
    let servers: [SimulatedDatagramSocket]
    let mailboxes: [Mailbox]
    let addresses: [SimulatedAddress]

    init(_ nat: NAT, limits: RouterLimits = RouterLimits(), seed: UInt64 = 1, test: String = Test.current?.name ?? #function) throws {
        simulation = Simulation(seed: seed, name: test)
        router = simulation.addRouter("router", ip: [5, 100, 0, 1], nat: nat, limits: limits)
        host = simulation.addHost("host", ip: [192, 168, 1, 2], behind: router)
        socket = try host.bind(port: 4001)
        socket.owner = mailbox
        let ips: [[UInt8]] = [[5, 1, 0, 1], [5, 2, 0, 1]]
        let machines = ips.map { [simulation] in simulation.addHost("server \($0[1])", ip: $0) }
        servers = try machines.flatMap { [try $0.bind(port: 1), try $0.bind(port: 2)] }
        addresses = ips.flatMap { [SimulatedAddress(ip: $0, port: 1), SimulatedAddress(ip: $0, port: 2)] }
        mailboxes = servers.map { _ in Mailbox() }
        for (server, mailbox) in zip(servers, mailboxes) { server.owner = mailbox }
    }

    /// Sends to a server's port, and returns where that saw it come from.
    func seen(at server: Int, from socket: SimulatedDatagramSocket? = nil) throws -> SimulatedAddress {
        try (socket ?? self.socket).send([1], to: addresses[server])
        simulation.run(for: .seconds(1))
        return try #require(mailboxes[server].senders.last)
    }

    /// Whether a datagram of a server's port arrives.
    func hears(_ server: Int, at outside: SimulatedAddress) throws -> Bool {
        let before = mailbox.heard.count
        try servers[server].send([2], to: outside)
        simulation.run(for: .seconds(1))
        return mailbox.heard.count > before
    }
}

@Test(arguments: NAT.Behaviour.allCases) func aMappingDependsOnWhatItsNameSays(mapping: NAT.Behaviour) throws {
    let home = try Home(NAT(mapping: mapping, filtering: .endpointIndependent))
    let seen = try (0..<4).map { try home.seen(at: $0) }
    #expect(seen.allSatisfy { $0.ip == [5, 100, 0, 1] })
    switch mapping {
    case .endpointIndependent: #expect(Set(seen).count == 1)
    case .addressDependent: #expect(seen[0] == seen[1] && seen[2] == seen[3] && seen[0] != seen[2])
    case .addressAndPortDependent: #expect(Set(seen).count == 4)
    }
    #expect(home.router.mappingCount == Set(seen).count)
}

@Test(arguments: NAT.Behaviour.allCases) func aFilterDependsOnWhatItsNameSays(filtering: NAT.Behaviour) throws {
    let home = try Home(NAT(mapping: .endpointIndependent, filtering: filtering))
    let outside = try home.seen(at: 0)
    let heard = try (0..<4).map { try home.hears($0, at: outside) }
    switch filtering {
    case .endpointIndependent: #expect(heard == [true, true, true, true])
    case .addressDependent: #expect(heard == [true, true, false, false])
    case .addressAndPortDependent: #expect(heard == [true, false, false, false])
    }
    #expect(home.router.drops[.filtered] ?? 0 == heard.count { !$0 })
    #expect(try !home.hears(0, at: SimulatedAddress(ip: outside.ip, port: outside.port ^ 1)))
    #expect(home.router.drops[.noMapping] == 1)
}

@Test func portsAreKeptIfTheyAreFree() throws {
    var nat = NAT(mapping: .endpointIndependent, filtering: .endpointIndependent)
    nat.ports = .preservation
    let home = try Home(nat)
    let other = home.simulation.addHost("other", ip: [192, 168, 1, 3], behind: home.router)
    #expect(try home.seen(at: 0).port == 4001)
    #expect(try home.seen(at: 0, from: try other.bind(port: 4001)).port != 4001)
    nat.ports = .random
    #expect(try Home(nat).seen(at: 0).port != 4001)
}

@Test func parityIsKept() throws {
    var nat = NAT(mapping: .endpointIndependent, filtering: .endpointIndependent)
    nat.preservesParity = true
    let home = try Home(nat)
    for port in UInt16(5000)..<5020 { #expect(try home.seen(at: 0, from: try home.host.bind(port: port)).port % 2 == port % 2) }
}

@Test func aMappingExpiresUnlessItIsUsedFromInside() throws {
    var nat = NAT(mapping: .endpointIndependent, filtering: .endpointIndependent)
    nat.expiry.udp = .seconds(30)
    let home = try Home(nat)
    let outside = try home.seen(at: 0)
    for _ in 0..<4 {
        home.simulation.run(for: .seconds(25))
        #expect(try home.seen(at: 0) == outside)
    }
    // What comes in does not keep it.
    home.simulation.run(for: .seconds(20))
    #expect(try home.hears(0, at: outside))
    home.simulation.run(for: .seconds(10))
    #expect(try !home.hears(0, at: outside))
    #expect(home.router.mappingCount == 0)
    #expect(try home.seen(at: 0) != outside)
}

@Test func aFilterExpiresByRemote() throws {
    var nat = NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
    nat.expiry.udp = .seconds(30)
    let home = try Home(nat)
    let outside = try home.seen(at: 0)
    #expect(try home.seen(at: 2) == outside)
    for _ in 0..<2 {
        home.simulation.run(for: .seconds(20))
        #expect(try home.seen(at: 2) == outside)
    }
    #expect(try !home.hears(0, at: outside) && home.hears(2, at: outside))
}

@Test func inboundDatagramsKeepAMappingIfTheNATSaysSo() throws {
    var nat = NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
    nat.expiry.udp = .seconds(30)
    nat.inboundRefresh = true
    let home = try Home(nat)
    let outside = try home.seen(at: 0)
    for _ in 0..<4 {
        home.simulation.run(for: .seconds(25))
        #expect(try home.hears(0, at: outside))
    }
    home.simulation.run(for: .seconds(31))
    #expect(try !home.hears(0, at: outside))
}

@Test func hairpinnedDatagramsComeFromOutside() throws {
    for hairpins in [true, false] {
        var nat = NAT(mapping: .endpointIndependent, filtering: .addressDependent)
        nat.hairpinning = hairpins
        let home = try Home(nat)
        let other = try home.simulation.addHost("other", ip: [192, 168, 1, 3], behind: home.router).bind(port: 4001)
        let outside = try home.seen(at: 0)
        let otherOutside = try home.seen(at: 0, from: other)
        // The filter holds for hairpinned ones, too: it has not sent there yet.
        try other.send([9], to: outside)
        home.simulation.run(for: .seconds(1))
        #expect(home.mailbox.heard.isEmpty)
        try home.socket.send([8], to: otherOutside)
        try other.send([9], to: outside)
        home.simulation.run(for: .seconds(1))
        #expect(home.mailbox.senders == (hairpins ? [otherOutside] : []))
        #expect((home.router.drops[.notHairpinned] ?? 0) == (hairpins ? 0 : 3))
    }
}

@Test func aFullTableTakesNoMore() throws {
    var nat = NAT(mapping: .addressAndPortDependent, filtering: .endpointIndependent)
    nat.expiry.udp = .seconds(60)
    var limits = RouterLimits()
    limits.mappings = 8
    let home = try Home(nat, limits: limits)
    for port in UInt16(1)...20 { try home.socket.send([1], to: SimulatedAddress(ip: [5, 1, 0, 1], port: port)) }
    #expect(home.router.mappingCount == 8 && home.router.drops[.tableFull] == 12)
    home.simulation.run(for: .seconds(61))
    for port in UInt16(21)...25 { try home.socket.send([1], to: SimulatedAddress(ip: [5, 1, 0, 1], port: port)) }
    #expect(home.router.mappingCount == 5 && home.router.drops[.tableFull] == 12)

    limits.flows = 3
    let narrow = try Home(NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent), limits: limits)
    let outside = try narrow.seen(at: 0)
    for server in 1..<4 { try narrow.socket.send([1], to: narrow.addresses[server]) }
    #expect(narrow.router.mappingCount == 1 && narrow.router.drops[.tableFull] == 1)
    narrow.simulation.run(for: .seconds(1))
    #expect(try (0..<4).map { try narrow.hears($0, at: outside) } == [true, true, true, false])
}

@Test func aRouterThatRestartsForgets() throws {
    let home = try Home(NAT(mapping: .endpointIndependent, filtering: .endpointIndependent))
    let outside = try home.seen(at: 0)
    home.router.restart()
    #expect(try !home.hears(0, at: outside))
    #expect(try home.seen(at: 0) != outside)
}

@Test func aFirewallLetsInAnswersOnly() throws {
    let simulation = Simulation(seed: 1)
    let firewall = simulation.addRouter("firewall", firewall: Firewall())
    let ip = [0x2a, 5] + [UInt8](repeating: 0, count: 13)
    let inside = simulation.addHost("inside", ip: ip + [1], behind: firewall)
    let outside = simulation.addHost("outside", ip: ip + [2])
    let (mailbox, far) = (Mailbox(), Mailbox())
    let (socket, farSocket) = (try inside.bind(port: 1), try outside.bind(port: 2))
    socket.owner = mailbox
    farSocket.owner = far
    try farSocket.send([1], to: SimulatedAddress(ip: ip + [1], port: 1))
    simulation.run(for: .seconds(1))
    #expect(mailbox.heard.isEmpty && firewall.drops[.noMapping] == 1)
    try socket.send([2], to: SimulatedAddress(ip: ip + [2], port: 2))
    simulation.run(for: .seconds(1))
    #expect(far.senders == [SimulatedAddress(ip: ip + [1], port: 1)])
    try farSocket.send([3], to: far.senders[0])
    simulation.run(for: .seconds(1))
    #expect(mailbox.heard == [[3]])
}
