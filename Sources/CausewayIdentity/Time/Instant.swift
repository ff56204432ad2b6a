/// A moment of the monotonic clock that the shell reads: nanoseconds since a start of its choice. The core owns no clock.
@frozen
public struct Instant: Comparable, Hashable, Sendable {
    public var nanoseconds: UInt64

    @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static let distantFuture = Instant(nanoseconds: .max)

    @inlinable public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Saturates at the end of time, so that no deadline computed from a remote's number can trap. It is not inlined, because many places
    /// set deadlines, and none of them often.
    @inline(never) public static func + (a: Instant, b: Interval) -> Instant {
        let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    /// Zero if `b` is later than `a`.
    @inlinable public static func - (a: Instant, b: Instant) -> Interval {
        Interval(nanoseconds: a.nanoseconds >= b.nanoseconds ? a.nanoseconds - b.nanoseconds : 0)
    }
}

/// A length of time, never negative.
@frozen
public struct Interval: Comparable, Hashable, Sendable {
    public var nanoseconds: UInt64

    @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    @inlinable public static func seconds(_ count: UInt64) -> Interval { scaled(count, 1_000_000_000) }
    @inlinable public static func milliseconds(_ count: UInt64) -> Interval { scaled(count, 1_000_000) }

    @usableFromInline static func scaled(_ count: UInt64, _ unit: UInt64) -> Interval {
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        return Interval(nanoseconds: overflow ? .max : product)
    }

    @inlinable public var seconds: UInt64 { nanoseconds / 1_000_000_000 }
    @inlinable public var milliseconds: UInt64 { nanoseconds / 1_000_000 }

    @inlinable public static func < (a: Interval, b: Interval) -> Bool { a.nanoseconds < b.nanoseconds }
}
