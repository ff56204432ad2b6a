/// Some of the TSNs behind a base, as bits. The base moves on; bits before it are forgotten.
struct TSNSet {
    /// Every TSN up to here is settled.
    private(set) var base: TSN
    /// No member is behind this one.
    private(set) var last: TSN
    private(set) var count = 0
    /// A ring with a bit for each TSN: a power of two of words.
    private var words: [UInt64] = [0]

    /// Most sets are empty most of the time, and keep little memory then.
    private static let keptWords = 16

    init(base: TSN) {
        self.base = base
        last = base
    }

    func contains(_ tsn: TSN) -> Bool {
        guard tsn > base, tsn <= last else { return false }
        return words[word(tsn)] & bit(tsn) != 0
    }

    /// - Parameter tsn: behind the base. The ring grows up to it, so the caller bounds how far it lies ahead.
    mutating func insert(_ tsn: TSN) {
        precondition(tsn > base, "a TSN that is settled")
        while Int(base.steps(to: tsn)) >= words.count * 64 { grow() }
        guard words[word(tsn)] & bit(tsn) == 0 else { return }
        words[word(tsn)] |= bit(tsn)
        count += 1
        if tsn > last { last = tsn }
    }

    mutating func remove(_ tsn: TSN) {
        guard contains(tsn) else { return }
        words[word(tsn)] &= ~bit(tsn)
        count -= 1
    }

    /// Settles everything up to `tsn`, which is behind the base.
    mutating func moveBase(to tsn: TSN) {
        if count == 0 || tsn >= last {
            removeAll()
            base = tsn
            last = tsn
            return
        }
        while base < tsn {
            base = base.next
            // A remote may leap far for a few bytes, so as many bits go at once as can.
            if base.raw & 63 == 0, base.steps(to: tsn) >= 63 {
                count -= words[word(base)].nonzeroBitCount
                words[word(base)] = 0
                base = base.advanced(by: 63)
                continue
            }
            guard words[word(base)] & bit(base) != 0 else { continue }
            words[word(base)] &= ~bit(base)
            count -= 1
        }
    }

    /// The base moves over the members that follow it without a gap.
    mutating func absorb() {
        while count > 0, words[word(base.next)] & bit(base.next) != 0 {
            base = base.next
            words[word(base)] &= ~bit(base)
            count -= 1
        }
        if count == 0 { last = base }
    }

    mutating func removeAll() {
        if words.count > Self.keptWords {
            words = [0]
        } else if count > 0 {
            for index in 0..<words.count { words[index] = 0 }
        }
        count = 0
        last = base
    }

    /// The first TSN from `start` to `end` that is a member, or the first that is none.
    func first(member: Bool, from start: TSN, through end: TSN) -> TSN? {
        var place = start
        while place <= end, place <= last {
            let index = place.raw & 63
            let rest = (member ? words[word(place)] : ~words[word(place)]) >> UInt64(index)
            if rest != 0 {
                // A bit behind the last member's belongs to a TSN at the other end of the ring.
                place = place.advanced(by: UInt32(rest.trailingZeroBitCount))
                break
            }
            place = place.advanced(by: 64 - index)
        }
        if place > last {
            guard !member else { return nil }
            place = start > last ? start : last.next
        }
        return place <= end ? place : nil
    }

    private func word(_ tsn: TSN) -> Int { Int(tsn.raw >> 6) & (words.count - 1) }
    private func bit(_ tsn: TSN) -> UInt64 { 1 << UInt64(tsn.raw & 63) }

    private mutating func grow() {
        var larger = TSNSet(base: base)
        larger.words = [UInt64](repeating: 0, count: words.count * 2)
        var next = base.next
        while count > 0, let member = first(member: true, from: next, through: last) {
            larger.insert(member)
            next = member.next
            if member == last { break }
        }
        self = larger
    }
}
