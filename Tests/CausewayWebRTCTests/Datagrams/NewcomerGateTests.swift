import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("Newcomers at a listener") struct NewcomerGateTests {
    private let start = Instant(nanoseconds: 0)
    private func at(_ place: Int, _ port: UInt16 = 1) -> Endpoint {
        Endpoint(ip: [10, UInt8(place >> 16 & 255), UInt8(place >> 8 & 255), UInt8(place & 255)], port: port)!
    }

    @Test func aPlaceHasABurstAndARate() {
        var gate = NewcomerGate()
        let limits = NewcomerLimits()
        var admitted = 0
        for port in 0..<1000 as Range<UInt16> where gate.admits(at(1, port), now: start) { admitted += 1 }
        #expect(admitted == limits.burstPerPlace)
        let answer1 = gate.admits(at(2), now: start)
        #expect(answer1, "others have their own")
        for port in 0..<1000 as Range<UInt16> where gate.admits(at(1, port), now: start + .seconds(2)) { admitted += 1 }
        #expect(admitted == limits.burstPerPlace + 2 * limits.perSecondPerPlace)
    }

    @Test func aHouseholdIsOnePlace() {
        var gate = NewcomerGate()
        var admitted = 0
        for number in 0..<256 {
            let ip: [UInt8] = [0x20, 1, 0x0d, 0xb8, 0, 0, 1, UInt8(number), 0, 0, 0, 0, 0, 0, 0, 1]
            if gate.admits(Endpoint(ip: ip, port: 1)!, now: start) { admitted += 1 }
        }
        #expect(admitted == NewcomerLimits().burstPerPlace)
    }

    /// 100,000 forged senders in a second.
    @Test func aFloodFromEverywhereIsBounded() {
        var gate = NewcomerGate()
        let limits = NewcomerLimits()
        var admitted = 0
        for number in 0..<100_000 {
            let now = start + Interval(nanoseconds: UInt64(number) * 10_000)
            guard gate.admits(at(number), now: now) else { continue }
            admitted += 1
            gate.began(UInt32(number), now: now)
        }
        #expect(admitted <= limits.burst + limits.perSecond && admitted >= limits.burst)
        #expect(gate.count == admitted && gate.placeCount <= 2 * limits.places)
    }

    @Test func setUpHasATime() {
        var gate = NewcomerGate()
        #expect(gate.nextDeadline == .distantFuture)
        for id in 1...3 as ClosedRange<UInt32> { gate.began(id, now: start + .seconds(UInt64(id))) }
        #expect(gate.nextDeadline == start + .seconds(11))
        gate.ended(1)
        #expect(gate.nextDeadline == start + .seconds(12))
        let answer2 = gate.expired(now: start + .milliseconds(11_999))
        #expect(answer2 == nil)
        gate.ended(3)
        let answer3 = gate.expired(now: start + .seconds(12))
        #expect(answer3 == 2)
        let answer4 = gate.expired(now: start + .seconds(100))
        #expect(answer4 == nil && gate.nextDeadline == .distantFuture && gate.count == 0)
        // A number is used again.
        gate.began(2, now: start + .seconds(20))
        gate.ended(9)
        #expect(gate.nextDeadline == start + .seconds(30) && gate.count == 1)
    }

    @Test func aNumberThatIsUsedAgainHasItsOwnTime() {
        var gate = NewcomerGate()
        gate.began(1, now: start)
        gate.began(2, now: start)
        gate.ended(2)
        gate.began(2, now: start + .seconds(5))
        let answer5 = gate.expired(now: start + .seconds(10))
        #expect(answer5 == 1)
        let answer6 = gate.expired(now: start + .seconds(10))
        #expect(answer6 == nil)
        let answer7 = gate.expired(now: start + .seconds(15))
        #expect(answer7 == 2)
    }

    @Test func threeTimesWhatCame() {
        var limit = AmplificationLimit()
        let answer8 = limit.allows(1)
        let answer9 = limit.allows(0)
        #expect(!answer8 && answer9)
        limit.received(100)
        let answer10 = limit.allows(200)
        let answer11 = limit.allows(101)
        let answer12 = limit.allows(100)
        let answer13 = limit.allows(1)
        #expect(answer10 && !answer11 && answer12 && !answer13)
        limit.lift()
        let answer14 = limit.allows(1 << 40)
        #expect(answer14)
    }
}
