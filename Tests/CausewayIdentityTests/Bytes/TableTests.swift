import Testing

@testable import CausewayIdentity

@Suite struct TableTests {
    @Test func aTableByNumberHoldsWhatADictionaryHolds() {
        var table = Table<UInt32, Int>()
        var model: [UInt32: Int] = [:]
        var random = SystemRandomNumberGenerator()
        for step in 0..<20_000 {
            // Few keys at first and in the end, so that it grows and shrinks.
            let key = UInt32.random(in: 0..<UInt32(1 + min(step, 20_000 - step) / 10), using: &random)
            switch UInt8.random(in: 0..<3, using: &random) {
            case 0: #expect(table.updateValue(step, forKey: key) == model.updateValue(step, forKey: key))
            case 1: #expect(table.removeValue(forKey: key) == model.removeValue(forKey: key))
            default: #expect(table[key] == model[key])
            }
            #expect(table.count == model.count)
        }
        #expect(table.keys == model.keys.sorted())
        #expect(table.values == model.keys.sorted().map { model[$0] })
        for key in table.keys { table[key] = nil }
        #expect(table.isEmpty && table[0] == nil && table.keys.isEmpty)
    }

    @Test func aTableByBytesHoldsWhatADictionaryHolds() {
        var table = BytesTable<Int>()
        var names = BytesSet()
        var model: [[UInt8]: Int] = [:]
        for step in 0..<20_000 {
            let key = [UInt8](repeating: UInt8.random(in: 0..<8), count: Int.random(in: 0..<30))
            if Bool.random() {
                #expect(names.insert(key) == (model[key] == nil))
                #expect(table.updateValue(step, forKey: key) == model.updateValue(step, forKey: key))
            } else {
                #expect(names.remove(key) == (model[key] != nil))
                #expect(table[key] == model[key])
                table[key] = nil
                model[key] = nil
            }
            #expect(table.count == model.count && names.count == model.count && names.contains(key) == (model[key] != nil))
        }
        table.removeAll { $0 % 2 == 0 }
        model = model.filter { $0.value % 2 != 0 }
        #expect(table.count == model.count)
        for (key, value) in model { #expect(table[key] == value) }
    }

    /// Also by a factor with many zeros in one of its halves.
    @Test(arguments: [0x9E37_7940_0000_0001, 0x7F4A_7000_1234_5679, 0x3D00_7BD4_4CFB_C105] as [UInt64])
    func keysSpreadByAnyFactor(factor: UInt64) {
        let streamsOfALink = (0..<UInt64(3000)).map { $0 * 2 + 1 }
        let aStreamOfEachLink = (1000..<UInt64(4000)).map { $0 << 32 | 2 }
        let names = (0..<UInt64(3000)).map { hash([UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)], key: (1, 2)) }
        for keys in [streamsOfALink, aStreamOfEachLink, names] {
            let slots = Slots(mask: 4095, factor: factor)
            defer { slots.release() }
            var steps = 0
            for key in keys {
                let place = slots.place(key, nil)
                slots[place].pointee = Slot(number: key, entry: Entry(name: nil))
                steps += slots.distance(slots.home(key), place)
            }
            #expect(steps < 5 * keys.count)
        }
    }

    @Test func numbersAscend() {
        for count in 0..<200 {
            var numbers = (0..<count).map { _ in UInt64.random(in: 0..<100) }
            let sorted = numbers.sorted()
            numbers.ascend()
            #expect(numbers == sorted)
        }
    }

    /// The values are CPython's, whose `hash` of bytes is SipHash-1-3 with a key of zeros if PYTHONHASHSEED=0.
    @Test func namesAreHashedAsByOthers() {
        let known: [(Int, UInt64)] = [
            (1, 0x68A9_1412_8E01_E473), (7, 0x2F09_8AB0_C751_325A), (8, 0xEAD4_11E6_7EBE_2EEA), (15, 0xF30E_B725_BB91_C9EA),
            (38, 0xC680_AE8A_8C58_4DDF),
        ]
        for (count, expected) in known { #expect(hash([UInt8](0..<UInt8(count)), key: (0, 0)) == expected) }
    }
}

private func hash(_ bytes: [UInt8], key: (UInt64, UInt64)) -> UInt64 { bytes.withUnsafeBytes { sipHash13($0, key: key) } }
