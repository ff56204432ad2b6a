import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private let base = Endpoint(ip: [192, 168, 1, 2], port: 5000)!
private let otherBase = Endpoint(ip: [172, 17, 0, 1], port: 5001)!

private func endpoint(_ port: UInt16, _ ip: [UInt8] = [203, 0, 114, 9]) -> Endpoint { Endpoint(ip: ip, port: port)! }

private func candidate(_ endpoint: Endpoint, of base: Endpoint? = base) -> ICECandidate {
    var candidate = ICECandidate(
        foundation: [49], priority: 1, address: .endpoint(endpoint), kind: base == nil ? .host : .serverReflexive)
    candidate.related = base
    return candidate
}

// MARK: What candidates say

@Test func candidatesTellHowANATGivesPorts() {
    func kind(_ ports: UInt16...) -> MappedPorts.Kind? { MappedPorts(ports.map { candidate(endpoint($0)) })?.kind }
    #expect(kind() == nil)
    #expect(kind(4000) == .same)
    #expect(kind(4000, 4000) == .same)
    #expect(kind(4000, 4001) == .sequential)
    #expect(kind(4016, 4000) == .sequential, "the later answer may be to the earlier question")
    #expect(kind(4000, 4017) == .random)
    #expect(kind(4000, 4016, 4032) == .sequential)
    #expect(kind(4000, 4001, 60_000) == .random)
    #expect(MappedPorts([4001, 4003, 4000].map { candidate(endpoint($0)) })?.highest == 4003)
}

@Test func oneSocketAtOnePublicAddressCounts() {
    let two = MappedPorts([candidate(endpoint(4000)), candidate(endpoint(9000), of: otherBase)])
    #expect(two?.kind == .same && two?.base == base && two?.endpoint == endpoint(4000))
    #expect(MappedPorts([candidate(endpoint(4000)), candidate(endpoint(9000, [203, 0, 114, 10]))])?.kind == .same)
    let open = MappedPorts([candidate(endpoint(5000), of: nil)])
    #expect(open?.base == endpoint(5000) && open?.kind == .same)
    let translated = MappedPorts([candidate(endpoint(5000), of: nil), candidate(endpoint(6000)), candidate(endpoint(9000))])
    #expect(translated?.base == base && translated?.kind == .random)
}

/// A remote names whatever it likes.
@Test(
    arguments: [
        [10, 0, 0, 1], [192, 168, 1, 1], [172, 16, 0, 1], [100, 64, 0, 1], [127, 0, 0, 1], [169, 254, 0, 1], [0, 0, 0, 0], [224, 0, 0, 1],
        [255, 255, 255, 255], [0x2a, 5] + [UInt8](repeating: 0, count: 14),
    ] as [[UInt8]])
func onlyPublicIPv4AddressesCount(ip: [UInt8]) {
    #expect(MappedPorts([candidate(endpoint(4000, ip)), candidate(endpoint(9000, ip))]) == nil)
    #expect(MappedPorts([candidate(endpoint(4000, ip), of: nil)]) == nil)
}

// MARK: Ports

@Test(arguments: [0, 1, 0x1234_5678_9abc_def0, UInt64.max]) func noPortIsTriedTwice(random: UInt64) {
    var walk = PortWalk(random: random, count: PortWalk.count)
    var seen: Set<UInt16> = []
    while let port = walk.next() { seen.insert(port) }
    #expect(seen.count == PortWalk.count && seen.min() == 1024)
}

/// 256 ports that follow one another are met in any case.
@Test(arguments: [0, 0x1234_5678_9abc_def0, UInt64.max]) func portsAreTriedEvenly(random: UInt64) {
    let limits = HardNATLimits()
    var walk = PortWalk(random: random, count: limits.probes - limits.predictions)
    var ports: [Int] = []
    while let port = walk.next() { ports.append(Int(port)) }
    ports.sort()
    let gaps = zip(ports, ports.dropFirst()).map { $1 - $0 }
    #expect(gaps.max() ?? .max < limits.sockets && ports[0] < 1024 + limits.sockets && ports[ports.count - 1] > 65_535 - limits.sockets)
}

@Test func portsBehindTheLastComeInOrder() {
    var walk = PortWalk(behind: 65_534, count: 3)
    let ports = [walk.next(), walk.next(), walk.next(), walk.next()]
    #expect(ports == [65_535, 1024, 1025, nil])
    var low = PortWalk(behind: 80, count: 1)
    let port = low.next()
    #expect(port ?? 0 >= 1024)
}

// MARK: Pace

@Test func aNodeMakesOneAttemptAtATime() {
    #expect(HardNATPace.interval > HardNATLimits().time)
    var pace = HardNATPace()
    let begins = [1.0, 2, 10, 11, 12].map { pace.mayBegin(at: at(seconds: $0)) }
    #expect(begins == [true, false, false, true, false])
}

/// Whatever happens, an attempt sends no more than its limit, and not faster.
@Test(
    arguments: [
        ([4000], [4000, 9000], 1150), ([4000], [4000, 4001], 1150), ([4000, 9000], [4000], 256), ([4000, 9000], [4000, 9000], 0),
        ([4000], [4000], 0), ([4000, 4001], [4000], 256),
    ] as [([UInt16], [UInt16], Int)])
func whatIsSentIsBounded(local: [UInt16], remote: [UInt16], most: Int) throws {
    let own = try #require(MappedPorts(local.map { candidate(endpoint($0)) }))
    let theirs = try #require(MappedPorts(remote.map { candidate(endpoint($0, [203, 0, 115, 1])) }))
    let attempt = HardNATAttempt(HardNATs { _ in true })
    var now = at(seconds: 1)
    attempt.begin(own, theirs, from: LocalBase(socket: 0, endpoint: base), random: 7, now: now)
    if local == [4000, 4001] {
        #expect(attempt.step == .waiting && attempt.nextDeadline == now + HardNATLimits().predictionTime, "the remote predicts first")
        now = attempt.nextDeadline
        attempt.begin(own, theirs, from: LocalBase(socket: 0, endpoint: base), random: 7, now: now)
    }
    var shots: [HardNATAttempt.Shot] = []
    while attempt.step == .running {
        let before = shots.count
        while let shot = attempt.next(now: now) { shots.append(shot) }
        #expect(shots.count - before <= 12)
        now = max(attempt.nextDeadline, now)
        // Every tenth time the loop is late.
        if shots.count % 10 == 0 { now = now + .milliseconds(30) }
        _ = attempt.hasEnded(withPath: false, now: now)
    }
    #expect(shots.count == most)
    #expect(shots.allSatisfy { $0.remote.ip == [203, 0, 115, 1] })
    #expect(now <= at(seconds: 11))
    if remote == [4000, 4001] { #expect(shots.prefix(128).map(\.remote.port) == (4002...4129).map { $0 }) }
    #expect(attempt.unused.count == (most == 256 ? 256 : 0))
}

@Test func onesOwnRouterIsNotTried() throws {
    let own = try #require(MappedPorts([candidate(endpoint(4000))]))
    let theirs = try #require(MappedPorts([candidate(endpoint(5000)), candidate(endpoint(9000))]))
    let attempt = HardNATAttempt(HardNATs { _ in true })
    attempt.begin(own, theirs, from: LocalBase(socket: 0, endpoint: base), random: 7, now: at(seconds: 1))
    #expect(attempt.step == .waiting && attempt.report(withPath: false) == HardNATReport(.notNeeded))
}

@Test func whileAnotherAttemptRunsOneWaits() throws {
    let own = try #require(MappedPorts([candidate(endpoint(4000))]))
    let theirs = try #require(MappedPorts([5000, 9000].map { candidate(endpoint($0, [203, 0, 115, 1])) }))
    var isFree = false
    let attempt = HardNATAttempt(HardNATs { _ in isFree })
    let local = LocalBase(socket: 0, endpoint: base)
    attempt.begin(own, theirs, from: local, random: 7, now: at(seconds: 1))
    let early = attempt.next(now: at(seconds: 2))
    #expect(attempt.report(withPath: false) == HardNATReport(.busy) && early == nil)
    #expect(attempt.nextDeadline == at(seconds: 1) + HardNATLimits().delay)
    isFree = true
    attempt.begin(own, theirs, from: local, random: 7, now: at(seconds: 2))
    let shot = attempt.next(now: at(seconds: 2))
    #expect(attempt.step == .running && shot != nil)
}

// MARK: Many sockets

/// A socket counts only when a check has come to it that is the remote's, and no more of them than the limit.
@Test func onlyAuthenticChecksMakeASocketCount() throws {
    let bench = HardBench()
    let opened = bench.run(seconds: 4)
    #expect(opened.count == HardNATLimits().sockets)
    bench.check(on: opened[0], password: [UInt8](repeating: 65, count: 24))
    #expect(bench.agent.report.pairs.allSatisfy { $0.remoteKind != .peerReflexive } && bench.bases == 1)
    for socket in opened.prefix(20) { bench.check(on: socket, password: bench.agent.local.password) }
    #expect(bench.bases == 1 + HardNATLimits().usedSockets)
    bench.check(on: HardNATAttempt.firstSocket + 5000, password: bench.agent.local.password)
    #expect(bench.bases == 1 + HardNATLimits().usedSockets)
    _ = bench.run(seconds: 9)
    #expect(bench.closed.count == HardNATLimits().sockets - HardNATLimits().usedSockets)
    #expect(bench.agent.hardNATReport == HardNATReport(.unanswered, .sockets, packets: 256))
    #expect(Set(bench.closed).isDisjoint(with: opened.prefix(HardNATLimits().usedSockets)))
}

/// An agent whose NAT gives random ports.
private final class HardBench {
    let agent: ICEAgent
    private let remote = ICECredentials(secret: [UInt8](repeating: 9, count: 32))
    private let target = endpoint(4000, [203, 0, 115, 1])
    private let servers = [endpoint(3478, [203, 0, 116, 1]), endpoint(3478, [203, 0, 116, 2])]
    private var now = at(seconds: 1)
    private var number: UInt64 = 0
    private(set) var closed: [UInt32] = []

    init() {
        agent = ICEAgent(
            .controlled, ICECredentials(secret: [UInt8](repeating: 7, count: 32)), bases: [LocalBase(socket: 0, endpoint: base)],
            servers: servers, secret: [UInt8](repeating: 8, count: 32), now: now, mayCheck: { _ in true })
        agent.pass(HardNATs { _ in true })
        agent.setRemote(remote, passesHardNATs: true, now: now)
        agent.add(candidate(target))
    }

    var bases: Int { agent.locals.bases.count }

    /// Lets time pass, and has the servers answer. Returns the sockets that are to be opened.
    func run(seconds: Double) -> [UInt32] {
        let end = now + Interval(nanoseconds: UInt64(seconds * 1e9))
        var opened: [UInt32] = []
        while true {
            let outputs = drain { agent.pollOutput(into: $0, now: now) }
            for event in outputs.events {
                if case .openSocket(let number, 0) = event { opened.append(number) }
                if case .closeSocket(let number) = event { closed.append(number) }
            }
            for one in outputs.sent { answer(one.bytes, one.path) }
            guard agent.nextDeadline <= end else { break }
            now = max(now, agent.nextDeadline)
        }
        now = end
        return opened
    }

    private func answer(_ bytes: [UInt8], _ path: ICEPath) {
        guard let index = servers.firstIndex(of: path.remote), let transaction = try? reading(bytes, { $0.transaction }) else { return }
        let mapped = endpoint(UInt16(20_000 + 9000 * index))
        receive(
            written(.success, transaction) { writer in
                writer.append(mappedAddress: mapped)
                return writer.finish()
            }, ICEPath(socket: path.socket, remote: path.remote))
    }

    func check(on socket: UInt32, password: [UInt8]) {
        number += 1
        receive(
            written(.request, TransactionID(high: 0, low: number)) { writer in
                writer.append(username: agent.local.fragment, remote.fragment)
                writer.append(.priority, 0x6e00_1eff)
                writer.append(ICERole.controlling.attribute, 1)
                return writer.finish(password: password)
            }, ICEPath(socket: socket, remote: target))
    }

    private func receive(_ bytes: [UInt8], _ path: ICEPath) { bytes.withUnsafeBytes { agent.receive($0, over: path, now: now) } }
}
