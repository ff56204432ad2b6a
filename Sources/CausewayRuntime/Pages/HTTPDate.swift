/// A moment as HTTP writes it (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
public struct HTTPDate: Equatable, Sendable, CustomStringConvertible {
    public let unixSeconds: Int64

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    /// The last second of the year 9999, which is the last one with four digits.
    private static let last: Int64 = 253_402_300_799

    /// - Parameter unixSeconds: from 1970 to 9999; others become the nearest of these.
    public init(unixSeconds: Int64) { self.unixSeconds = min(max(unixSeconds, 0), Self.last) }

    /// Reads the form that is sent today. nil: it has another one.
    public init?(_ text: some StringProtocol) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[5] == "GMT", words[0].count == 4, words[0].last == ",", words[1].utf8.count == 2,
            words[3].utf8.count == 4, let day = Int64(words[1]), let year = Int64(words[3]), year >= 1970,
            let month = Self.months.firstIndex(of: String(words[2]))
        else { return nil }
        let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, clock.allSatisfy({ $0.utf8.count == 2 }),
            let hour = Int64(clock[0]), let minute = Int64(clock[1]), let second = Int64(clock[2]),
            (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
        else { return nil }
        let start = Self.days(before: year) + (0..<month).reduce(0) { $0 + Self.length(ofMonth: $1, in: year) }
        guard (1...Self.length(ofMonth: month, in: year)).contains(day) else { return nil }
        self.init(unixSeconds: (start + day - 1) * 86_400 + hour * 3600 + minute * 60 + second)
    }

    public var description: String {
        let day = unixSeconds / 86_400
        let second = unixSeconds % 86_400
        // 400 years have 146,097 days; leap years lie unevenly in them, so this may be the year's neighbour.
        var year = 1970 + day * 400 / 146_097
        if Self.days(before: year) > day { year -= 1 }
        if Self.days(before: year + 1) <= day { year += 1 }
        var rest = day - Self.days(before: year)
        var month = 0
        while rest >= Self.length(ofMonth: month, in: year) {
            rest -= Self.length(ofMonth: month, in: year)
            month += 1
        }
        let clock = [second / 3600, second / 60 % 60, second % 60].map(Self.twoDigits).joined(separator: ":")
        return "\(Self.days[Int(day % 7)]), \(Self.twoDigits(rest + 1)) \(Self.months[month]) \(year) \(clock) GMT"
    }

    /// Days from the beginning of 1970 to that of a year.
    private static func days(before year: Int64) -> Int64 {
        let past = year - 1
        return past * 365 + past / 4 - past / 100 + past / 400 - 719_162
    }

    private static func length(ofMonth month: Int, in year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month]
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
