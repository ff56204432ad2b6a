import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayLocalNetwork

@Suite("Messages to and from gateways") struct GatewayCodecTests {
    /// RFC 6887, sections 7.1 and 11.1.
    @Test func aRequestOfPCPIsAsTheStandardHasIt() {
        let request = PCP.map(
            MappedPort(.tcp, 0x0fa1), lifetime: 1200, nonce: Array(1...12), from: [192, 168, 1, 7],
            external: Endpoint(ip: [5, 1, 2, 3], port: 9))
        var expected: [UInt8] = [2, 1, 0, 0, 0, 0, 0x04, 0xb0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 168, 1, 7]
        expected += Array(1...12) + [6, 0, 0, 0, 0x0f, 0xa1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 5, 1, 2, 3]
        #expect(request == expected)
        #expect(PCP.announcement(from: [192, 168, 1, 7]) == [2, 0, 0, 0, 0, 0, 0, 0] + expected[8..<24])
    }

    /// RFC 6886, section 3.3.
    @Test func aRequestOfNATPMPIsAsTheStandardHasIt() {
        #expect(NATPMP.map(MappedPort(.tcp, 0x0fa1), lifetime: 1200, external: 9) == [0, 2, 0, 0, 0x0f, 0xa1, 0, 9, 0, 0, 0x04, 0xb0])
        #expect(NATPMP.map(MappedPort(.udp, 0x0fa1), lifetime: 0, external: 9) == [0, 1, 0, 0, 0x0f, 0xa1, 0, 0, 0, 0, 0, 0])
    }

    @Test func aRequestByIPv6HasItsAddresses() {
        let client = [0x2a] + [UInt8](repeating: 7, count: 15)
        let request = PCP.map(MappedPort(.udp, 2, isIPv6: true), lifetime: 1, nonce: Array(1...12), from: client, external: nil)
        #expect(Array(request[8..<24]) == client && Array(request[44..<60]) == [UInt8](repeating: 0, count: 16))
    }

    @Test func requestsAreNoAnswers() {
        let map = PCP.map(MappedPort(.udp, 1), lifetime: 1, nonce: Array(1...12), from: [1, 2, 3, 4], external: nil)
        #expect(PCP.Answer(map) == nil && NATPMP.Answer(map) == nil)
        #expect(NATPMP.Answer(NATPMP.addressRequest) == nil)
        #expect(NATPMP.Answer(NATPMP.map(MappedPort(.udp, 1), lifetime: 1, external: 1)) == nil)
    }

    @Test func anAnswerByIPv6HasItsAddress() {
        var answer: [UInt8] = [2, 0x81, 0, 0] + [UInt8](repeating: 0, count: 20)
        answer += Array(1...12) + [17, 0, 0, 0, 0, 1, 0, 2] + [0x20, 1] + [UInt8](repeating: 0, count: 14)
        #expect(PCP.Answer(answer)?.mapping?.externalIP == Array(answer[44..<60]) && PCP.Answer(answer)?.mapping?.externalPort == 2)
    }

    /// RFC 6887, section 8.5.
    @Test func aGatewaysClockTellsOfItsRestart() {
        func forgets(_ notes: (at: UInt64, epoch: UInt32)...) -> [Bool] {
            var clock = GatewayClock()
            return notes.map { clock.note($0.epoch, at: Instant(nanoseconds: $0.at * 1_000_000_000)) }
        }
        #expect(forgets((100, 5000), (700, 5600), (701, 5600), (1000, 5902)) == [false, false, false, false])
        #expect(forgets((100, 5000), (700, 10)) == [false, true])
        // A clock that is a little slow, or fast, is no other one.
        #expect(forgets((100, 5000), (1060, 5902), (2020, 6905)) == [false, false, false])
        #expect(forgets((100, 5000), (1060, 5800)) == [false, true])
        #expect(forgets((100, 5000), (1060, 7000)) == [false, true])
        #expect(forgets((100, .max), (101, .max), (102, 0)) == [false, false, true])
    }
}
