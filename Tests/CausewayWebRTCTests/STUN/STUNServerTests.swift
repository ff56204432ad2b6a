import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private let plain = written(.request) { $0.finish(fingerprint: false) }
private let marked = written(.request) { $0.finish() }

private func endpoint(_ a: Int, _ b: Int = 7, port: UInt16 = 1000) -> Endpoint {
    Endpoint(ip: [198, 51, UInt8(a & 255), UInt8(b & 255)], port: port)!
}

private final class Bench {
    private var server: STUNServer

    init(_ limits: STUNLimits = STUNLimits()) { server = STUNServer(limits) }

    var placeCount: Int { server.placeCount }

    func answer(
        _ bytes: [UInt8], from remote: Endpoint, isConnected: Bool = false, at now: Instant = Instant(nanoseconds: 1)
    ) -> [UInt8]? {
        var count: Int?
        let answer = [UInt8](unsafeUninitializedCapacity: STUNLimits.messageSize) { buffer, size in
            count = bytes.withUnsafeBytes {
                server.answer($0, from: remote, isConnected: isConnected, into: UnsafeMutableRawBufferPointer(buffer), now: now)
            }
            size = count ?? 0
        }
        return count == nil ? nil : answer
    }
}

@Suite("Answers to plain binding requests") struct STUNServerTests {
    @Test func tellTheSenderWhereItIsSeen() throws {
        let server = Bench()
        let six = Endpoint(ip: [UInt8](1...16), port: 9)!
        for (remote, request) in [(endpoint(1), plain), (endpoint(1), marked), (six, plain), (six, marked)] {
            let answer = try #require(server.answer(request, from: remote))
            try reading(answer) { message in
                #expect(message.kind == .success && message.mappedAddress == remote)
                #expect(message.transaction == TransactionID(high: 1, low: 2))
                #expect(message.hasFingerprint == (request == marked))
            }
            #expect(answer.count * 10 <= request.count * 22)
        }
    }

    @Test func whatMustBeUnderstoodAndIsNotIsNamed() throws {
        let server = Bench()
        let request = stun([(0x0003, [0, 0, 0, 6]), (0x8022, [1])])
        let answer = try #require(server.answer(request, from: endpoint(1)))
        try reading(answer) { message in
            #expect(message.kind == .failure && message.errorCode == .unknownAttribute)
            #expect(message.value(.unknownAttributes).map { [UInt8]($0) } == [0, 3])
        }
        #expect(answer.count * 10 <= request.count * 22)
        let many = stun((0..<300).map { (UInt16(0x4000 + $0), []) })
        #expect(server.answer(many, from: endpoint(1))!.count < 60)
    }

    @Test func othersGetNone() {
        let server = Bench()
        for bytes in [
            [], [1, 2, 3], stun(type: 0x0101, []), stun(type: 0x0011, []), stun([(0x0006, Array("abcd:efgh".utf8))]), STUNVectors.request,
        ] { #expect(server.answer(bytes, from: endpoint(1)) == nil) }
        #expect(server.placeCount == 0)
    }

    /// One host asks ten thousand times within a second. Its neighbours in the same /56 share its allowance, others do not.
    @Test func aPlaceHasItsShare() {
        let limits = STUNLimits()
        let end = Instant(nanoseconds: 999_999_999)
        for (mine, other) in [(endpoint(1), endpoint(2)), (six(1, 0), six(2, 0))] {
            let server = Bench(limits)
            var answers = 0
            for step in 0..<10_000 as Range<UInt64> {
                let from = mine.isIPv4 ? mine : six(1, UInt8(step & 255))
                if server.answer(plain, from: from, at: Instant(nanoseconds: step * 100_000)) != nil { answers += 1 }
            }
            #expect(answers <= limits.burstPerPlace + limits.perSecondPerPlace && answers >= limits.burstPerPlace)
            #expect(server.answer(plain, from: other, at: end) != nil)
            // Who holds a connection is answered all the same.
            #expect(server.answer(plain, from: mine, isConnected: true, at: end) != nil)
            #expect(server.answer(plain, from: mine, at: end) == nil)
        }
    }

    /// A hundred thousand forged senders.
    @Test func aFloodFromEverywhereIsBounded() {
        var limits = STUNLimits()
        limits.places = 100
        let server = Bench(limits)
        var answers = 0
        for step in 0..<100_000 {
            let remote = Endpoint(ip: [UInt8(step >> 16 & 255), 9, UInt8(step >> 8 & 255), UInt8(step & 255)], port: 1)!
            if server.answer(plain, from: remote, at: Instant(nanoseconds: UInt64(step) * 10_000)) != nil { answers += 1 }
            if step % 1000 == 0 { #expect(server.placeCount <= 2 * limits.places) }
        }
        #expect(answers <= limits.burst + limits.perSecond && answers >= limits.burst)
        #expect(server.answer(plain, from: endpoint(1), isConnected: true, at: Instant(nanoseconds: 1_000_000_000)) != nil)
    }

    private func six(_ household: UInt8, _ host: UInt8) -> Endpoint {
        Endpoint(ip: [0x20, 1, 0x0d, 0xb8, 0, 0, household, host, 0, 0, 0, 0, 0, 0, 0, host], port: 5)!
    }
}
