public import CausewayConnection

extension Interval {
    /// For Swift's clocks and for tasks that sleep. The API itself has intervals, which are the core's, everywhere.
    public var duration: Duration { .nanoseconds(Int64(clamping: nanoseconds)) }
}
