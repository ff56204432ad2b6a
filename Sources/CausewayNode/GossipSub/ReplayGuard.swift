import CausewayConnection
import CausewayIdentity

/// Knows messages again that were said before, for an hour at least: longer than `SeenCache` does.
///
/// Most implementations count their messages from the clock's nanoseconds: then an author's last number says it of all before, as in
/// go-libp2p's BasicSeqnoValidator. js-libp2p's, until 2026, are random: of an author whose numbers are no clock's each is remembered by
/// itself, so that none of its messages is lost.
struct ReplayGuard: ~Copyable {
    private static let hour = Interval.seconds(3600)
    private static let day: UInt64 = 86_400_000_000_000

    /// By author its last number, 0 if its numbers are no clock's; by message a number of the latter.
    private var numbers: RecentTable<UInt64>
    private var agesAt = Instant(nanoseconds: 0)

    init(limit: Int) { numbers = RecentTable(limit: limit) }

    var count: Int { numbers.count }

    /// - Parameters:
    ///   - id: whatever the numbers belong to, then the number in 8 bytes.
    ///   - clock: Unix time in nanoseconds.
    mutating func knows(_ id: [UInt8], clock: UInt64) -> Bool {
        let (author, number) = Self.split(id)
        let last = numbers[author]
        guard last != 0, Self.isOfClock(number, clock) else { return numbers[id] != nil }
        return number <= last ?? 0
    }

    /// Of a message that is genuine, and that is not known.
    mutating func insert(_ id: [UInt8], clock: UInt64, now: Instant) {
        if now >= agesAt {
            numbers.age()
            agesAt = now + Self.hour
        }
        let (author, number) = Self.split(id)
        let isOfClock = numbers[author] != 0 && Self.isOfClock(number, clock)
        numbers[author] = isOfClock ? number : 0
        if !isOfClock { numbers[id] = number }
    }

    private static func split(_ id: [UInt8]) -> (author: [UInt8], number: UInt64) {
        let start = id.count - MessageID.sequenceLength
        var number: UInt64 = 0
        for index in start..<id.count { number = number << 8 | UInt64(id[index]) }
        return ([UInt8](copying: id, 0..<start), number)
    }

    /// Clocks go wrong by a day, and a node may have counted on for a year since it looked at one. Of random numbers one in 600 is taken
    /// for it.
    private static func isOfClock(_ number: UInt64, _ clock: UInt64) -> Bool {
        number >= clock - min(clock, 366 * day) && number <= clock.addingReportingOverflow(day).partialValue
    }
}
