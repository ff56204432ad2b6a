/// A number of a sequence that begins again at 0 after its largest one. Which of two is earlier is decided by the shorter way between them
/// (RFC 1982; RFC 9260, section 1.6), so there is no order of more than half of the numbers.
protocol SerialNumber: Equatable, Sendable {
    associatedtype Raw: FixedWidthInteger & UnsignedInteger & Sendable
    var raw: Raw { get }
    init(_ raw: Raw)
}

extension SerialNumber {
    var next: Self { Self(raw &+ 1) }
    var previous: Self { Self(raw &- 1) }

    func advanced(by steps: Raw) -> Self { Self(raw &+ steps) }

    /// How many steps lead from this number up to `other`. If `other` is earlier, more than half of all numbers.
    func steps(to other: Self) -> Raw { other.raw &- raw }

    static func < (a: Self, b: Self) -> Bool { a.raw != b.raw && a.steps(to: b) <= Raw.max / 2 }
    static func <= (a: Self, b: Self) -> Bool { a.steps(to: b) <= Raw.max / 2 }
    static func > (a: Self, b: Self) -> Bool { b < a }
    static func >= (a: Self, b: Self) -> Bool { b <= a }
}
