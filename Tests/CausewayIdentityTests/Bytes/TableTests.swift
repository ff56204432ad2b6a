import Testing

@testable import CausewayIdentity

@Suite struct TableTests {
    @Test func aTableByNumberHoldsWhatADictionaryHolds() {
        holdsWhatADictionaryHolds(Table<UInt32, Int>())
        holdsWhatADictionaryHolds(BoxedTable<UInt32, Int>())
    }

    private func holdsWhatADictionaryHolds(_ empty: consuming some NumberTable & ~Copyable) {
        var table = empty
        var model: [UInt32: Int] = [:]
        var random = SystemRandomNumberGenerator()
        for step in 0..<20_000 {
            // Few keys at first and in the end, so that it grows and shrinks.
            let key = UInt32.random(in: 0..<UInt32(1 + min(step, 20_000 - step) / 10), using: &random)
            switch UInt8.random(in: 0..<4, using: &random) {
            case 0: isEqual(table.updateValue(step, forKey: key), model.updateValue(step, forKey: key))
            case 1: isEqual(table.removeValue(forKey: key), model.removeValue(forKey: key))
            case 2:
                table[key, default: 1] += step
                model[key, default: 1] += step
            default: isEqual(table[key], model[key])
            }
            isEqual(table.count, model.count)
        }
        isEqual(table.keys, model.keys.sorted())
        isEqual(table.values, model.keys.sorted().map { model[$0]! })
        for key in table.keys { table[key] = nil }
        isEqual(table.count, 0)
        isEqual(table[0], nil)
    }

    @Test func aTableByBytesHoldsWhatADictionaryHolds() {
        holdsWhatADictionaryHolds(BytesTable<Int>(), BytesSet())
        holdsWhatADictionaryHolds(BoxedBytesTable<Int>(), BoxedBytesSet())
    }

    private func holdsWhatADictionaryHolds(
        _ emptyTable: consuming some NameTable & ~Copyable, _ emptySet: consuming some NameSet & ~Copyable
    ) {
        var table = emptyTable
        var names = emptySet
        var model: [[UInt8]: Int] = [:]
        for step in 0..<20_000 {
            let key = [UInt8](repeating: UInt8.random(in: 0..<8), count: Int.random(in: 0..<30))
            switch UInt8.random(in: 0..<3) {
            case 0:
                isEqual(names.insert(key), model[key] == nil)
                isEqual(table.updateValue(step, forKey: key), model.updateValue(step, forKey: key))
            case 1:
                _ = names.insert(key)
                table[key, default: 1] += step
                model[key, default: 1] += step
            default:
                isEqual(names.remove(key), model[key] != nil)
                isEqual(table[key], model[key])
                table[key] = nil
                model[key] = nil
            }
            isEqual(table.count, model.count)
            isEqual(names.count, model.count)
            isEqual(names.contains(key), model[key] != nil)
        }
        table.removeAll { $0 % 2 == 0 }
        model = model.filter { $0.value % 2 != 0 }
        isEqual(table.count, model.count)
        for (key, value) in model { isEqual(table[key], value) }
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
                steps += slots.distance(slots.idealSlot(key), place)
            }
            #expect(steps < 5 * keys.count)
        }
    }

    /// A dictionary takes the lowest bits. Seeds are addresses: multiples of 16.
    @Test(arguments: [0, 0x7F00_0000_0010, 0x5555_5555_7000, 0x10_0000]) func nativeKeysSpreadByAnySeed(seed: Int) {
        for keys in [(0..<UInt64(3000)).map { $0 * 2 + 1 }, (1000..<UInt64(4000)).map { $0 << 32 | 2 }] {
            let places = Set(keys.map { NumberKey($0)._rawHashValue(seed: seed) & 4095 })
            // 3,000 balls at random leave 48 % of 4,096 places empty.
            #expect(places.count > 1800)
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

/// `#expect` takes no values that cannot be copied, so it gets what a table says of itself.
private func isEqual<Value: Equatable>(_ found: Value, _ expected: Value) { #expect(found == expected) }

// What `Table` and the page's `BoxedTable` have in common.

private protocol NumberTable: ~Copyable {
    var count: Int { get }
    var keys: [UInt32] { get }
    var values: [Int] { get }
    subscript(key: UInt32) -> Int? { get set }
    subscript(key: UInt32, default fallback: @autoclosure () -> Int) -> Int { get set }
    mutating func updateValue(_ value: Int, forKey key: UInt32) -> Int?
    mutating func removeValue(forKey key: UInt32) -> Int?
}

private protocol NameTable: ~Copyable {
    var count: Int { get }
    subscript(key: [UInt8]) -> Int? { get set }
    subscript(key: [UInt8], default fallback: @autoclosure () -> Int) -> Int { get set }
    mutating func updateValue(_ value: Int, forKey key: [UInt8]) -> Int?
    mutating func removeAll(where isSpent: (Int) -> Bool)
}

private protocol NameSet: ~Copyable {
    var count: Int { get }
    func contains(_ member: [UInt8]) -> Bool
    mutating func insert(_ member: [UInt8]) -> Bool
    mutating func remove(_ member: [UInt8]) -> Bool
}

extension Table: NumberTable where Key == UInt32, Value == Int {}
extension BoxedTable: NumberTable where Key == UInt32, Value == Int {}
extension BytesTable: NameTable where Value == Int {}
extension BoxedBytesTable: NameTable where Value == Int {}
extension BytesSet: NameSet {}
extension BoxedBytesSet: NameSet {}
