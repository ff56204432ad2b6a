import CausewayConnection
import CausewayIdentity

/// Recognises messages that were sent before, for at least an hour: longer than `SeenCache` does.
///
/// Most implementations start their sequence numbers at the clock's nanoseconds. Then an author's last number covers all earlier ones, as
/// in go-libp2p's BasicSeqnoValidator. js-libp2p's numbers are random until 2026: if an author's numbers do not follow a clock, each number
/// is remembered by itself, so that none of the author's messages is lost.
struct ReplayGuard: ~Copyable {
    private static let hour = Interval.seconds(3600)
    private static let day: UInt64 = 86_400_000_000_000

    /// For an author, its last number, or 0 if its numbers do not follow a clock. For a message of such an author, its number.
    private var numbers: RecentTable<UInt64>
    private var agesAt = Instant(nanoseconds: 0)

    init(limit: Int) { numbers = RecentTable(limit: limit) }

    var count: Int { numbers.count }

    /// - Parameters:
    ///   - id: The owner of the numbers, followed by the number in 8 bytes.
    ///   - clock: Unix time in nanoseconds.
    mutating func knows(_ id: [UInt8], clock: UInt64) -> Bool {
        let (author, number) = Self.split(id)
        let last = numbers[author]
        guard last != 0, Self.isOfClock(number, clock) else { return numbers[id] != nil }
        return number <= last ?? 0
    }

    /// Remembers a genuine message that is not known yet.
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

    /// Whether the number follows a clock. Clocks can be wrong by a day, and a node may have counted for a year since it read its clock.
    /// One random number in 600 passes for such a number.
    private static func isOfClock(_ number: UInt64, _ clock: UInt64) -> Bool {
        number >= clock - min(clock, 366 * day) && number <= clock.addingReportingOverflow(day).partialValue
    }
}
