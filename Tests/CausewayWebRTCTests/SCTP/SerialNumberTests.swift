import Testing

@testable import CausewayWebRTC

@Suite("SCTP: numbers") struct SerialNumberTests {
    @Test func theyWrapAround() {
        #expect(TSN(0xffff_ffff) < TSN(0) && TSN(0) > TSN(0xffff_ffff) && !(TSN(5) < TSN(5)) && TSN(5) <= TSN(5))
        #expect(TSN(0xffff_ffff).next == TSN(0) && TSN(0).previous == TSN(0xffff_ffff))
        #expect(TSN(0xffff_fff0).steps(to: TSN(0x10)) == 0x20)
        #expect(StreamSequenceNumber(0xffff) < StreamSequenceNumber(0x7ffe))
        #expect(!(StreamSequenceNumber(0xffff) < StreamSequenceNumber(0x8000)))
    }

    /// Against a set that needs no thought.
    @Test(arguments: 0..<200) func aSetOfTSNs(_ seed: UInt64) {
        var random = Dice(seed: seed)
        let base = TSN(UInt32(truncatingIfNeeded: seed % 2 == 0 ? 0xffff_ff00 : random.next()))
        var set = TSNSet(base: base)
        var plain: Set<UInt32> = []
        var offset: UInt32 = 0
        for _ in 0..<400 {
            let chosen = offset + 1 + UInt32(random.below(300))
            switch random.below(10) {
            case 0..<6:
                set.insert(base.advanced(by: chosen))
                plain.insert(chosen)
            case 6:
                set.remove(base.advanced(by: chosen))
                plain.remove(chosen)
            case 7:
                set.absorb()
                while plain.remove(offset + 1) != nil { offset += 1 }
            case 8 where random.below(5) == 0:
                offset += UInt32(random.below(random.happens(500) ? 40 : 250))
                if offset > base.steps(to: set.base) { set.moveBase(to: base.advanced(by: offset)) }
                plain = plain.filter { $0 > offset }
            default:
                let member = random.happens(500)
                let end = chosen + UInt32(random.below(200))
                let expected = (chosen...end).first { plain.contains($0) == member }
                let found = set.first(member: member, from: base.advanced(by: chosen), through: base.advanced(by: end))
                // Behind the last member, all are none.
                if let found {
                    #expect(base.steps(to: found) == expected, "seed \(seed)")
                } else {
                    #expect(expected == nil, "seed \(seed)")
                }
            }
            #expect(set.count == plain.count && base.steps(to: set.base) == offset, "seed \(seed)")
            #expect(set.contains(base.advanced(by: chosen)) == plain.contains(chosen), "seed \(seed)")
        }
    }

    @Test(arguments: 0..<100) func aRing(_ seed: UInt64) {
        var random = Dice(seed: seed)
        var ring = Ring<Int>()
        var plain: [Int] = []
        for step in 0..<300 {
            switch random.below(5) {
            case 0, 1:
                ring.append(step)
                plain.append(step)
            case 2:
                let index = random.below(plain.count + 1)
                ring.insert(step, at: index)
                plain.insert(step, at: index)
            case 3: #expect(ring.popFirst() == (plain.isEmpty ? nil : plain.removeFirst()), "seed \(seed)")
            default:
                let first = random.below(plain.count + 1)
                let range = first..<min(plain.count, first + random.below(3))
                guard first <= range.upperBound else { continue }
                ring.remove(range)
                plain.removeSubrange(range)
            }
            #expect((0..<ring.count).map { ring[$0] } == plain, "seed \(seed)")
        }
    }
}
