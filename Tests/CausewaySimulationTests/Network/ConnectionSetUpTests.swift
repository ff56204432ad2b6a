import CausewayConnection
import CausewaySimulation
import Testing

/// Two hosts, and the sockets that each has got by dialling or listening.
private final class Dialling {
    let simulation: Simulation
    let router: SimulatedRouter!
    let one: SimulatedHost
    let two: SimulatedHost
    var dialled: [SimulatedSocket] = []
    var accepted: [SimulatedSocket] = []
    var errors: [Int32] = []
    static let address = SimulatedAddress(ip: [10, 0, 0, 2], port: 80)

    init(_ nat: NAT? = nil, seed: UInt64 = 1, test: String = Test.current?.name ?? #function) {
        simulation = Simulation(seed: seed, name: test)
        router = nat.map { [simulation] in simulation.addRouter("router", ip: [10, 0, 0, 1], nat: $0) }
        one = simulation.addHost("one", ip: nat == nil ? [10, 0, 0, 1] : [192, 168, 1, 2], behind: router)
        two = simulation.addHost("two", ip: [10, 0, 0, 2])
    }

    func listen() throws { try two.listen(on: 80) { [unowned self] in accepted.append($0) } }

    @discardableResult
    func dial(_ host: SimulatedHost? = nil, _ remote: SimulatedAddress = address, from port: UInt16? = nil) -> SimulatedConnectAttempt {
        (host ?? one).connect(to: remote, from: port) { [unowned self] answer in
            switch answer {
            case .success(let socket): dialled.append(socket)
            case .failure(let error): errors.append(error.errno)
            }
        }
    }
}

/// Keeps what a socket hears.
private final class Listener: SimulatedSocketOwner {
    var heard: [UInt8] = []
    var ends: [Int32] = []

    func received(_ bytes: UnsafeMutableRawBufferPointer, on socket: SimulatedSocket) { heard += bytes }
    func writable(_ socket: SimulatedSocket) {}
    func closed(_ socket: SimulatedSocket, errno: Int32) { ends.append(errno) }
}

@Test func aListenerHasItsConnectionHalfARoundTripBeforeTheDialler() throws {
    let dialling = Dialling()
    try dialling.listen()
    dialling.dial()
    dialling.simulation.run(for: .milliseconds(20))
    #expect(dialling.accepted.count == 1 && dialling.dialled.isEmpty)
    dialling.simulation.run(for: .milliseconds(20))
    #expect(dialling.dialled.count == 1)
}

@Test func whatSetsUpAConnectionIsSentAgain() throws {
    for seed in UInt64(1)...20 {
        let dialling = Dialling(seed: seed)
        try dialling.listen()
        dialling.one.line.loss = 0.2
        dialling.dial()
        dialling.simulation.run(for: .seconds(126))
        #expect(dialling.dialled.count == 1 && dialling.accepted.count == 1, "\(dialling.simulation)")
        let ear = Listener()
        dialling.accepted.first?.owner = ear
        _ = [UInt8(1), 2].withUnsafeBytes { dialling.dialled.first?.write($0) }
        dialling.simulation.run(for: .seconds(1))
        #expect(ear.heard == [1, 2])
    }
}

@Test func aHostThatComesUpInTimeIsReached() throws {
    let dialling = Dialling()
    dialling.two.crash(silently: true)
    dialling.dial()
    dialling.simulation.run(for: .seconds(2))
    dialling.two.restart()
    try dialling.listen()
    dialling.simulation.run(for: .seconds(2))
    #expect(dialling.dialled.count == 1 && dialling.errors.isEmpty)
}

@Test func doubledPacketsMakeOneConnection() throws {
    let dialling = Dialling()
    try dialling.listen()
    dialling.one.line.duplication = 1
    dialling.one.line.reordering = 0.5
    dialling.dial()
    dialling.simulation.run(for: .seconds(10))
    #expect(dialling.dialled.count == 1 && dialling.accepted.count == 1)
    #expect(dialling.one.links.count == 1 && dialling.dialled[0].link === dialling.accepted[0].link)
}

@Test func crossingSYNsMakeOneConnection() throws {
    for loss in [0, 0.2] {
        for seed in UInt64(1)...10 {
            let dialling = Dialling(seed: seed)
            for host in [dialling.one, dialling.two] { host.line.loss = loss }
            dialling.dial(dialling.one, SimulatedAddress(ip: [10, 0, 0, 2], port: 7), from: 6)
            dialling.dial(dialling.two, SimulatedAddress(ip: [10, 0, 0, 1], port: 6), from: 7)
            // Nobody listens: it is the other's SYN that each answers.
            dialling.simulation.run(for: .seconds(200))
            try #require(dialling.dialled.count == 2, "\(dialling.simulation)")
            #expect(dialling.one.links.count == 1 && dialling.dialled[0].link === dialling.dialled[1].link, "\(dialling.simulation)")
            let ears = dialling.dialled.map { _ in Listener() }
            for (socket, ear) in zip(dialling.dialled, ears) {
                socket.owner = ear
                _ = [UInt8(socket.local.port)].withUnsafeBytes { socket.write($0) }
            }
            dialling.simulation.run(for: .seconds(1))
            #expect(ears.map(\.heard) == dialling.dialled.map { [UInt8($0.remote.port)] })
        }
    }
}

/// One router drops the other's SYN; the answer to its own host's SYN passes, and the other host hears of that.
@Test func oneSYNOfTwoIsEnough() throws {
    var nat = NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
    nat.ports = .preservation
    nat.supportsSimultaneousOpen = false
    let dialling = Dialling(nat)
    dialling.dial(from: 6)
    dialling.dial(dialling.two, SimulatedAddress(ip: [10, 0, 0, 1], port: 6), from: 80)
    dialling.simulation.run(for: .seconds(200))
    #expect(dialling.router.drops[.simultaneousOpen] == 1)
    #expect(dialling.dialled.count == 2 && dialling.errors.isEmpty)
    #expect(dialling.dialled.first?.link === dialling.dialled.last?.link)
}

@Test func aSimulationThatIsGoneLeavesNothing() throws {
    weak var host: SimulatedHost?
    weak var router: SimulatedRouter?
    func play() throws {
        let dialling = Dialling(NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent))
        try dialling.listen()
        dialling.dial()
        dialling.simulation.run(for: .seconds(1))
        dialling.dial()
        dialling.simulation.run(for: .milliseconds(30))
        try dialling.one.bind().send([1], to: Dialling.address)
        (host, router) = (dialling.one, dialling.router)
        #expect(dialling.one.links.count == 2)
    }
    try play()
    let isGone = host == nil && router == nil
    #expect(isGone)
}

@Test func aSYNThatComesAloneIsRefused() throws {
    let dialling = Dialling()
    dialling.dial(from: 6)
    dialling.simulation.run(for: .milliseconds(30))
    dialling.dial(dialling.two, SimulatedAddress(ip: [10, 0, 0, 1], port: 6), from: 80)
    dialling.simulation.run(for: .seconds(1))
    #expect(dialling.errors == [SimulatedErrno.refused, SimulatedErrno.refused] && dialling.dialled.isEmpty)
}

@Test func aConnectionStandsOnlyOnce() throws {
    let dialling = Dialling()
    try dialling.listen()
    dialling.dial(from: 6)
    dialling.dial(from: 6)
    dialling.simulation.run(for: .seconds(1))
    #expect(dialling.dialled.count == 1 && dialling.errors == [SimulatedErrno.addressInUse])
    dialling.dial(from: 6)
    dialling.simulation.run(for: .seconds(1))
    #expect(dialling.errors.count == 2)
    dialling.dialled[0].close()
    dialling.accepted[0].close()
    dialling.simulation.run(for: .seconds(1))
    dialling.dial(from: 6)
    dialling.simulation.run(for: .seconds(1))
    #expect(dialling.dialled.count == 2 && dialling.one.links.count == 1)
}

@Test func anAttemptThatWasGivenUpLeavesNothing() throws {
    let dialling = Dialling()
    try dialling.listen()
    let attempt = dialling.dial(from: 6)
    dialling.simulation.run(for: .milliseconds(30))
    attempt.cancel()
    dialling.simulation.run(for: .seconds(1))
    #expect(dialling.dialled.isEmpty && dialling.errors.isEmpty)
    #expect(dialling.accepted.allSatisfy { $0.isClosed } && dialling.one.links.isEmpty && dialling.two.links.isEmpty)
}

@Test func aConnectionThatIsCutWhileItIsMadeFails() throws {
    let dialling = Dialling()
    try dialling.listen()
    dialling.dial()
    dialling.simulation.run(for: .milliseconds(30))
    dialling.two.links[0].cut()
    dialling.simulation.run(for: .seconds(1))
    #expect(dialling.errors == [SimulatedErrno.reset])
}

@Test func aConnectionIsSeenAtTheNATsAddress() throws {
    let dialling = Dialling(NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent))
    try dialling.listen()
    dialling.dial(from: 6)
    dialling.simulation.run(for: .seconds(1))
    let (near, far) = try (#require(dialling.dialled.first), #require(dialling.accepted.first))
    #expect(near.local == SimulatedAddress(ip: [192, 168, 1, 2], port: 6) && near.remote == Dialling.address)
    #expect(far.local == Dialling.address && far.remote.ip == [10, 0, 0, 1] && far.remote.port != 6)
}

@Test func aConnectionDiesWithItsMapping() throws {
    var nat = NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
    nat.expiry.tcpEstablished = .seconds(600)
    nat.expiry.tcpTransitory = .seconds(10)
    for fate in ["used", "unused", "restarted"] {
        let dialling = Dialling(nat)
        try dialling.listen()
        dialling.dial()
        dialling.simulation.run(for: .seconds(1))
        let (near, far) = try (#require(dialling.dialled.first), #require(dialling.accepted.first))
        let ear = Listener()
        near.owner = ear
        func write() {
            _ = [UInt8(1)].withUnsafeBytes { far.write($0) }
            dialling.simulation.run(for: .seconds(1))
        }
        for _ in 0..<3 {
            dialling.simulation.run(for: .seconds(500))
            write()
        }
        #expect(ear.heard == [1, 1, 1])
        if fate == "unused" { dialling.simulation.run(for: .seconds(601)) }
        if fate == "restarted" { dialling.router.restart() }
        write()
        #expect(ear.heard.count == (fate == "used" ? 4 : 3), "\(fate)")
        #expect(ear.ends.isEmpty)
    }
}

@Test func aClosedConnectionsMappingExpiresSoon() throws {
    let dialling = Dialling(NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent))
    try dialling.listen()
    dialling.dial()
    dialling.simulation.run(for: .seconds(300))
    #expect(dialling.router.mappingCount == 1)
    dialling.dialled[0].close()
    dialling.accepted[0].close()
    dialling.simulation.run(for: .seconds(239))
    #expect(dialling.router.mappingCount == 1)
    dialling.simulation.run(for: .seconds(2))
    #expect(dialling.router.mappingCount == 0)
}

/// The listener's answer never comes, because the dialler has left its network meanwhile: nothing is left of the attempt.
@Test func aCancelledAttemptLeavesNothingThoughItsAnswerIsLost() throws {
    let dialling = Dialling()
    try dialling.listen()
    let attempt = dialling.dial()
    dialling.simulation.run(for: .milliseconds(20))
    #expect(dialling.accepted.count == 1)
    dialling.one.move(to: [[10, 0, 0, 9]])
    attempt.cancel()
    for socket in dialling.accepted { socket.close() }
    dialling.simulation.run(for: .seconds(1))
    #expect(dialling.one.links.isEmpty && dialling.two.links.isEmpty && dialling.dialled.isEmpty, "\(dialling.simulation)")
}
