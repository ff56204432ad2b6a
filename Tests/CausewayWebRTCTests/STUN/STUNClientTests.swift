import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private let server = Endpoint(ip: [192, 0, 2, 1], port: 3478)!
private let mapped = Endpoint(ip: [203, 0, 113, 9], port: 4444)!
private let transaction = TransactionID(high: 3, low: 4)

private final class Bench {
    private(set) var client = STUNClient(server, transaction, now: Instant(nanoseconds: 0))

    func poll(at now: Instant = Instant(nanoseconds: 0)) -> [UInt8]? {
        var count: Int?
        let bytes = [UInt8](unsafeUninitializedCapacity: STUNLimits.messageSize) { buffer, size in
            count = client.poll(into: UnsafeMutableRawBufferPointer(buffer), now: now)
            size = count ?? 0
        }
        return count == nil ? nil : bytes
    }

    func receive(_ bytes: [UInt8], from remote: Endpoint = server) throws -> Bool {
        try reading(bytes) { client.receive($0, from: remote) }
    }
}

private func success(_ id: TransactionID = transaction) -> [UInt8] {
    written(.success, id) { writer in
        writer.append(mappedAddress: mapped)
        return writer.finish()
    }
}

@Suite("A question to a STUN server") struct STUNClientTests {
    @Test func isAnswered() throws {
        let bench = Bench()
        let request = try #require(bench.poll())
        try reading(request) { #expect($0.kind == .request && $0.transaction == transaction && $0.hasFingerprint) }
        #expect(try bench.receive(success()))
        #expect(bench.client.outcome == .mapped(mapped) && bench.client.nextDeadline == .distantFuture)
        #expect(bench.poll(at: Instant(nanoseconds: 9_000_000_000)) == nil)
        #expect(try !bench.receive(success()), "once")
    }

    /// RFC 8489, section 6.2.1: 0, 500, 1500, 3500, 7500, 15500 and 31500 ms, and the end at 39500 ms.
    @Test func isSentSevenTimes() {
        let bench = Bench()
        var times: [UInt64] = []
        while bench.client.outcome == nil {
            let now = bench.client.nextDeadline
            #expect((bench.poll(at: now) == nil) == (bench.client.outcome != nil))
            times.append(now.nanoseconds / 1_000_000)
        }
        #expect(times == [0, 500, 1500, 3500, 7500, 15500, 31500, 39500])
        #expect(bench.client.outcome == .noAnswer)
    }

    @Test func takesNobodyElsesAnswer() throws {
        let bench = Bench()
        _ = bench.poll()
        #expect(try !bench.receive(success(), from: mapped))
        #expect(try !bench.receive(success(TransactionID(high: 3, low: 5))))
        #expect(try !bench.receive(written(.success, transaction) { $0.finish() }), "it says nothing")
        #expect(try !bench.receive(written(.request, transaction) { $0.finish() }))
        #expect(bench.client.outcome == nil)
        let refusal = written(.failure, transaction) { writer in
            writer.append(.unknownAttribute)
            return writer.finish()
        }
        #expect(try bench.receive(refusal))
        #expect(bench.client.outcome == .refused(.unknownAttribute))
    }
}
