import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private let first = ICEPath(socket: 1, remote: Endpoint(ip: [203, 0, 113, 1], port: 1000)!)
private let second = ICEPath(socket: 1, remote: Endpoint(ip: [203, 0, 113, 1], port: 2000)!)

/// A lite agent and the credentials of its dialler.
private final class Bench {
    let dialler: ICECredentials
    let server: ICECredentials
    private(set) var agent: ICELiteAgent
    private(set) var now = at(seconds: 1)

    init(_ version: DirectVersion = .one) throws {
        (dialler, server) = version.credentials(secret: [UInt8](repeating: 5, count: 32))
        let request = checkDatagram(to: server.fragment, from: dialler.fragment, password: server.password)
        agent = try request.withUnsafeBytes { try ICELiteAgent(accepting: $0, over: first, now: at(seconds: 1)) }
    }

    func check(over path: ICEPath, nominating: Bool = false, role: ICERole = .controlling) -> ICETestOutputs {
        receive(
            checkDatagram(
                to: server.fragment, from: dialler.fragment, password: server.password, nominating: nominating, role: role),
            over: path)
    }

    func receive(_ bytes: [UInt8], over path: ICEPath = first) -> ICETestOutputs {
        bytes.withUnsafeBytes { agent.receive($0, over: path, now: now) }
        return poll()
    }

    func poll() -> ICETestOutputs { drain { agent.pollOutput(into: $0, now: now) } }

    func wait(_ seconds: UInt64) -> ICETestOutputs {
        now = now + .seconds(seconds)
        return poll()
    }
}

private func refusal(_ bytes: [UInt8]) -> DirectRequestError? {
    do {
        _ = try bytes.withUnsafeBytes { try ICELiteAgent(accepting: $0, over: first, now: at(seconds: 1)) }
        return nil
    } catch { return error as? DirectRequestError }
}

private func direct(_ server: String, _ dialler: String, password: String? = nil) -> [UInt8] {
    checkDatagram(to: Array(server.utf8), from: Array(dialler.utf8), password: Array((password ?? server).utf8))
}

@Suite("ICE of a server of webrtc-direct") struct ICELiteAgentTests {
    @Test(arguments: [DirectVersion.one, .two]) func answersItsDialler(_ version: DirectVersion) throws {
        let bench = try Bench(version)
        #expect(bench.agent.local == bench.server && bench.agent.remote == bench.dialler)
        let outputs = bench.poll()
        #expect(outputs.events == [.path(first)] && outputs.sent.count == 1)
        try reading(outputs.sent[0].bytes) { message in
            #expect(message.kind == .success && message.mappedAddress == first.remote)
            #expect(message.hasFingerprint && message.isIntact(password: bench.server.password))
        }
        #expect(bench.check(over: first, nominating: true).events == [.completed])
    }

    @Test func versionsAreKeptApart() {
        let two = "libp2p+webrtc+v2/" + String(repeating: "p", count: 22)
        #expect(refusal(direct(two, "abcd")) == nil)
        #expect(refusal(direct("libp2p+webrtc+v2/" + String(repeating: "p", count: 21), "abcd")) == .badPassword)
        #expect(refusal(direct("libp2p+webrtc+v1/x", "libp2p+webrtc+v1/x")) == nil)
        for unknown in ["libp2p+webrtc+v3/" + String(repeating: "p", count: 22), "abcd", "libp2p+webrtc+v1", "Libp2p+webrtc+v1/x"] {
            #expect(refusal(direct(unknown, "abcd")) == .unknownVersion)
        }
    }

    @Test func whatIsNoCheckOfADiallerIsRefused() {
        let one = "libp2p+webrtc+v1/x"
        #expect(refusal(direct(one, one, password: "wrong")) == .notIntact)
        #expect(refusal(direct(one, "abc")) == .badUsername && refusal(direct(one, "ab d")) == .badUsername)
        #expect(refusal(direct(one, "ab:cd")) == .badUsername && refusal(direct(one + "-", "abcd")) == .badUsername)
        #expect(refusal(direct("libp2p+webrtc+v1/" + String(repeating: "x", count: 240), "abcd")) == .badUsername, "257 characters")
        #expect(refusal(direct(one, String(repeating: "x", count: 257))) == .badUsername)
        let both = String(repeating: "x", count: 239)
        #expect(refusal(direct("libp2p+webrtc+v1/" + both, both + both.prefix(17))) == .badUsername, "longer than a USERNAME may be")
        #expect(refusal(stun([(0x0006, Array((one + ":" + one).utf8))])) == .notACheck, "nothing proves it")
        #expect(refusal(stun([])) == .notACheck && refusal([]) == .notACheck && refusal(STUNVectors.responseIPv4) == .notACheck)
        #expect(refusal(STUNVectors.request) == .unknownVersion)
    }

    @Test func followsTheNominatedSource() throws {
        let bench = try Bench()
        _ = bench.poll()
        // Before a nomination the latest counts.
        #expect(bench.check(over: second).events == [.path(second)])
        #expect(bench.check(over: first).events == [.path(first)])
        #expect(bench.check(over: second, nominating: true).events == [.path(second), .completed])
        _ = bench.wait(2)
        #expect(bench.check(over: first).events == [], "the remote keeps another way warm")
        #expect(bench.check(over: first, nominating: true).events == [.path(first)])
        // A NAT has forgotten the remote and gives it a new port.
        _ = bench.wait(5)
        #expect(bench.check(over: second).events == [.path(second)])
    }

    @Test func anotherSocketIsAnotherPath() throws {
        let bench = try Bench()
        _ = bench.poll()
        let other = ICEPath(socket: 2, remote: first.remote)
        let outputs = bench.check(over: other, nominating: true)
        #expect(outputs.events == [.path(other), .completed] && outputs.sent[0].path == other)
    }

    @Test func consentIsWhatComes() throws {
        let bench = try Bench()
        _ = bench.poll()
        #expect(bench.agent.nextDeadline == at(seconds: 21))
        #expect(bench.wait(19).events == [])
        #expect(bench.check(over: first).events == [])
        #expect(bench.wait(20).events == [.disconnected])
        #expect(bench.check(over: first).events == [.path(first)], "it is back")
        #expect(bench.wait(20).events == [.disconnected])
        #expect(bench.wait(10).events == [.failed(.consentExpired)] && bench.agent.nextDeadline == .distantFuture)
        let late = bench.check(over: first)
        #expect(late.events.isEmpty && late.sent.isEmpty)
    }

    @Test func aCheckThatItCannotFollowIsRefused() throws {
        let bench = try Bench()
        _ = bench.poll()
        let conflict = bench.check(over: second, role: .controlled)
        try reading(conflict.sent[0].bytes) { #expect($0.errorCode == .roleConflict && $0.isIntact(password: bench.server.password)) }
        let username = bench.server.fragment + [UInt8(ascii: ":")] + bench.dialler.fragment
        let unknown = bench.receive(sealed([(0x0006, username), (0x0014, [1])], password: bench.server.password), over: second)
        try reading(unknown.sent[0].bytes) { #expect($0.errorCode == .unknownAttribute) }
        #expect(conflict.events.isEmpty && unknown.events.isEmpty, "neither moves the path")
        #expect(
            bench.receive(sealed([(0x0006, username), (0xC057, [1])], password: bench.server.password), over: second).events == [
                .path(second)
            ])
    }

    /// Forged, changed and foreign checks neither move the path nor cost an answer.
    @Test func strangersGetNothing() throws {
        let bench = try Bench()
        _ = bench.poll()
        let honest = checkDatagram(
            to: bench.server.fragment, from: bench.dialler.fragment, password: bench.server.password, nominating: true)
        for index in honest.indices where index != honest.count - 8 && index != honest.count - 7 {
            var changed = honest
            changed[index] ^= 0x40
            let outputs = bench.receive(changed, over: second)
            #expect(outputs.events.isEmpty && outputs.sent.isEmpty, "byte \(index)")
        }
        let other = checkDatagram(to: bench.server.fragment, from: Array("other".utf8), password: bench.server.password, nominating: true)
        #expect(bench.receive(other, over: second).events.isEmpty)
        #expect(bench.agent.path == first)
    }

    /// Whoever knows the credentials is answered at a bounded rate.
    @Test func aFloodIsAnsweredAtABoundedRate() throws {
        let limits = ICELimits()
        let bench = try Bench()
        var answers = bench.poll().sent.count
        for _ in 0..<1000 { answers += bench.check(over: first).sent.count }
        #expect(answers <= limits.answersAtOnce && answers > 10)
        _ = bench.wait(1)
        #expect(bench.check(over: first).sent.count == 1)
    }

    @Test func randomAndChangedDatagramsBeginNothing() {
        var dice = Dice(seed: 1)
        let honest = direct("libp2p+webrtc+v1/abcdefgh", "libp2p+webrtc+v1/abcdefgh")
        for _ in 0..<10_000 {
            #expect(refusal(dice.bytes(dice.below(200))) != nil)
            var changed = honest
            for _ in 0...dice.below(3) { changed[dice.below(honest.count - 8)] ^= UInt8(1 + dice.below(255)) }
            if changed != honest { #expect(refusal(changed) != nil) }
        }
    }
}
