public import CausewayConnection

/// The properties of a host's line to the network. A path between two hosts adds their latencies and has the smaller of their rates.
public struct LineConditions: Equatable, Sendable {
    /// The latency in one direction, to the middle of the network.
    public var latency = Interval.milliseconds(10)
    /// The additional latency, drawn for each piece up to this value. It is not zero by default, because peers that hear something in the
    /// same instant hide races.
    public var jitter = Interval.milliseconds(1)
    /// The rate in both directions: 100 Mbit/s.
    public var bytesPerSecond: UInt64 = 12_500_000
    /// How much one connection keeps in flight in one direction before its writer has to wait, like a socket's buffers.
    public var buffer = 1 << 20
    /// The most that one read returns.
    public var largestRead = 64 << 10

    public init() {}

    public init(latency: Interval, jitter: Interval = .milliseconds(1), bytesPerSecond: UInt64 = 12_500_000) {
        self.latency = latency
        self.jitter = jitter
        self.bytesPerSecond = bytesPerSecond
    }

    /// The path from this line over that one.
    func path(to other: LineConditions) -> LineConditions {
        var path = LineConditions(
            latency: Interval(nanoseconds: latency.nanoseconds + other.latency.nanoseconds),
            jitter: Interval(nanoseconds: jitter.nanoseconds + other.jitter.nanoseconds),
            bytesPerSecond: max(1, min(bytesPerSecond, other.bytesPerSecond)))
        path.buffer = min(buffer, other.buffer)
        path.largestRead = max(1, other.largestRead)
        return path
    }
}
