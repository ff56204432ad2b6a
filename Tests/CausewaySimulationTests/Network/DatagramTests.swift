import CausewayConnection
import CausewaySimulation
import Testing

/// Keeps what a datagram socket hears.
final class Mailbox: SimulatedDatagramOwner {
    private(set) var heard: [[UInt8]] = []
    private(set) var senders: [SimulatedAddress] = []

    func received(_ bytes: UnsafeMutableRawBufferPointer, from remote: SimulatedAddress, on socket: SimulatedDatagramSocket) {
        heard.append(Array(bytes))
        senders.append(remote)
    }
}

/// Two hosts in the internet, the second one with a socket at port 9.
private struct Post {
    let simulation: Simulation
    let one: SimulatedHost
    let two: SimulatedHost
    let socket: SimulatedDatagramSocket
    let far: SimulatedDatagramSocket
    let mailbox = Mailbox()
    static let address = SimulatedAddress(ip: [10, 0, 0, 2], port: 9)

    init(seed: UInt64 = 1, line: LineConditions = LineConditions(), test: String = Test.current?.name ?? #function) throws {
        simulation = Simulation(seed: seed, name: test)
        one = simulation.addHost("one", ip: [10, 0, 0, 1], line: line)
        two = simulation.addHost("two", ip: [10, 0, 0, 2], line: line)
        socket = try one.bind()
        far = try two.bind(port: 9)
        far.owner = mailbox
    }

    func sendNumbered(_ count: Int) throws {
        for index in 0..<count { try socket.send([UInt8(index >> 8), UInt8(index & 255)], to: Self.address) }
        simulation.run(for: .seconds(2))
    }

    var numbers: [Int] { mailbox.heard.map { Int($0[0]) << 8 | Int($0[1]) } }
}

@Test func datagramsArriveOnceInOrderAfterTheLatency() throws {
    let post = try Post()
    for index in 0..<100 { try post.socket.send([0, UInt8(index)], to: Post.address) }
    post.simulation.run(for: .milliseconds(19))
    #expect(post.mailbox.heard.isEmpty)
    post.simulation.run(for: .milliseconds(10))
    #expect(post.numbers == Array(0..<100))
    #expect(post.mailbox.senders.allSatisfy { $0 == SimulatedAddress(ip: [10, 0, 0, 1], port: post.socket.port) })
    try post.far.send([7], to: post.mailbox.senders[0])
    let back = Mailbox()
    post.socket.owner = back
    post.simulation.run(for: .seconds(1))
    #expect(back.heard == [[7]] && back.senders == [Post.address])
}

@Test func aDatagramLongerThanItsWayIsLost() throws {
    let post = try Post()
    post.two.line.mtu = 1280
    try post.socket.send([UInt8](repeating: 1, count: 1252), to: Post.address)
    try post.socket.send([UInt8](repeating: 2, count: 1253), to: Post.address)
    try post.socket.send([UInt8](repeating: 3, count: 1472), to: Post.address)
    #expect(throws: SimulatedNetworkError(errno: SimulatedErrno.messageTooLong)) {
        try post.socket.send([UInt8](repeating: 4, count: 1473), to: Post.address)
    }
    post.simulation.run(for: .seconds(1))
    #expect(post.mailbox.heard.map(\.count) == [1252])
}

@Test func ipv6TakesTwentyBytesMore() throws {
    let simulation = Simulation(seed: 1)
    let ip = [0x2a, 5] + [UInt8](repeating: 0, count: 13)
    let one = simulation.addHost("one", ip: ip + [1])
    let two = simulation.addHost("two", ip: [10, 0, 0, 2], others: [ip + [2]])
    let mailbox = Mailbox()
    let far = try two.bind(port: 9)
    far.owner = mailbox
    let socket = try one.bind()
    let remote = SimulatedAddress(ip: ip + [2], port: 9)
    try socket.send([UInt8](repeating: 1, count: 1452), to: remote)
    #expect(throws: SimulatedNetworkError(errno: SimulatedErrno.messageTooLong)) {
        try socket.send([UInt8](repeating: 1, count: 1453), to: remote)
    }
    #expect(throws: SimulatedNetworkError(errno: SimulatedErrno.unreachable)) {
        try socket.send([1], to: SimulatedAddress(ip: [10, 0, 0, 2], port: 9))
    }
    simulation.run(for: .seconds(1))
    #expect(mailbox.heard.map(\.count) == [1452])
    #expect(mailbox.senders == [SimulatedAddress(ip: ip + [1], port: socket.port)])
}

@Test func linesLoseTheirShare() throws {
    var line = LineConditions()
    line.loss = 0.1
    let post = try Post(line: line)
    try post.sendNumbered(2000)
    // Both lines lose a tenth.
    #expect((1540...1700).contains(post.numbers.count), "\(post.numbers.count) arrived; \(post.simulation)")
    #expect(post.numbers == post.numbers.sorted() && Set(post.numbers).count == post.numbers.count)
}

@Test func linesDoubleTheirShare() throws {
    var line = LineConditions()
    line.duplication = 0.1
    let post = try Post(line: line)
    try post.sendNumbered(2000)
    #expect((2300...2460).contains(post.numbers.count), "\(post.numbers.count) arrived; \(post.simulation)")
    #expect(Set(post.numbers) == Set(0..<2000))
}

@Test func linesReorderTheirShare() throws {
    var line = LineConditions()
    line.reordering = 0.1
    let post = try Post(line: line)
    try post.sendNumbered(1000)
    let overtaken = zip(post.numbers, post.numbers.dropFirst()).count { $0 > $1 }
    #expect((60...140).contains(overtaken), "\(overtaken) were overtaken; \(post.simulation)")
    #expect(post.numbers.sorted() == Array(0..<1000))
}

@Test func faultsFollowFromTheSeed() throws {
    func numbers(_ seed: UInt64) throws -> [Int] {
        var line = LineConditions()
        line.loss = 0.2
        line.duplication = 0.2
        line.reordering = 0.2
        let post = try Post(seed: seed, line: line)
        try post.sendNumbered(500)
        return post.numbers
    }
    #expect(try numbers(5) == numbers(5))
    #expect(try numbers(5) != numbers(6))
}

@Test func aLineTakesWhatItsBufferHolds() throws {
    var line = LineConditions(latency: .milliseconds(10), bytesPerSecond: 100_000)
    line.buffer = 10_000
    let post = try Post(line: line)
    for index in 0..<100 { try post.socket.send([0, UInt8(index)] + [UInt8](repeating: 0, count: 970), to: Post.address) }
    post.simulation.run(for: .milliseconds(100))
    #expect(post.numbers.count < 10)
    post.simulation.run(for: .seconds(1))
    #expect(post.numbers == Array(0..<10))
    try post.socket.send([0, 100], to: Post.address)
    post.simulation.run(for: .seconds(1))
    #expect(post.numbers.last == 100)
}

@Test func portsAreTakenAndFreed() throws {
    let post = try Post()
    #expect(throws: SimulatedNetworkError(errno: SimulatedErrno.addressInUse)) { try post.two.bind(port: 9) }
    post.far.close()
    try post.sendNumbered(1)
    #expect(post.mailbox.heard.isEmpty)
    let again = try post.two.bind(port: 9)
    again.owner = post.mailbox
    try post.sendNumbered(1)
    #expect(post.mailbox.heard.count == 1)
    post.two.crash(silently: true)
    #expect(again.isClosed)
    try post.sendNumbered(1)
    post.two.restart()
    _ = try post.two.bind(port: 9)
    #expect(post.mailbox.heard.count == 1)
    #expect(throws: SimulatedNetworkError(errno: SimulatedErrno.unreachable)) { try again.send([1], to: Post.address) }
}

@Test func whoAcceptsNothingHearsFromWhomItSpeaksTo() throws {
    let post = try Post()
    post.two.acceptsInbound = false
    try post.sendNumbered(1)
    #expect(post.mailbox.heard.isEmpty)
    try post.far.send([1], to: SimulatedAddress(ip: [10, 0, 0, 1], port: post.socket.port))
    try post.sendNumbered(1)
    #expect(post.mailbox.heard.count == 1)
    try post.one.bind().send([1], to: Post.address)
    post.simulation.run(for: .seconds(1))
    #expect(post.mailbox.heard.count == 1)
}
