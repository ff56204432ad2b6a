import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private func endpoint(_ last: UInt8, _ port: UInt16) -> Endpoint { Endpoint(ip: [198, 51, 100, last], port: port)! }

/// Two sockets behind a NAT, or behind none, and STUN servers outside.
private final class Bench {
    private static let locals: [MappingSurvey.Socket: Endpoint] = [
        .first: Endpoint(ip: [192, 168, 1, 2], port: 5001)!, .second: Endpoint(ip: [192, 168, 1, 2], port: 5002)!,
    ]
    private let nat: ICETestNAT?
    private let hairpins: Bool
    private let silent: [Endpoint]
    private(set) var now = Instant(nanoseconds: 0)
    private(set) var sent = 0
    var survey = MappingSurvey(secret: [UInt8](repeating: 7, count: 32))

    init(_ nat: ICETestNAT?, hairpins: Bool = false, silent: [Endpoint] = []) {
        self.nat = nat
        self.hairpins = hairpins
        self.silent = silent
    }

    func ask(_ server: Endpoint) { survey.ask(server, from: Self.locals[.first]!, now: now) }

    /// Until nothing is awaited.
    func run() {
        while true {
            while let (due, bytes) = poll() { carry(due, bytes) }
            guard !survey.isSettled, survey.nextDeadline < .distantFuture else { return }
            now = max(now, survey.nextDeadline)
        }
    }

    func poll() -> (MappingSurvey.Datagram, [UInt8])? {
        var due: MappingSurvey.Datagram?
        let bytes = [UInt8](unsafeUninitializedCapacity: STUNLimits.messageSize) { buffer, size in
            due = survey.poll(into: UnsafeMutableRawBufferPointer(buffer), now: now)
            size = due?.size ?? 0
        }
        if due != nil { sent += 1 }
        return due.map { ($0, bytes) }
    }

    private func carry(_ due: MappingSurvey.Datagram, _ bytes: [UInt8]) {
        guard let local = Self.locals[due.socket], !silent.contains(due.remote) else { return }
        let source = nat?.outgoing(local, to: due.remote) ?? local
        if due.remote.ip == nat?.ip ?? [] {
            guard hairpins, let inside = nat?.incoming(to: due.remote.port, from: source) else { return }
            return deliver(bytes, to: inside, from: source)
        }
        guard let request = try? reading(bytes, { $0.transaction }) else { return }
        let answer = written(.success, request) { writer in
            writer.append(mappedAddress: source)
            return writer.finish()
        }
        guard nat == nil || nat?.incoming(to: source.port, from: due.remote) == local else { return }
        deliver(answer, to: local, from: due.remote)
    }

    private func deliver(_ bytes: [UInt8], to local: Endpoint, from remote: Endpoint) {
        guard let socket = Self.locals.first(where: { $0.value == local })?.key else { return }
        bytes.withUnsafeBytes { survey.receive($0, on: socket, from: remote, now: now) }
    }

    func receive(_ bytes: [UInt8], from remote: Endpoint, on socket: MappingSurvey.Socket = .first) {
        bytes.withUnsafeBytes { survey.receive($0, on: socket, from: remote, now: now) }
    }
}

private func nat(_ maps: ICETestNAT.Rule, _ filters: ICETestNAT.Rule = .addressAndPortDependent) -> ICETestNAT {
    ICETestNAT(ip: [203, 0, 113, 1], maps: maps, filters: filters)
}

/// Two ports of one host, and one of another.
private let three = [endpoint(1, 4001), endpoint(1, 4003), endpoint(2, 4001)]

@Suite("A survey of how NATs map") struct MappingSurveyTests {
    @Test(
        arguments: [
            (ICETestNAT.Rule.independent, three, NATMapping.endpointIndependent), (.addressDependent, three, .addressDependent),
            (.addressAndPortDependent, three, .addressAndPortDependent),
            (.independent, [endpoint(1, 1), endpoint(2, 1)], .endpointIndependent),
            (.addressDependent, [endpoint(1, 1), endpoint(2, 1)], .endpointDependent),
            (.addressAndPortDependent, [endpoint(1, 1), endpoint(2, 1)], .endpointDependent),
            (.addressAndPortDependent, [endpoint(1, 1), endpoint(1, 2)], .addressAndPortDependent),
            (.addressDependent, [endpoint(1, 1), endpoint(1, 2)], .unknown), (.addressAndPortDependent, [endpoint(1, 1)], .unknown),
        ])
    func saysWhatItsServersCanTell(_ rule: ICETestNAT.Rule, _ servers: [Endpoint], _ expected: NATMapping) {
        let bench = Bench(nat(rule))
        for server in servers { bench.ask(server) }
        bench.run()
        #expect(bench.survey.mapping == expected)
        #expect(bench.survey.answers.map(\.server) == servers && bench.survey.answers.allSatisfy { $0.mapped != nil })
        #expect(expected.isDependent == [.addressDependent, .addressAndPortDependent, .endpointDependent].contains(expected))
    }

    @Test func withoutANATThereIsNothingToHairpin() {
        let bench = Bench(nil)
        for server in three { bench.ask(server) }
        bench.run()
        #expect(bench.survey.mapping == NATMapping.none && bench.survey.hairpins == nil && bench.sent == 3)
    }

    /// Both sockets send, so the strictest filter hides nothing.
    @Test(arguments: [ICETestNAT.Rule.independent, .addressDependent, .addressAndPortDependent], [true, false])
    func aNATHairpinsOrNot(_ filters: ICETestNAT.Rule, _ hairpins: Bool) {
        let bench = Bench(nat(.independent, filters), hairpins: hairpins)
        for server in three { bench.ask(server) }
        bench.run()
        #expect(bench.survey.hairpins == hairpins)
    }

    /// The second socket's mapping towards the first is one that no server has seen.
    @Test func withANATThatMapsAnewItIsUnknown() {
        let bench = Bench(nat(.addressAndPortDependent), hairpins: true)
        for server in three { bench.ask(server) }
        bench.run()
        #expect(bench.survey.hairpins == nil)
    }

    @Test func silentServersAreGivenUpAndTheOthersCount() {
        let bench = Bench(nat(.independent), silent: [three[0]])
        for server in three { bench.ask(server) }
        bench.run()
        #expect(bench.survey.answers.map(\.outcome)[0] == .noAnswer)
        #expect(bench.survey.mapping == .endpointIndependent && bench.survey.isSettled)
        let nobody = Bench(nat(.independent), silent: three)
        for server in three { nobody.ask(server) }
        nobody.run()
        #expect(nobody.survey.mapping == nil && nobody.survey.hairpins == nil && nobody.survey.isSettled)
    }

    @Test func asksEachServerOnceAndNotMoreThanFit() {
        let bench = Bench(nil)
        for number in 0..<40 as Range<UInt8> {
            bench.ask(endpoint(number, 1))
            bench.ask(endpoint(number, 1))
        }
        bench.run()
        #expect(bench.survey.answers.count == MappingSurvey.servers && bench.sent == MappingSurvey.servers)
    }

    @Test func believesNobodyElse() throws {
        let bench = Bench(nat(.independent))
        bench.ask(three[0])
        let (_, request) = try #require(bench.poll())
        let id = try reading(request) { $0.transaction }
        let forged = written(.success, id) { writer in
            writer.append(mappedAddress: endpoint(9, 9))
            return writer.finish()
        }
        bench.receive(forged, from: three[1])
        bench.receive(forged, from: three[0], on: .second)
        bench.receive(written(.success, TransactionID(high: 1, low: 2)) { $0.finish() }, from: three[0])
        bench.receive(written(.request, TransactionID(high: 1, low: 2)) { $0.finish() }, from: three[0])
        bench.receive([], from: three[0])
        bench.receive([UInt8](repeating: 255, count: 40), from: three[0])
        #expect(bench.survey.answers.map(\.outcome) == [nil] && bench.survey.mapping == nil)
    }
}
