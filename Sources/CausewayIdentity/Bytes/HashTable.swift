/// An entry of a set of byte strings. `Box` adds a value. In a table by number, entries have no names.
class Entry {
    let name: [UInt8]?

    init(name: [UInt8]?) { self.name = name }
}

/// An entry with a value that never changes.
final class Box<Value>: Entry {
    let value: Value

    init(_ value: Value, name: [UInt8]? = nil) {
        self.value = value
        super.init(name: name)
    }

    /// The value of an entry that is a box of this type.
    static func content(_ entry: Entry?) -> Value? {
        guard let entry else { return nil }
        return unsafeDowncast(entry, to: Box<Value>.self).value
    }

    /// The same, for an entry that its table holds.
    static func content(_ entry: Unmanaged<Entry>?) -> Value? {
        guard let entry else { return nil }
        return entry._withUnsafeGuaranteedRef { unsafeDowncast($0, to: Box<Value>.self).value }
    }
}

/// The base of all tables: a hash table with open addressing. An entry has a number, which is its key or the hash of its name. It lies in
/// the first free slot from its ideal slot (`idealSlot`) on.
///
/// The hash of names and the spreading of numbers use a secret that is new in each process. So no remote can choose keys that share an
/// ideal slot, and the place of an entry never reaches an output.
struct HashTable: ~Copyable {
    /// nil: nothing was put in yet.
    var slots: Slots?

    private static let secret = (drawn(0) | 1, drawn(1))

    init() {}

    deinit { slots?.release() }

    var count: Int { slots?.head.pointee.count ?? 0 }

    /// The entry is not retained, because that would take most of the time. It is valid until the next mutation.
    @inline(never) func entry(_ number: UInt64, _ name: [UInt8]? = nil) -> Unmanaged<Entry>? {
        guard let slots, let entry = slots[slots.place(number, name)].pointee.entry else { return nil }
        return .passUnretained(entry)
    }

    /// Adds an entry, in place of one with the same key.
    @inline(never) mutating func put(_ entry: Entry, _ number: UInt64) {
        let slots = roomier()
        let slot = slots[slots.place(number, entry.name)]
        if slot.pointee.entry == nil { slots.head.pointee.count += 1 }
        slot.pointee = Slot(number: number, entry: entry)
    }

    /// - Returns: The removed entry.
    @inline(never) @discardableResult mutating func remove(_ number: UInt64, _ name: [UInt8]? = nil) -> Entry? {
        guard let slots else { return nil }
        var free = slots.place(number, name)
        guard let removed = slots[free].pointee.entry else { return nil }
        slots.head.pointee.count -= 1
        slots[free].pointee.entry = nil
        var place = slots.next(free)
        while slots[place].pointee.entry != nil {
            // An entry whose ideal slot is beyond the free slot could not be found there.
            if slots.distance(slots.idealSlot(slots[place].pointee.number), place) >= slots.distance(free, place) {
                swap(&slots[free].pointee, &slots[place].pointee)
                free = place
            }
            place = slots.next(place)
        }
        if count == 0, slots.mask >= 16 {
            slots.release()
            self.slots = nil
        }
        return removed
    }

    /// The numbers in ascending order.
    @inline(never) func numbers() -> [UInt64] {
        var numbers: [UInt64] = []
        if let slots {
            for place in 0...slots.mask where slots[place].pointee.entry != nil { numbers.append(slots[place].pointee.number) }
        }
        numbers.ascend()
        return numbers
    }

    /// The entries in unspecified order.
    @inline(never) func all() -> [Entry] {
        var all: [Entry] = []
        if let slots { for place in 0...slots.mask { if let entry = slots[place].pointee.entry { all.append(entry) } } }
        return all
    }

    /// A number drawn from the secret that the standard library has for its own dictionaries. No two processes have the same.
    private static func drawn(_ number: Int) -> UInt64 {
        UInt64(truncatingIfNeeded: number.hashValue) << 32 ^ UInt64(truncatingIfNeeded: (~number).hashValue)
    }

    static func number(of name: [UInt8]) -> UInt64 { name.withUnsafeBytes { number(of: $0) } }

    static func number(of name: UnsafeRawBufferPointer) -> UInt64 { sipHash13(name, key: secret) }

    /// The slots, with room for at least one more entry.
    private mutating func roomier() -> Slots {
        guard let old = slots else {
            let first = Slots(mask: 3, factor: Self.secret.0)
            slots = first
            return first
        }
        guard old.head.pointee.count * 4 >= old.mask * 3 else { return old }
        let new = Slots(mask: old.mask * 2 + 1, factor: old.head.pointee.factor)
        new.head.pointee.count = old.head.pointee.count
        for place in 0...old.mask where old[place].pointee.entry != nil {
            var free = new.idealSlot(old[place].pointee.number)
            while new[free].pointee.entry != nil { free = new.next(free) }
            swap(&new[free].pointee, &old[place].pointee)
        }
        old.release()
        slots = new
        return new
    }
}

struct Slot {
    var number: UInt64 = 0
    var entry: Entry?
}

/// A power of two of slots, with at least one free, in one block of memory with the common fields. Slot numbers are taken modulo the count.
struct Slots {
    struct Head {
        var count: Int
        let mask: Int
        let factor: UInt64
    }

    let head: UnsafeMutablePointer<Head>

    init(mask: Int, factor: UInt64) {
        let bytes = MemoryLayout<Head>.size + MemoryLayout<Slot>.stride * (mask + 1)
        head = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 8).bindMemory(to: Head.self, capacity: 1)
        head.initialize(to: Head(count: 0, mask: mask, factor: factor))
        self[0].initialize(repeating: Slot(), count: mask + 1)
    }

    func release() {
        self[0].deinitialize(count: mask + 1)
        UnsafeMutableRawPointer(head).deallocate()
    }

    var mask: Int { head.pointee.mask }

    subscript(place: Int) -> UnsafeMutablePointer<Slot> {
        UnsafeMutableRawPointer(head + 1).assumingMemoryBound(to: Slot.self) + place
    }

    /// The slot of a key, or the free slot where it belongs.
    func place(_ number: UInt64, _ name: [UInt8]?) -> Int {
        var place = idealSlot(number)
        while self[place].pointee.entry != nil {
            if self[place].pointee.number == number, name == nil || self[place].pointee.entry?.name == name { break }
            place = next(place)
        }
        return place
    }

    /// The ideal slot. The upper half of a product depends on the whole number. It is folded into the lower half, so that the lower half of
    /// the second product depends on the whole number, too. The highest bits of that product depend on the most bits, so they choose the
    /// slot.
    func idealSlot(_ number: UInt64) -> Int {
        let product = number &* head.pointee.factor
        let spread = (product ^ product >> 32) &* head.pointee.factor
        return Int(truncatingIfNeeded: spread >> 32 ^ spread >> 48) & mask
    }

    func next(_ place: Int) -> Int { (place &+ 1) & mask }

    func distance(_ from: Int, _ to: Int) -> Int { (to &- from) & mask }
}

/// SipHash with one round for each word and three at the end (Aumasson and Bernstein, 2012).
func sipHash13(_ bytes: UnsafeRawBufferPointer, key: (UInt64, UInt64)) -> UInt64 {
    func turned(_ word: UInt64, _ bits: UInt64) -> UInt64 { word &<< bits | word &>> (64 &- bits) }
    var a = key.0 ^ 0x736F_6D65_7073_6575
    var b = key.1 ^ 0x646F_7261_6E64_6F6D
    var c = key.0 ^ 0x6C79_6765_6E65_7261
    var d = key.1 ^ 0x7465_6462_7974_6573
    let whole = bytes.count / 8
    for step in 0...whole + 3 {
        var word: UInt64 = 0
        if step < whole {
            word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: step * 8, as: UInt64.self))
        } else if step == whole {
            word = UInt64(truncatingIfNeeded: bytes.count) << 56
            for index in whole * 8..<bytes.count { word |= UInt64(bytes[index]) << UInt64((index & 7) * 8) }
        } else if step == whole + 1 {
            c ^= 0xFF
        }
        d ^= word
        a &+= b
        c &+= d
        b = turned(b, 13) ^ a
        d = turned(d, 16) ^ c
        a = turned(a, 32)
        c &+= b
        a &+= d
        b = turned(b, 17) ^ c
        d = turned(d, 21) ^ a
        c = turned(c, 32)
        a ^= word
    }
    return a ^ b ^ c ^ d
}

extension [UInt64] {
    /// Sorts in place, as a heap. The standard library's sort takes two kilobytes of a page's module.
    mutating func ascend() {
        var first = count / 2
        var end = count
        while end > 1 {
            if first > 0 {
                first -= 1
            } else {
                end -= 1
                swapAt(0, end)
            }
            var parent = first
            while parent * 2 + 1 < end {
                var child = parent * 2 + 1
                if child + 1 < end, self[child + 1] > self[child] { child += 1 }
                guard self[child] > self[parent] else { break }
                swapAt(parent, child)
                parent = child
            }
        }
    }
}
